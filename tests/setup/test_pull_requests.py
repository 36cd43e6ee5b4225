"""A repository whose branch changes by pull request alone: set up and taken down by one each."""

import pytest

from tests.setup.place import Place
from trimtab.environment.folders import folder_files
from trimtab.fakegithub import git_store
from trimtab.fakegithub.repository import Pull, Repository


@pytest.fixture
def repository(place: Place) -> Repository:
    place.github.world.protect("acme/infra", "main")
    return place.github.world.repositories["acme/infra"]


async def merged(place: Place, pull: Pull) -> None:
    """As ada does it."""
    token = place.github.world.personal_token("ada", "repo")
    url = f"{place.github.api_url}/repos/acme/infra/pulls/{pull.number}/merge"
    async with place.visitor.session.put(url, headers={"Authorization": f"Bearer {token}"}, json={}) as answer:
        assert answer.status == 200, await answer.text()


def has(repository: Repository, name: str) -> bool:
    head = git_store.refs(repository.git)["refs/heads/main"]
    return git_store.find(repository.git, head, name) is not None


async def test_folders_come_and_go_by_pull_request(place: Place, repository: Repository) -> None:
    text = place.environment(changes="pullRequest")
    assert await place.set_up(text, place.terminal()) == "done"
    [brings] = repository.pulls
    await merged(place, brings)
    async with await place.job(text, place.terminal()) as job:
        folders = set(folder_files(job.env))
    assert all(has(repository, one) for one in folders)
    assert await place.set_up(text, place.terminal()) == "nothing"
    terminal = place.terminal()
    assert await place.tear_down(text, terminal) == "done"
    [_, removes] = repository.pulls
    assert any(f"/pull/{removes.number}" in said for said in terminal.heard)
    await merged(place, removes)
    assert not any(has(repository, one) for one in folders)
    assert (repository.keys, place.github.world.github_apps) == ([], {})


async def test_one_that_was_not_merged_is_named(place: Place, repository: Repository) -> None:
    text = place.environment(changes="pullRequest")
    await place.set_up(text, place.terminal())
    terminal = place.terminal()
    assert await place.tear_down(text, terminal) == "done"
    [pull] = repository.pulls
    [named] = [subject for subject in terminal.planned("warn") if "pull request" in subject]
    assert named.endswith(f"/pull/{pull.number} stays")
