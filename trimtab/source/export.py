"""Writes a folder of a commit to disk, for the tools that want real files (Kustomize, Helm).

Nothing on disk leads out of the target folder: links inside the exported folder become relative links, links to
elsewhere in the repository become copies of what they lead to, links out of the repository are refused.
"""

import contextlib
import os
import posixpath
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.source.tree import Entry, TreeReader, is_inside

EXPORT_LIMIT = 256 * 1024 * 1024
"""Bytes that one export may have."""

ENTRIES_LIMIT = 100_000
"""Files and folders that one export may have."""


class Exported(Struct, frozen=True, kw_only=True):
    """What was written. `submodules` are their paths in the repository: each is an empty folder, since submodules are
    not fetched."""

    files: int
    size: int
    submodules: tuple[str, ...]


class Exporter:
    """Writes folders of `tree` below `into`; at most `limit` bytes in all."""

    def __init__(self, tree: TreeReader, into: Path, *, limit: int) -> None:
        self._tree = tree
        self._into = into
        self._limit = limit
        self._entries = 0
        self._files = 0
        self._size = 0
        self._submodules: list[str] = []
        self._places: dict[str, Path] = {}
        """Folders of the repository that are written, or being written, and where."""

    def run(self, path: str) -> Exported:
        """Write the content of folder `path`. Raises Stalled for what is wrong in the commit, ValueError when `into`
        is not empty; what was written before an error is removed."""
        if self._into.exists() and any(self._into.iterdir()):
            raise ValueError(f"{self._into} is not empty")
        folder = self._tree.find(path)
        if folder is None or folder.kind != "folder":
            raise Stalled(f"{self._tree.label}: {path}: no such folder; correct the path", reason="PathNotFound")
        try:
            self._folder(folder, self._into)
        except BaseException:
            shutil.rmtree(self._into, ignore_errors=True)
            raise
        return Exported(files=self._files, size=self._size, submodules=tuple(self._submodules))

    def _folder(self, folder: Entry, place: Path) -> None:
        """Write `folder` as `place`, which links to anywhere in it then lead to."""
        self._places[folder.path] = place
        self._content(folder, place)

    def _content(self, folder: Entry, target: Path) -> None:
        with self._writing(target):
            target.mkdir(parents=True, exist_ok=True)
        for entry in self._tree.entries(folder.path):
            self._entries += 1
            if self._entries > ENTRIES_LIMIT:
                raise self._tree.too_many(ENTRIES_LIMIT, "files")
            place = target / self._checked(entry)
            if entry.kind == "folder":
                self._content(entry, place)
            elif entry.kind == "link":
                self._link(entry, place)
            else:
                self._copy(entry, place)

    def _link(self, link: Entry, place: Path) -> None:
        """A link that leads to nothing is left out."""
        found = self._tree.find(link.path)
        if found is None:
            return
        for folder, written in self._places.items():
            if is_inside(found.path, folder):
                target = written / posixpath.relpath(f"/{found.path}", f"/{folder}")
                with self._writing(place):
                    place.symlink_to(os.path.relpath(target, place.parent))
                return
        if found.kind == "folder":
            self._folder(found, place)
        else:
            self._copy(found, place)

    def _copy(self, entry: Entry, place: Path) -> None:
        if entry.kind == "submodule":
            self._submodules.append(entry.path)
            with self._writing(place):
                place.mkdir()
        else:
            self._file(entry, place)

    def _file(self, entry: Entry, place: Path) -> None:
        self._size += self._tree.size(entry)
        self._files += 1
        if self._size > self._limit:
            raise Stalled(
                f"{self._tree.label}: its files have more than the {self._limit:,} bytes that are written for a tool; "
                "keep large files out of the application's folder",
                reason="FolderTooLarge",
            )
        data = self._tree.content(entry, limit=self._limit)
        with self._writing(place):
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755 if entry.executable else 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)

    @contextlib.contextmanager
    def _writing(self, place: Path) -> Iterator[None]:
        """What the disk refuses is no fault of the mirror."""
        try:
            yield
        except OSError as error:
            raise Retry(
                f"{self._tree.label}: cannot write {place}: {error.strerror}; make room or correct its permissions",
                reason="DiskFailed",
            ) from error

    def _checked(self, entry: Entry) -> str:
        """The name, unless a crafted tree uses it to get out of the folder."""
        if entry.name in ("", ".", "..") or entry.name.lower() == ".git" or "\0" in entry.path:
            raise Stalled(
                f"{self._tree.label}: {entry.path!r} has a name that Git forbids; remove it from the commit",
                reason="InvalidPath",
            )
        return entry.name
