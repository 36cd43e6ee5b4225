"""Local repositories: resolve, fetch, check out, read."""

from pathlib import Path

import pytest

from tests.repos import GitRepo
from trimtab.clock import StepClock
from trimtab.errors import Stalled
from trimtab.model.repository import RepositoryAccess
from trimtab.source.git import GitStore


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "remote.git")


@pytest.fixture
def store(tmp_path: Path) -> GitStore:
    return GitStore(tmp_path / "cache", clock=StepClock())


async def test_a_commit_is_resolved_fetched_and_read(repo: GitRepo, store: GitStore) -> None:
    sha = repo.commit({"app/cm.yaml": "kind: ConfigMap\n"})
    checkout = await store.checkout(RepositoryAccess(url=repo.url), "main", "app")
    assert checkout.revision == sha
    assert checkout.read("app/cm.yaml") == b"kind: ConfigMap\n"
    assert [entry.path for entry in checkout.walk("app")] == ["app/cm.yaml"]
    assert checkout.tree_id("app") == repo.tree_sha("app")


async def test_the_next_commit_is_seen(repo: GitRepo, store: GitStore) -> None:
    access = RepositoryAccess(url=repo.url)
    repo.commit({"app/cm.yaml": "one\n"})
    old = await store.checkout(access, "HEAD", "app")
    second = repo.commit({"app/cm.yaml": "two\n"})
    new = await store.checkout(access, "HEAD", "app")
    assert (new.revision, new.read("app/cm.yaml")) == (second, b"two\n")
    assert old.read("app/cm.yaml") == b"one\n"


async def test_a_missing_path_is_named(repo: GitRepo, store: GitStore) -> None:
    repo.commit({"app/cm.yaml": "one\n"})
    with pytest.raises(Stalled, match=r"^nope: app path does not exist in file://.* at [0-9a-f]{12}; commit it or "):
        await store.checkout(RepositoryAccess(url=repo.url), "main", "nope")
