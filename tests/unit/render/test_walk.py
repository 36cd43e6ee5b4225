"""Walking a tree that nobody could have made with git."""

from collections.abc import Mapping, Sequence

import pytest

from trimtab.errors import Stalled
from trimtab.render.tree import FILE_LIMIT, FolderEntry
from trimtab.render.walk import clean_path, walk


class ForgedTree:
    """Answers with whatever it was given."""

    def __init__(self, folders: Mapping[str, Sequence[FolderEntry]]) -> None:
        self._folders = folders

    def find(self, path: str) -> FolderEntry | None:
        return FolderEntry(path, "folder") if path in self._folders else None

    def entries(self, path: str) -> Sequence[FolderEntry]:
        return self._folders.get(path, ())

    def read(self, path: str, *, limit: int = FILE_LIMIT) -> bytes:
        raise NotImplementedError

    def blob(self, identifier: str, *, path: str, limit: int = FILE_LIMIT) -> bytes:
        raise NotImplementedError


@pytest.mark.parametrize("name", ["..", ".", "", ".git", "../../etc/passwd", "a/../../b", "/etc/passwd"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_names_that_lead_elsewhere_are_refused(name: str, kind: str) -> None:
    entry = FolderEntry(f"app/{name}", "file" if kind == "file" else "folder", "1")
    with pytest.raises(Stalled, match="app: holds a name that is none"):
        walk(ForgedTree({"app": [entry]}), "app")


@pytest.mark.parametrize("name", ["..", "../x"])
def test_names_at_the_root_are_checked_too(name: str) -> None:
    with pytest.raises(Stalled, match="holds a name that is none"):
        walk(ForgedTree({"": [FolderEntry(name, "file", "1")]}), "")


def test_depth_is_bounded() -> None:
    paths = ["/".join(["a"] * depth) for depth in range(1, 200)]
    folders = {path: [FolderEntry(f"{path}/a", "folder")] for path in paths}
    with pytest.raises(Stalled, match="more than 100 folders deep"):
        walk(ForgedTree(folders), "a")


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("", ""),
        (".", ""),
        ("/", ""),
        ("./a/", "a"),
        ("a/../b", "b"),
        ("/a//b/./c", "a/b/c"),
        ("..", None),
        ("a/../../b", None),
        ("../a", None),
    ],
)
def test_clean_path(path: str, clean: str | None) -> None:
    assert clean_path(path) == clean
