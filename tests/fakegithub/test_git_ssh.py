"""Git over SSH, with real ssh and sshd: whom a key lets in where, and what hooks hear of a push."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakegithub.client import Client
from tests.fakegithub.conftest import populate
from tests.fakegithub.git import GitFailed, clone_and_commit, git, key_pair, ssh_command
from tests.fakegithub.listener import Listener
from tests.servers.github_contract import GitHubContract
from trimtab.errors import Stalled
from trimtab.fakegithub.server import FakeGitHub
from trimtab.fakegithub.ssh import SshServer

REPOSITORY = "acme/infrastructure"


@pytest.fixture
async def github(contract: GitHubContract) -> AsyncIterator[FakeGitHub]:
    async with FakeGitHub(validator=contract, ssh=True) as github:
        populate(github.world)
        yield github


@pytest.fixture
def sshd(github: FakeGitHub) -> SshServer:
    assert github.ssh
    return github.ssh


class Door:
    """A deploy key of the repository, and ssh that uses it."""

    def __init__(self, github: FakeGitHub, folder: Path, *, read_only: bool) -> None:
        assert github.ssh
        self.path, public = key_pair(folder)
        self.repository = github.world.repositories[REPOSITORY]
        self.key = github.world.deploy_key(self.repository, "t", public, read_only=read_only, added_by="ada")
        self.ssh = ssh_command(self.path, github.ssh.known_hosts)


async def test_a_read_only_key_fetches_and_does_not_push(github: FakeGitHub, tmp_path: Path) -> None:
    door = Door(github, tmp_path, read_only=True)
    url = github.ssh_url(REPOSITORY)
    assert url.startswith("ssh://git@127.0.0.1:")
    clone = await clone_and_commit(url, tmp_path / "clone", ssh_command=door.ssh)
    assert (clone / "apps/shop/kustomization.yaml").exists()
    with pytest.raises(GitFailed, match="The key you are authenticating with has been marked as read only"):
        await git("push", "-q", "origin", "main", cwd=clone, ssh_command=door.ssh)
    assert door.key.last_used is not None


async def test_a_push_is_told_to_hooks_before_it_ends(github: FakeGitHub, listener: Listener, tmp_path: Path) -> None:
    door = Door(github, tmp_path, read_only=False)
    github.world.hook(door.repository, listener.url, secret="s3cret")
    clone = await clone_and_commit(github.ssh_url(REPOSITORY), tmp_path / "clone", ssh_command=door.ssh)
    await git("push", "-q", "origin", "main", cwd=clone, ssh_command=door.ssh)
    await github.delivered()
    [heard] = listener.of("push")
    assert heard.signed_with("s3cret")
    assert heard.payload["after"] == (await git("rev-parse", "HEAD", cwd=clone)).strip()
    assert heard.payload["commits"][0]["added"] == ["new.txt"]
    assert (heard.payload["ref"], heard.payload["pusher"]["name"]) == ("refs/heads/main", "ada")


@pytest.mark.parametrize("path", ["acme/shop", "acme/nowhere", "../../etc", "acme/infrastructure/../shop"])
async def test_another_repository_is_not_there(github: FakeGitHub, tmp_path: Path, path: str) -> None:
    door = Door(github, tmp_path, read_only=True)
    with pytest.raises(GitFailed, match="Repository not found"):
        await git("ls-remote", github.ssh_url(path), ssh_command=door.ssh)


async def test_a_key_that_is_gone_opens_nothing(github: FakeGitHub, tmp_path: Path) -> None:
    door = Door(github, tmp_path, read_only=True)
    assert "refs/heads/main" in await git("ls-remote", github.ssh_url(REPOSITORY), ssh_command=door.ssh)
    github.world.remove_key(door.repository, door.key)
    with pytest.raises(GitFailed, match="Permission denied"):
        await git("ls-remote", github.ssh_url(REPOSITORY), ssh_command=door.ssh)


async def test_a_person_comes_in_where_they_may(github: FakeGitHub, sshd: SshServer, tmp_path: Path) -> None:
    path, public = key_pair(tmp_path, "bob")
    github.world.ssh_key("bob", public)
    github.world.organisations["acme"].base_permission = "none"
    ssh = ssh_command(path, sshd.known_hosts)
    clone = await clone_and_commit(github.ssh_url(REPOSITORY), tmp_path / "clone", ssh_command=ssh)
    await git("push", "-q", "origin", "main", cwd=clone, ssh_command=ssh)
    with pytest.raises(GitFailed, match="Repository not found"):
        await git("ls-remote", github.ssh_url("acme/shop"), ssh_command=ssh)


async def test_there_is_no_shell(github: FakeGitHub, sshd: SshServer, tmp_path: Path) -> None:
    door = Door(github, tmp_path, read_only=True)
    address = (f"{sshd.user}@127.0.0.1", "-p", str(sshd.port), "id")
    process = await asyncio.create_subprocess_exec(
        *door.ssh.split(), *address, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert (output, process.returncode) == (b"", 1)
    assert b"GitHub does not provide shell access" in errors


@pytest.mark.parametrize("listed", [True, False])
async def test_host_keys_change_and_meta_says_so_or_not(
    github: FakeGitHub, sshd: SshServer, tmp_path: Path, listed: bool
) -> None:
    door = Door(github, tmp_path, read_only=True)
    async with Client(github.api_url) as client:
        before = await client.get("/meta")
        assert before["ssh_keys"] == list(sshd.host_keys.values())
        assert sorted(before["ssh_key_fingerprints"]) == ["SHA256_ECDSA", "SHA256_ED25519", "SHA256_RSA"]
        await sshd.rotate(listed=listed)
        with pytest.raises(GitFailed, match="Host key verification failed"):
            await git("ls-remote", github.ssh_url(REPOSITORY), ssh_command=door.ssh)
        after = await client.get("/meta")
    assert (after["ssh_keys"] == list(sshd.host_keys.values())) is listed
    assert (after == before) is not listed
    trusting = ssh_command(door.path, sshd.known_hosts)
    assert "refs/heads/main" in await git("ls-remote", github.ssh_url(REPOSITORY), ssh_command=trusting)


async def test_one_host_key_changes(github: FakeGitHub, sshd: SshServer, tmp_path: Path) -> None:
    """As GitHub's RSA key did: who knows another one does not notice."""
    door = Door(github, tmp_path, read_only=True)
    known = dict(sshd.host_keys)
    await sshd.rotate("ssh-rsa")
    assert [name for name, key in sshd.host_keys.items() if key != known[name]] == ["ssh-rsa"]
    assert "refs/heads/main" in await git("ls-remote", github.ssh_url(REPOSITORY), ssh_command=door.ssh)


async def test_without_sshd_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_more: None)
    with pytest.raises(Stalled, match="no sshd on this machine"):
        await FakeGitHub(ssh=True).__aenter__()


async def test_a_port_that_is_taken_leaves_no_sshd(github: FakeGitHub) -> None:
    second = FakeGitHub(port=github.port, ssh=True)
    with pytest.raises(OSError, match="Address already in use"):
        await second.__aenter__()
    assert second.ssh
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", second.ssh.port)
