"""Git over SSH: keys and host keys, against a real OpenSSH and against a server in this process."""

import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.repos import GitRepo
from tests.servers.openssh import OpenSsh
from tests.servers.ssh_git import SshGit
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.model.repository import RepositoryAccess
from trimtab.source.failures import HostKeyRefused
from trimtab.source.git import GitStore

OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[OpenSsh]:
    with OpenSsh(tmp_path / "ssh") as server:
        yield server


@pytest.fixture
async def ssh(root: Path) -> AsyncIterator[SshGit]:
    async with SshGit(root) as server:
        yield server


async def failure(store: GitStore, access: RepositoryAccess) -> TrimtabError:
    with pytest.raises(TrimtabError) as caught:
        await store.resolve(access, "main")
    assert "\n" not in caught.value.message
    return caught.value


async def test_the_right_key_fetches_and_leaves_no_trace(
    repo: GitRepo, store: GitStore, openssh: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    access = RepositoryAccess(
        url=openssh.url(repo.path), ssh_private_key=openssh.add_key(), known_hosts=openssh.known_hosts
    )
    assert (await store.checkout(access, "main", "app")).read("app/cm.yaml") == b"value: 1\n"
    second = repo.commit({"app/cm.yaml": "value: 2\n"})
    assert await store.resolve(access, "main") == second
    assert list(temporary.iterdir()) == []


async def test_a_wrong_key_is_refused(repo: GitRepo, store: GitStore, openssh: OpenSsh) -> None:
    openssh.add_key()
    access = RepositoryAccess(url=openssh.url(repo.path), ssh_private_key=OTHER_KEY, known_hosts=openssh.known_hosts)
    error = await failure(store, access)
    assert (type(error), error.reason) == (Stalled, "AuthenticationFailed")
    assert error.message.startswith(
        f"{access.url}: the server refused the SSH key; add its public part to the repository as a deploy key, or "
        "correct sshPrivateKey in the repository Secret ("
    )


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_swapped_host_key_is_called_an_attack(
    repo: GitRepo, store: GitStore, openssh: OpenSsh, algorithm: str
) -> None:
    access = RepositoryAccess(
        url=openssh.url(repo.path), ssh_private_key=openssh.add_key(), known_hosts=openssh.known_hosts
    )
    await store.resolve(access, "main")
    openssh.swap_host_key(algorithm)
    error = await failure(store, access)
    assert (type(error), error.reason) == (HostKeyRefused, "HostKeyChanged")
    assert error.message.startswith(
        f"{access.url}: the host key of the server is not the one in known_hosts: somebody may be intercepting the "
        "connection; only if the server's key was really replaced, put the new one into ConfigMap "
        "argocd-ssh-known-hosts-cm ("
    )


@pytest.mark.parametrize("insecure", [False, True])
async def test_an_unknown_host_is_never_trusted(
    repo: GitRepo, store: GitStore, openssh: OpenSsh, insecure: bool
) -> None:
    access = RepositoryAccess(url=openssh.url(repo.path), ssh_private_key=openssh.add_key(), insecure=insecure)
    for _ in range(2):
        error = await failure(store, access)
        assert (type(error), error.reason) == (HostKeyRefused, "HostKeyUnknown")
    assert "is not in known_hosts and is never trusted unseen" in error.message
    assert "add it to ConfigMap argocd-ssh-known-hosts-cm" in error.message


async def test_an_unknown_repository_is_named(repo: GitRepo, store: GitStore, openssh: OpenSsh, tmp_path: Path) -> None:
    access = RepositoryAccess(
        url=openssh.url(tmp_path / "other.git"), ssh_private_key=openssh.add_key(), known_hosts=openssh.known_hosts
    )
    error = await failure(store, access)
    assert (type(error), error.reason) == (Stalled, "RepositoryNotFound")


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
@pytest.mark.parametrize("ends", ["as it is", "no last line end", "windows"])
async def test_keys_as_secrets_hold_them(
    repo: GitRepo, store: GitStore, ssh: SshGit, algorithm: str, ends: str
) -> None:
    key = ssh.add_key(algorithm)
    written = {"as it is": key, "no last line end": key.rstrip(), "windows": key.replace("\n", "\r\n")}[ends]
    access = RepositoryAccess(url=ssh.url("app.git"), ssh_private_key=written, known_hosts=ssh.known_hosts)
    assert await store.resolve(access, "main") == repo.sha()


async def test_a_key_that_cannot_be_read_is_named(repo: GitRepo, store: GitStore, ssh: SshGit) -> None:
    access = RepositoryAccess(url=ssh.url("app.git"), ssh_private_key="not a key", known_hosts=ssh.known_hosts)
    error = await failure(store, access)
    assert (type(error), error.reason) == (Stalled, "InvalidPrivateKey")
    assert "give an OpenSSH or PEM private key without a passphrase" in error.message


def key_with_passphrase(path: Path, form: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-m", form, "-N", "secret", "-f", str(path)], check=True)
    return path.read_text()


@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
async def test_a_key_with_a_passphrase_is_named(store: GitStore, tmp_path: Path, form: str) -> None:
    access = RepositoryAccess(
        url="ssh://git@127.0.0.1:1/app.git", ssh_private_key=key_with_passphrase(tmp_path / "key", form)
    )
    error = await failure(store, access)
    assert (type(error), error.reason) == (Stalled, "InvalidPrivateKey")
    assert "has a passphrase, which nobody can type here" in error.message


async def test_no_key_at_all_is_refused_without_trying_the_users_own(
    repo: GitRepo, store: GitStore, ssh: SshGit
) -> None:
    ssh.add_key()
    error = await failure(store, RepositoryAccess(url=ssh.url("app.git"), known_hosts=ssh.known_hosts))
    assert (type(error), error.reason) == (Stalled, "AuthenticationFailed")


async def test_a_server_that_hangs_is_given_up(repo: GitRepo, stores: Callable[..., GitStore], ssh: SshGit) -> None:
    store = stores(deadline=0.1)  # ten times that for the first fetch
    access = RepositoryAccess(url=ssh.url("app.git"), ssh_private_key=ssh.add_key(), known_hosts=ssh.known_hosts)
    ssh.hang = True
    error = await failure(store, access)
    assert isinstance(error, Retry)
    assert error.message == f"{access.url}: the server did not deliver within 1 s and git was stopped"


async def test_a_proxy_for_ssh_is_refused_in_words(store: GitStore) -> None:
    access = RepositoryAccess(url="ssh://git@127.0.0.1/app.git", proxy="http://127.0.0.1:1")
    error = await failure(store, access)
    assert (type(error), error.reason) == (Stalled, "ProxyNotSupported")
