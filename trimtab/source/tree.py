"""Walks the tree of one commit with pygit2: paths, links, content ids. No network; `checkout.py` is its only user."""

import hashlib
import itertools
import posixpath
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pygit2
from msgspec import Struct
from pygit2.enums import FileMode

from trimtab.errors import Stalled

EntryKind = Literal["file", "folder", "link", "submodule"]

_KINDS: dict[int, EntryKind] = {FileMode.TREE: "folder", FileMode.LINK: "link", FileMode.COMMIT: "submodule"}
_LINKS_IN_ONE_PATH = 40
_LINK_LENGTH = 4096
_LINKS_IN_ONE_FOLDER = 10_000
_DEPTH = 200
"""Of folders in folders: no real repository comes near, and a crafted one must not exhaust the stack."""

_HANDLES_PER_THREAD = 64


class Entry(Struct, frozen=True, kw_only=True):
    """One name in a folder. `id` is Git's object id: equal ids mean equal content."""

    path: str
    kind: EntryKind
    id: str
    executable: bool = False

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)


class TreeReader:
    """The tree of commit `revision` in an open repository; `label` opens every error message.

    Paths are relative to the root of the repository, links are followed inside it. Raises Stalled for what is wrong
    in the commit; KeyError, OSError and pygit2.GitError mean that the repository lacks an object.
    """

    def __init__(self, repository: pygit2.Repository, revision: str, *, label: str) -> None:
        self.repository = repository
        self.commit = repository[revision].peel(pygit2.Commit)
        self._root = Entry(path="", kind="folder", id=str(self.commit.tree_id))
        self.label = label

    def find(self, path: str) -> Entry | None:
        """What is at `path`, with its path after following links."""
        trail = [self._root]
        todo = _parts(path)
        links = 0
        if len(todo) > _DEPTH:
            raise self._too_deep()
        while todo:
            part = todo.pop(0)
            if part == "..":
                if len(trail) == 1:
                    raise self._leaves(path)
                trail.pop()
                continue
            entry = self._child(trail[-1], part)
            if entry is None:
                return None
            if entry.kind == "link":
                links += 1
                todo = self._target(entry, seen=links) + todo
            else:
                trail.append(entry)
        return trail[-1]

    def entries(self, path: str) -> tuple[Entry, ...]:
        """The names in folder `path`, each as `path/name`; () when there is no such folder."""
        folder = self.find(path)
        if folder is None or folder.kind != "folder":
            return ()
        base = "/".join(_parts(path))
        return tuple(_entry(base, item) for item in self._tree(folder.id))

    def content_id(self, path: str) -> str | None:
        """Git's id of what is at `path`; where links lead out of that folder, a digest that covers their targets."""
        found = self.find(path)
        if found is None or found.kind != "folder":
            return found.id if found else None
        try:
            linked = self._linked(found)
        except RecursionError:
            raise self._too_deep() from None
        if not linked:
            return found.id
        digest = hashlib.sha1(found.id.encode(), usedforsecurity=False)
        for place in sorted(linked):
            digest.update(f"{place}\0{linked[place]}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def read(self, path: str, *, limit: int) -> bytes:
        """The content of the file at `path`. Raises Stalled when there is none or it has more than `limit` bytes."""
        found = self.find(path)
        if found is None:
            raise Stalled(f"{self.label}: {path}: no such file; commit it or correct the path", reason="FileNotFound")
        if found.kind == "submodule":
            raise self._submodule(found.path)
        if found.kind == "folder":
            raise Stalled(f"{self.label}: {path} is a folder, not a file; correct the path", reason="FileNotFound")
        return self.content(found, limit=limit)

    def content(self, entry: Entry, *, limit: int) -> bytes:
        """The content of a file entry, or the target of a link entry."""
        blob = self._blob(entry.id)
        if blob.size > limit:
            raise Stalled(
                f"{self.label}: {entry.path} has {blob.size:,} bytes, more than the {limit:,} that are read; split it",
                reason="FileTooLarge",
            )
        return blob.data

    def size(self, entry: Entry) -> int:
        """The bytes of a file."""
        return self._blob(entry.id).size

    def _blob(self, identifier: str) -> pygit2.Blob:
        blob = self.repository[identifier]
        if not isinstance(blob, pygit2.Blob):
            raise KeyError(identifier)
        return blob

    def _child(self, folder: Entry, name: str) -> Entry | None:
        if folder.kind == "submodule":
            raise self._submodule(folder.path)
        if folder.kind != "folder":
            return None
        tree = self._tree(folder.id)
        return _entry(folder.path, tree[name]) if name in tree else None

    def _tree(self, identifier: str) -> pygit2.Tree:
        tree = self.repository[identifier]
        if not isinstance(tree, pygit2.Tree):
            raise KeyError(identifier)
        return tree

    def _target(self, link: Entry, *, seen: int) -> list[str]:
        target = self.content(link, limit=_LINK_LENGTH).decode("utf-8", "surrogateescape")
        if target.startswith("/"):
            raise self._leaves(link.path)
        if seen > _LINKS_IN_ONE_PATH:
            raise Stalled(f"{self.label}: {link.path} is a link that leads back to itself", reason="LinkLoop")
        return _parts(target)

    def _linked(self, folder: Entry) -> dict[str, str]:
        """The places outside `folder` that its links lead to, and theirs again: path → Git's id ("" = nothing)."""
        covered = [folder]
        places: dict[str, str] = {}
        for here in covered:
            links = _links_of(self.repository.path, here.id)
            if len(links) > _LINKS_IN_ONE_FOLDER:
                raise self.too_many(_LINKS_IN_ONE_FOLDER, "links")
            for below, target in links:
                place = posixpath.normpath(posixpath.join("/", here.path, posixpath.dirname(below), target))[1:]
                if place in places or any(is_inside(place, known.path) for known in covered):
                    continue
                entry = self._try_find(place)
                places[place] = entry.id if entry else ""
                if entry and entry.kind == "folder":
                    covered.append(entry)
        return places

    def _try_find(self, path: str) -> Entry | None:
        """As `find`, but a target that cannot be followed counts as missing: reading it will name the error."""
        try:
            return self.find(path)
        except Stalled:
            return None

    def _leaves(self, path: str) -> Stalled:
        return Stalled(
            f"{self.label}: repository contains out-of-bounds symlinks. file: {path}: "
            "the link leaves the repository, which is refused; replace it by the file it means",
            reason="LinkOutOfRepository",
        )

    def too_many(self, limit: int, what: str) -> Stalled:
        """The error for a folder that has more than `limit` of something: small commits can unfold to billions."""
        return Stalled(
            f"{self.label}: a folder has more than {limit:,} {what}; move what is not needed out of it",
            reason="FolderTooLarge",
        )

    def _too_deep(self) -> Stalled:
        return Stalled(
            f"{self.label}: folders are nested more than {_DEPTH} deep; flatten them or correct the path",
            reason="FolderTooDeep",
        )

    def _submodule(self, path: str) -> Stalled:
        return Stalled(
            f"{self.label}: {path} is a Git submodule, and submodules are not fetched; "
            "copy its files into the repository or make it a source of its own",
            reason="SubmoduleNotFetched",
        )


@lru_cache(maxsize=20_000)
def _links_of(git_dir: str, identifier: str) -> tuple[tuple[str, str], ...]:
    """(path, target) of the links below a tree, one more than are allowed at most.

    Cached by tree id, so only changed folders are walked again.
    """
    found = _find_links(open_repository(Path(git_dir)), identifier)
    return tuple(itertools.islice(found, _LINKS_IN_ONE_FOLDER + 1))


def _find_links(repository: pygit2.Repository, identifier: str) -> Iterator[tuple[str, str]]:
    tree = repository[identifier]
    if not isinstance(tree, pygit2.Tree):
        raise KeyError(identifier)
    for item in tree:
        name = item.name or ""
        if item.filemode == FileMode.LINK and isinstance(item, pygit2.Blob) and item.size <= _LINK_LENGTH:
            yield name, item.data.decode("utf-8", "surrogateescape")
        elif item.filemode == FileMode.TREE:
            for path, target in _links_of(repository.path, str(item.id)):
                yield f"{name}/{path}", target


class _Handles(threading.local):
    """Open repositories of one thread, since libgit2 handles must not be shared between threads."""

    def __init__(self) -> None:
        self.open: OrderedDict[str, tuple[int, pygit2.Repository]] = OrderedDict()


_handles = _Handles()


def open_repository(git_dir: Path, *, fresh: bool = False) -> pygit2.Repository:
    """The open repository at `git_dir`, kept for the next call of this thread; reopened when the folder was replaced
    or `fresh` is asked for. Raises OSError or pygit2.GitError when there is none."""
    name = str(git_dir)
    inode = git_dir.stat().st_ino
    known = _handles.open.get(name)
    if known is None or known[0] != inode or fresh:
        known = (inode, pygit2.Repository(name, pygit2.enums.RepositoryOpenFlag.NO_SEARCH))
        _handles.open[name] = known
        if len(_handles.open) > _HANDLES_PER_THREAD:
            _handles.open.popitem(last=False)
    _handles.open.move_to_end(name)
    return known[1]


def _entry(folder: str, item: pygit2.Object) -> Entry:
    mode = item.filemode
    name = item.name or ""
    return Entry(
        path=f"{folder}/{name}" if folder else name,
        kind=_KINDS.get(mode, "file"),
        id=str(item.id),
        executable=mode == FileMode.BLOB_EXECUTABLE,
    )


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it; "" is the root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
