"""The references of a remote, without a mirror of it."""

from pathlib import Path

import pytest

from tests.repos import GitRepo
from trimtab.clock import SystemClock
from trimtab.errors import TrimtabError
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.listing import list_refs


async def test_branches_and_tags(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo.git")
    first = repo.commit({"a": "1"})
    repo.tag("v1", annotated=True)
    repo.branch("feature/x")
    found = await list_refs(RepositoryAccess(url=repo.url), logins=AppLogins(clock=SystemClock()))
    assert found.head == first
    assert "feature/x" in found.branches
    assert found.tags == ("v1",)


async def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrimtabError) as caught:
        await list_refs(RepositoryAccess(url=f"file://{tmp_path}/nothing.git"), logins=AppLogins(clock=SystemClock()))
    assert "nothing.git" in caught.value.message
