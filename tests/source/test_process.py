"""How git is run and what it is told: cut off from configuration, secrets out of sight, all of it stopped."""

import asyncio
import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.errors import Stalled
from trimtab.model.repository import RepositoryAccess
from trimtab.source.credentials import login
from trimtab.source.process import GitFailed, GitTimeout, run_git
from trimtab.source.url import parse_url

SECRET = "s3cr3t"


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` that runs the shell script that a test writes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git"
    script.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return script


async def test_git_sees_nothing_of_the_users_settings(fake_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("GIT_EXEC_PATH", "evil")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/evil")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    fake_git.write_text('#!/bin/sh\nenv\necho arguments "$@"\n')
    printed = await run_git(["fetch"], deadline=10, config={"http.extraHeader": f"Authorization: {SECRET}"})
    lines = printed.splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert "evil" not in printed
    assert not names & {"LD_PRELOAD", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND"}
    assert {
        "HOME=/nonexistent",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_TERMINAL_PROMPT=0",
        "HTTPS_PROXY=http://proxy:1",
        "arguments fetch",
    } <= set(lines)
    assert any(line.endswith("=core.hooksPath") for line in lines)


async def test_the_configuration_that_git_really_has(tmp_path: Path) -> None:
    printed = await run_git(["config", "--list", "--show-origin"], deadline=10, config={"http.proxy": "p"})
    assert {line.split("\t")[0] for line in printed.splitlines()} == {"command line:"}
    assert "http.proxy=p" in printed
    assert "core.hookspath=/dev/null" in printed


async def test_the_whole_group_is_stopped_at_the_deadline(fake_git: Path, tmp_path: Path) -> None:
    fake_git.write_text(f"#!/bin/sh\ntrap '' TERM\nsleep 1000 & echo $! >{tmp_path}/child\nwait\n")
    with pytest.raises(GitTimeout) as caught:
        await run_git(["fetch"], deadline=0.3)
    assert caught.value.seconds == 0.3
    await gone(int((tmp_path / "child").read_text()))


async def test_the_whole_group_is_stopped_when_cancelled(fake_git: Path, tmp_path: Path) -> None:
    fake_git.write_text(
        f"#!/bin/sh\nsleep 1000 & echo $! >{tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child\nwait\n"
    )
    task = asyncio.create_task(run_git(["fetch"], deadline=100))
    async with asyncio.timeout(10):
        while not (tmp_path / "child").exists():  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(int((tmp_path / "child").read_text()))


async def gone(pid: int) -> None:
    def alive() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    async with asyncio.timeout(5):
        while alive():  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ticks", range(10))
async def test_nothing_is_left_when_cancelled_while_it_starts(fake_git: Path, ticks: int) -> None:
    fake_git.write_text("#!/bin/sh\nsleep 1000 & sleep 1000\n")
    task = asyncio.create_task(run_git(["fetch"], deadline=100))
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    mark = str(fake_git.parent).encode()
    async with asyncio.timeout(5):
        while any(mark in environment for environment in environments()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def environments() -> Iterator[bytes]:
    """Of every process but our own."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if path.parent.name != str(os.getpid()):
                yield path.read_bytes()


async def test_an_error_carries_gits_words(fake_git: Path) -> None:
    fake_git.write_text("#!/bin/sh\necho fatal: no >&2\nexit 3\n")
    with pytest.raises(GitFailed) as caught:
        await run_git(["fetch"], deadline=10)
    assert (caught.value.code, caught.value.stderr) == (3, "fatal: no\n")


def test_ssh_gets_exactly_these_options() -> None:
    access = RepositoryAccess(url="git@x.org:a", ssh_private_key="KEY", known_hosts="x.org ssh-ed25519 AAAA")
    with login(parse_url(access.url), access) as how:
        words = how.environment["GIT_SSH_COMMAND"].split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        key, known = Path(options.pop("IdentityFile")), Path(options.pop("UserKnownHostsFile"))
        assert (key.read_text(), known.read_text()) == ("KEY\n", "x.org ssh-ed25519 AAAA\n")
        assert [stat.S_IMODE(path.stat().st_mode) for path in (key, known, key.parent)] == [0o600, 0o600, 0o700]
    assert not key.parent.exists()
    assert words[:3] == ["ssh", "-F", "/dev/null"]
    assert options == {
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "PreferredAuthentications": "publickey",
        "UpdateHostKeys": "no",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "3",
    }
    assert how.environment["GIT_ALLOW_PROTOCOL"] == "ssh"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [("https://x.org/a", "https"), ("http://x.org/a", "http:https"), ("/srv/a", "file"), ("x.org:a", "ssh")],
)
def test_each_url_allows_its_own_protocol_only(url: str, allowed: str) -> None:
    with login(parse_url(url), RepositoryAccess(url=url)) as how:
        assert how.environment["GIT_ALLOW_PROTOCOL"] == allowed
        assert how.secrets == ()


def test_a_token_with_a_line_end_cannot_add_a_header() -> None:
    access = RepositoryAccess(url="https://x.org/a", bearer_token="t\r\nX-Evil: 1")
    with pytest.raises(Stalled, match="bearerToken has blanks or line ends"), login(parse_url(access.url), access):
        pass


def test_secrets_do_not_show_in_a_repr() -> None:
    access = RepositoryAccess(url="https://x.org/a", username="ada", password=SECRET, proxy=f"http://u:{SECRET}@p")
    with login(parse_url(access.url), access) as how:
        assert SECRET in how.secrets
        assert SECRET not in repr(how) + repr(access)
