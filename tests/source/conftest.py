"""Repositories and stores for the tests of source/."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.repos import GitRepo
from trimtab.clock import SystemClock
from trimtab.source.git import GitStore


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is on loopback, whatever the machine's way out is."""
    for name in tuple(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where servers find their repositories."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def repo(root: Path) -> GitRepo:
    """A repository with one commit, `app.git`."""
    repo = GitRepo(root / "app.git")
    repo.commit({"app/cm.yaml": "value: 1\n"}, "first")
    return repo


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Callable[..., GitStore]]:
    """Makes stores on one cache folder, as restarts or several processes would; stops what they run."""
    made = []

    def make(*, deadline: float = 20.0) -> GitStore:
        made.append(GitStore(tmp_path / "cache", clock=SystemClock(), deadline=deadline))
        return made[-1]

    yield make
    for store in made:
        await store.close()


@pytest.fixture
def store(stores: Callable[..., GitStore]) -> GitStore:
    return stores()
