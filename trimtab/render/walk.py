"""Which files of a repository a rendering sees: links are followed here, so that no worker ever meets one."""

import posixpath
from typing import Final

from trimtab.errors import Stalled
from trimtab.render.prepared import Pick
from trimtab.render.tree import Tree, TreeEntry

MAX_FILES: Final = 100_000
"""Files that one walk may meet: links to folders can multiply a small repository without end."""
MAX_DEPTH: Final = 100
_NO_NAMES = ("", ".", "..", ".git")
"""What Git never puts into a tree; a forged one could lead out with it."""


def clean_path(path: str) -> str | None:
    """The path from the root without `.`, `..` and slashes at its ends; None when it leads out of the repository."""
    clean = posixpath.normpath(path.strip("/"))
    if clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean


def walk(tree: Tree, folder: str, *, recurse: bool = True) -> list[Pick]:
    """The files below a folder, sorted by path.

    Raises Stalled for a missing folder, for links that lead nowhere, out of the repository or round in circles, and
    for a submodule on the way down.
    """
    top = tree.find(folder)
    if top is None or top.kind != "folder":
        problem = "is not a folder" if top else "app path does not exist"
        raise Stalled(f"{folder}: {problem}; commit it or correct the path", reason="PathNotFound")
    found = _Walk(tree, recurse=recurse)
    found.folder(folder, real=top.path, above=())
    return sorted(found.picks, key=lambda pick: pick.path)


class _Walk:
    """One walk, with what it has met so far."""

    def __init__(self, tree: Tree, *, recurse: bool) -> None:
        self._tree = tree
        self._recurse = recurse
        self.picks: list[Pick] = []

    def folder(self, shown: str, *, real: str, above: tuple[str, ...]) -> None:
        """Take in a folder, which really is at `real`; `above` are the real folders on the way to it."""
        if real in above:
            raise Stalled(f"{shown} is a link to a folder that holds it; remove it", reason="LinkLoop")
        if len(above) > MAX_DEPTH:
            raise Stalled(f"{shown}: more than {MAX_DEPTH} folders deep", reason="TooBig")
        for entry in self._tree.entries(shown):
            name = entry.path.removeprefix(f"{shown}/")
            if name in _NO_NAMES or "/" in name:
                raise Stalled(f"{shown}: holds a name that is none: {name!r}", reason="InvalidSource")
            target = self._followed(entry) if entry.kind == "link" else entry
            if target.kind == "file":
                self._take(Pick(entry.path, target.id))
            elif self._recurse:
                self._deeper(entry, target, real=real, above=above)

    def _deeper(self, entry: TreeEntry, target: TreeEntry, *, real: str, above: tuple[str, ...]) -> None:
        if target.kind == "submodule":
            raise Stalled(
                f"{entry.path} is a Git submodule, and submodules are not fetched; copy its files here",
                reason="SubmoduleNotFetched",
            )
        place = target.path if entry.kind == "link" else posixpath.join(real, posixpath.basename(entry.path))
        self.folder(entry.path, real=place, above=(*above, real))

    def _followed(self, link: TreeEntry) -> TreeEntry:
        target = self._tree.find(link.path)
        if target is None:
            raise Stalled(f"{link.path} is a link to nothing; commit what it means or remove it", reason="FileNotFound")
        return target

    def _take(self, pick: Pick) -> None:
        self.picks.append(pick)
        if len(self.picks) > MAX_FILES:
            raise Stalled(f"{pick.path}: more than {MAX_FILES:,} files in this source", reason="TooBig")
