"""A fetch for the sake of seeing that it works."""

import tempfile
from pathlib import Path

import pytest

from tests.repos import GitRepo
from tests.servers.ssh_git import SshGit
from trimtab.clock import SystemClock
from trimtab.errors import Stalled
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.trial import try_fetch

LOGINS = AppLogins(clock=SystemClock())


async def test_the_newest_commit_is_fetched_and_nothing_stays(repo: GitRepo, root: Path) -> None:
    before = set(Path(tempfile.gettempdir()).glob("trimtab-trial-*"))
    repo.commit({"a": "2"})
    async with SshGit(root) as ssh:
        key = ssh.add_key()
        access = RepositoryAccess(url=ssh.url("app.git"), ssh_private_key=key, known_hosts=ssh.known_hosts)
        assert await try_fetch(access, logins=LOGINS) == repo.sha()
    assert set(Path(tempfile.gettempdir()).glob("trimtab-trial-*")) <= before


async def test_who_may_not_is_told_so(repo: GitRepo, root: Path) -> None:
    async with SshGit(root) as ssh:
        ssh.add_key()
        access = RepositoryAccess(url=ssh.url("app.git"), known_hosts=ssh.known_hosts)
        with pytest.raises(Stalled) as caught:
            await try_fetch(access, logins=LOGINS)
    assert caught.value.reason == "AuthenticationFailed"


async def test_an_empty_repository_has_nothing_to_fetch(tmp_path: Path) -> None:
    empty = GitRepo(tmp_path / "empty.git")
    assert await try_fetch(RepositoryAccess(url=empty.url), logins=LOGINS) == ""
