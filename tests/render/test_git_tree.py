"""Rendering straight from a mirror gives what rendering the same files from a folder gives, links included."""

import os
from pathlib import Path

import pytest

from tests.render import cases
from tests.repos import Files, Gitlink, GitRepo, Link
from trimtab.clock import SystemClock
from trimtab.errors import Stalled, TrimtabError
from trimtab.model.application import ApplicationSource, DirectorySource
from trimtab.model.repository import RepositoryAccess
from trimtab.render import DirectoryTree, RenderRequest, Tree, Workshop, render
from trimtab.source.git import GitStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLDERS = [folder for folder in cases.folders() if folder.name != "path_out"]
"""A path out of the repository never gets as far as a checkout."""


@pytest.mark.parametrize("folder", FOLDERS, ids=cases.case_name)
async def test_a_mirror_renders_as_a_folder_does(folder: Path, warm_workshop: Workshop, tmp_path: Path) -> None:
    root = cases.repository_of(folder, tmp_path)
    from_git = await _outcome(await _checkout(_files(root), tmp_path), folder, warm_workshop)
    from_folder = await _outcome(DirectoryTree(root), folder, warm_workshop)
    assert from_git == from_folder


async def test_a_submodule_on_the_way_is_refused(warm_workshop: Workshop, tmp_path: Path) -> None:
    tree = await _checkout({"app/a.md": "x", "app/vendor": Gitlink("1" * 40)}, tmp_path)
    flat = ApplicationSource(repo_url="file:///r", path="app")
    assert (await render(tree, _request(flat), workshop=warm_workshop)).targets == ()
    deep = ApplicationSource(repo_url="file:///r", path="app", directory=DirectorySource(recurse=True))
    with pytest.raises(Stalled, match="app/vendor is a Git submodule"):
        await render(tree, _request(deep), workshop=warm_workshop)


def _request(source: ApplicationSource) -> RenderRequest:
    return RenderRequest(source=source, app_name="shop")


async def _outcome(tree: Tree, folder: Path, workshop: Workshop) -> object:
    """The rendering, or the reason of the refusal."""
    try:
        return await render(tree, cases.request_of(folder), workshop=workshop)
    except TrimtabError as error:
        return error.reason


async def _checkout(files: Files, tmp_path: Path) -> Tree:
    repository = GitRepo(tmp_path / "repo.git")
    repository.commit(files)
    store = GitStore(tmp_path / "cache", clock=SystemClock())
    return await store.checkout(RepositoryAccess(url=repository.url), "main", "")


def _files(root: Path) -> Files:
    found: dict[str, str | bytes | Link | Gitlink | None] = {}
    for folder, _, names in os.walk(root):
        for name in (*names, *(entry.name for entry in Path(folder).iterdir() if entry.is_symlink())):
            path = Path(folder) / name
            target = Link(str(path.readlink())) if path.is_symlink() else path.read_bytes()
            found[path.relative_to(root).as_posix()] = target
    return found
