"""What rendering needs of a source: folders to list and files to read, named by content.

`Tree` is satisfied by `source.checkout.Checkout` (a commit in a bare mirror) and by `DirectoryTree` (a folder on disk,
for `trimtab plan PATH`). Paths are relative to the root of the repository, with "/" between parts; the root is "".
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from msgspec import Struct

from trimtab.errors import Stalled

EntryKind = Literal["file", "folder", "link", "submodule"]

FILE_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of the biggest file that is read, unless asked otherwise."""


class TreeEntry(Protocol):
    """One name in a folder. Files with equal `id` have equal content."""

    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> EntryKind: ...
    @property
    def id(self) -> str: ...


class Tree(Protocol):
    """A read-only repository at one revision. Every method may block (call them off the event loop).

    Every method raises Stalled for a link that leads out of the repository, or round in circles.
    """

    def find(self, path: str) -> TreeEntry | None:
        """What is at `path`, links followed: `path` of the result is where it really is. None: nothing there."""
        ...

    def entries(self, path: str) -> Sequence[TreeEntry]:
        """The names in a folder, each as `path/name`, links not followed; empty when there is no such folder."""
        ...

    def read(self, path: str, *, limit: int = FILE_LIMIT) -> bytes:
        """The content of a file, links followed. Raises Stalled when there is none or it has over `limit` bytes."""
        ...

    def blob(self, identifier: str, *, path: str, limit: int = FILE_LIMIT) -> bytes:
        """The content of the file with this id, which is at `path`; faster than `read`. Raises as `read` does."""
        ...


class FolderEntry(Struct, frozen=True):
    """A name in a folder on disk. The `id` of a file is Git's; folders and links have none."""

    path: str
    kind: EntryKind
    id: str = ""


class DirectoryTree:
    """A folder on disk as the root of a repository, read as it is at each call. `.git` is left out."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, path: str) -> FolderEntry | None:
        real = self._real(path)
        if not real.exists():
            return None
        shown = real.relative_to(self._root).as_posix()
        return self._entry(real, "" if shown == "." else shown)

    def entries(self, path: str) -> Sequence[FolderEntry]:
        real = self._real(path)
        if not real.is_dir():
            return ()
        base = f"{path.strip('/')}/" if path.strip("/") else ""
        return [self._entry(item, f"{base}{item.name}") for item in sorted(real.iterdir()) if item.name != ".git"]

    def read(self, path: str, *, limit: int = FILE_LIMIT) -> bytes:
        file = self._real(path)
        try:
            if file.stat().st_size > limit:
                raise Stalled(f"{path} has more than {limit:,} bytes; split it", reason="FileTooLarge")
            return file.read_bytes()
        except OSError as error:
            raise Stalled(f"{path}: {error.strerror}", reason="FileNotFound") from error

    def blob(self, identifier: str, *, path: str, limit: int = FILE_LIMIT) -> bytes:
        """As `read`: on disk the path is what names a file."""
        return self.read(path, limit=limit)

    def _real(self, path: str) -> Path:
        try:
            real = (self._root / path.lstrip("/")).resolve()
        except RuntimeError as error:
            raise Stalled(f"{path} is a link that leads back to itself", reason="LinkLoop") from error
        if not real.is_relative_to(self._root):
            raise Stalled(f"{path} leads out of the repository, which is refused", reason="LinkOutOfRepository")
        return real

    def _entry(self, item: Path, shown: str) -> FolderEntry:
        if item.is_symlink():
            return FolderEntry(shown, "link")
        if item.is_dir():
            return FolderEntry(shown, "folder")
        content = item.read_bytes() if item.is_file() else b""
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        return FolderEntry(shown, "file", blob.hexdigest())
