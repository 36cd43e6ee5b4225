"""One revision of a repository, read straight from its mirror: no worktree, no git process.

Every path here is relative to the repository's root; `Checkout.path` is where the application's own files are.
Symbolic links inside the repository are followed, those that leave it are refused.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pygit2
from msgspec import Struct

from trimtab.errors import Retry
from trimtab.model.keys import Revision
from trimtab.source.export import ENTRIES_LIMIT, EXPORT_LIMIT, Exported, Exporter
from trimtab.source.tree import Entry, TreeReader, open_repository

FILE_LIMIT = 10 * 1024 * 1024
"""Bytes that one file may have to be read; Argo CD's limit for the manifests of an application."""

DAMAGED = "trimtab-damaged"
"""A file of this name in a mirror tells the next fetch to build the mirror anew."""

_T = TypeVar("_T")


class Commit(Struct, frozen=True, kw_only=True):
    """Who made a revision, when and why. `author` is `Name <mail>`; `tags` are the tags on exactly this commit."""

    author: str
    date: dt.datetime
    message: str
    tags: tuple[str, ...] = ()


class Checkout(Struct, frozen=True):
    """The files of `url` at `revision`. Reading never uses the network.

    Every method raises Stalled for what is wrong in the commit (a link out of the repository, a file that is too
    large, a path in a submodule) and Retry when the mirror itself is damaged: the next fetch then builds it anew.
    """

    url: str
    revision: Revision
    path: str
    git_dir: Path

    def tree_id(self, path: str = "") -> str | None:
        """Identifies the content of a folder or file: equal ids, equal content. None: there is no such path.

        Git's own id, unless links lead out of the folder to elsewhere in the repository: then what they lead to is
        part of the id, since Git's id of the folder would not change with it.
        """
        return self._ask(lambda tree: tree.content_id(path))

    def find(self, path: str) -> Entry | None:
        """What is at `path`, links followed; None: nothing."""
        return self._ask(lambda tree: tree.find(path))

    def entries(self, path: str = "") -> tuple[Entry, ...]:
        """The names directly in a folder, in Git's order; () when there is no such folder."""
        return self._ask(lambda tree: tree.entries(path))

    def walk(self, path: str = "", *, recurse: bool = True) -> Iterator[Entry]:
        """The files, links and submodules of a folder in lexical order; folders that are links are not entered."""
        entered = 0
        todo = [*self._backwards(path)]
        while todo:
            entry = todo.pop()
            if entry.kind != "folder":
                yield entry
            elif recurse:
                entered += 1
                if entered > ENTRIES_LIMIT:
                    raise self._ask(lambda tree: tree.too_many(ENTRIES_LIMIT, "folders"))
                todo += self._backwards(entry.path)

    def _backwards(self, path: str) -> list[Entry]:
        return sorted(self.entries(path), key=lambda entry: entry.name, reverse=True)

    def read(self, path: str, *, limit: int = FILE_LIMIT) -> bytes:
        """The content of a file; a Git LFS pointer is left as it is.

        Raises Stalled when there is no such file or it has more than `limit` bytes.
        """
        return self._ask(lambda tree: tree.read(path, limit=limit))

    def blob(self, identifier: str, *, path: str, limit: int = FILE_LIMIT) -> bytes:
        """The content of the file with this id, as `read` but without looking up folders; `path` is for messages."""
        return self._ask(lambda tree: tree.content(Entry(path=path, kind="file", id=identifier), limit=limit))

    def export(self, path: str, into: Path, *, limit: int = EXPORT_LIMIT) -> Exported:
        """Write the content of folder `path` into the folder `into`, which must be empty or missing.

        Takes long for thousands of files: call it in a thread. Raises Stalled for links out of the repository, Retry
        when the disk fails; then nothing of `into` is left.
        """
        return self._ask(lambda tree: Exporter(tree, into, limit=limit).run(path))

    def commit(self) -> Commit:
        """Author, date, message and tags of the revision."""
        return self._ask(_commit)

    def _ask(self, question: Callable[[TreeReader], _T]) -> _T:
        """Ask the mirror; once more with a fresh handle, since packing moves objects between files."""
        with contextlib.suppress(pygit2.GitError, KeyError, OSError):
            repository = open_repository(self.git_dir)
            if self.revision in repository:
                return question(TreeReader(repository, self.revision, label=self._label))
        try:
            repository = open_repository(self.git_dir, fresh=True)
            if self.revision in repository:
                return question(TreeReader(repository, self.revision, label=self._label))
        except (pygit2.GitError, KeyError, OSError) as error:
            mark_damaged(self.git_dir)
            raise Retry(
                f"{self._label}: the local mirror cannot be read ({error}); the next refresh builds it anew",
                reason="MirrorDamaged",
            ) from error
        # No sign of damage: a mirror that was built anew has only what branches and tags lead to.
        raise Retry(
            f"{self._label}: this commit is not in the local mirror; the next refresh fetches it", reason="RevisionGone"
        )

    @property
    def _label(self) -> str:
        return f"{self.url} at {self.revision[:12]}"


def same_content(old: Checkout, new: Checkout, paths: Iterable[str]) -> bool:
    """Whether every one of `paths` has the same content in both: then what was rendered from them is the same."""
    if old.url != new.url:
        return False
    return old.revision == new.revision or all(old.tree_id(path) == new.tree_id(path) for path in paths)


def mark_damaged(git_dir: Path) -> None:
    """Have the next fetch build the mirror anew."""
    if git_dir.is_dir():
        (git_dir / DAMAGED).touch()


def _commit(tree: TreeReader) -> Commit:
    commit = tree.commit
    zone = dt.timezone(dt.timedelta(minutes=commit.author.offset))
    names = (name for name in tree.repository.references if name.startswith("refs/tags/"))
    return Commit(
        author=f"{commit.author.name} <{commit.author.email}>",
        date=dt.datetime.fromtimestamp(commit.author.time, zone),
        message=commit.message.strip(),
        tags=tuple(
            sorted(
                name.removeprefix("refs/tags/")
                for name in names
                if tree.repository.references[name].peel().id == commit.id
            )
        ),
    )
