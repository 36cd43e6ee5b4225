"""What a renderer settles before anything is read: the work, and the files it needs by content id."""

import hashlib

import msgspec
from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.render.jobs import Job, SourceFile, Work
from trimtab.render.tree import Tree


class Pick(Struct, frozen=True):
    """A file that the rendering sees at `path`, and the id of its content."""

    path: str
    id: str


class Prepared(Struct, frozen=True, kw_only=True):
    """A rendering ready to run. `limit`: the bytes that all its files may have together; `label`: see `Job`."""

    label: str
    work: Work
    picks: tuple[Pick, ...]
    limit: int

    def digest(self, salt: str) -> str:
        """The name of the result: of the work, and of each file's path and content. `salt`: versions of the tools."""
        hasher = hashlib.sha256(salt.encode())
        hasher.update(msgspec.msgpack.encode(self.work))
        for pick in self.picks:
            hasher.update(f"\0{pick.path}\0{pick.id}".encode(errors="surrogateescape"))
        return hasher.hexdigest()

    def job(self, tree: Tree) -> Job:
        """Read the files. Raises Stalled when they have more than `limit` bytes."""
        files, total = [], 0
        for pick in self.picks:
            if not _is_text(pick.path):
                raise Stalled(f"{pick.path!a}: the name of the file is not UTF-8", reason="InvalidSource")
            content = tree.blob(pick.id, path=pick.path, limit=self.limit)
            total += len(content)
            if total > self.limit:
                raise Stalled(
                    f"{pick.path}: with this file the source has more than {self.limit:,} bytes;"
                    f" split it over several applications, or exclude what is no manifest",
                    reason="TooBig",
                )
            files.append(SourceFile(pick.path, content))
        return Job(self.label, self.work, tuple(files))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
