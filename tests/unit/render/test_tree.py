"""A folder on disk as a repository."""

from pathlib import Path

import pytest

from trimtab.errors import Stalled
from trimtab.render.tree import DirectoryTree, FolderEntry


@pytest.fixture
def tree(tmp_path: Path) -> DirectoryTree:
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "app" / "a.yaml").write_text("hello\n")
    (root / "app" / "link").symlink_to("a.yaml")
    (root / "to-app").symlink_to("app")
    (root / "out").symlink_to("../secret")
    (tmp_path / "secret").write_text("secret")
    return DirectoryTree(root)


def test_ids_are_those_of_git(tree: DirectoryTree) -> None:
    assert tree.find("app/a.yaml") == FolderEntry("app/a.yaml", "file", "ce013625030ba8dba906f756967f9e9ca394464a")


def test_entries_do_not_follow_links(tree: DirectoryTree) -> None:
    assert [(entry.path, entry.kind) for entry in tree.entries("")] == [
        ("app", "folder"),
        ("out", "link"),
        ("to-app", "link"),
    ]
    assert [(entry.path, entry.kind) for entry in tree.entries("to-app")] == [
        ("to-app/a.yaml", "file"),
        ("to-app/link", "link"),
    ]
    assert list(tree.entries("nothing")) == []


def test_find_follows_links(tree: DirectoryTree) -> None:
    assert tree.find("to-app") == FolderEntry("app", "folder")
    found = tree.find("to-app/link")
    assert found is not None
    assert found.path == "app/a.yaml"
    assert tree.find("") == FolderEntry("", "folder")
    assert tree.find("nothing") is None


def test_read(tree: DirectoryTree) -> None:
    assert tree.read("to-app/link") == b"hello\n"
    with pytest.raises(Stalled, match=r"app/a\.yaml has more than 3 bytes"):
        tree.read("app/a.yaml", limit=3)
    with pytest.raises(Stalled, match="nothing: No such file"):
        tree.read("nothing")


@pytest.mark.parametrize("path", ["out", "../secret", "app/../../secret"])
def test_nothing_outside_is_reached(tree: DirectoryTree, path: str) -> None:
    for ask in (tree.find, tree.read, tree.entries):
        with pytest.raises(Stalled, match="leads out of the repository"):
            ask(path)
