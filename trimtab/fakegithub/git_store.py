"""Bare Git repositories on disk: what the API reads and writes in them. Object ids are hexadecimal."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pygit2
from pygit2.enums import FileMode, ObjectType

NOBODY = "0" * 40
"""Where a branch was before it was made, and is after it was deleted."""

_UPDATE = """#!/bin/sh
if grep -qxF "$1" protected 2>/dev/null; then
  echo "error: GH013: Repository rule violations found for $1."
  echo ""
  echo "- Changes must be made through a pull request."
  exit 1
fi
"""


@dataclass(frozen=True)
class Who:
    """An author or committer."""

    name: str
    email: str
    date: dt.datetime


@dataclass(frozen=True)
class Moved:
    """A reference that changed."""

    ref: str
    before: str
    after: str


def create(path: Path, *, branch: str) -> None:
    """A bare repository as GitHub serves them: parts may be fetched, and the rules of branches are asked."""
    repository = pygit2.init_repository(str(path), bare=True, initial_head=branch)
    repository.config["uploadpack.allowFilter"] = True
    repository.config["uploadpack.allowAnySHA1InWant"] = True
    repository.config["http.receivepack"] = True
    repository.config["gc.auto"] = 0
    hook = path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_UPDATE)
    hook.chmod(0o755)


def protect(path: Path, branches: Iterable[str]) -> None:
    """Pushes to these branches are refused; who writes refs by the API asks elsewhere."""
    (path / "protected").write_text("".join(f"refs/heads/{one}\n" for one in sorted(branches)))


def refs(path: Path) -> dict[str, str]:
    """Commit or tag by the full name of the reference."""
    repository = pygit2.Repository(str(path))
    return {one: str(repository.references[one].target) for one in repository.references if one.startswith("refs/")}


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> list[Moved]:
    """What a push changed."""
    names = sorted(before.keys() | after.keys())
    changes = (Moved(name, before.get(name, NOBODY), after.get(name, NOBODY)) for name in names)
    return [one for one in changes if one.before != one.after]


def set_ref(path: Path, ref: str, sha: str) -> None:
    """Make or move a reference."""
    pygit2.Repository(str(path)).references.create(ref, sha, force=True)


def delete_ref(path: Path, ref: str) -> None:
    pygit2.Repository(str(path)).references.delete(ref)


def resolve(path: Path, name: str) -> str | None:
    """The commit of a branch, tag or (abbreviated) id."""
    repository = pygit2.Repository(str(path))
    for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name):
        try:
            return str(repository.revparse_single(candidate).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            continue
    return None


def kind(path: Path, sha: str) -> str:
    """`commit`, `tree`, `blob`, `tag`, or "" for what is not there."""
    found = _object(path, sha)
    return found.type_str if found is not None else ""


def descends(path: Path, sha: str, ancestor: str) -> bool:
    """Does the history of `sha` hold `ancestor`?"""
    return sha == ancestor or pygit2.Repository(str(path)).descendant_of(sha, ancestor)


def read_commit(path: Path, sha: str) -> pygit2.Commit | None:
    found: Any = _object(path, sha)
    return found if isinstance(found, pygit2.Commit) else None


def write_commit(path: Path, *, tree: str, parents: list[str], message: str, author: Who, committer: Who) -> str:
    repository = pygit2.Repository(str(path))
    written = repository.create_commit(None, _signature(author), _signature(committer), message, tree, parents)
    return str(written)


def read_blob(path: Path, sha: str) -> bytes | None:
    found = _object(path, sha)
    return found.data if isinstance(found, pygit2.Blob) else None


def write_blob(path: Path, content: bytes) -> str:
    return str(pygit2.Repository(str(path)).create_blob(content))


@dataclass(frozen=True)
class Entry:
    """Of a tree. `path` may be deep; `sha` None removes it."""

    path: str
    mode: str
    sha: str | None
    type: str = "blob"
    size: int = 0


def write_tree(path: Path, entries: Iterable[Entry], *, base: str = "") -> str:
    """A tree like `base`, with `entries` put in or taken out. Raises KeyError for an object that is not there."""
    repository = pygit2.Repository(str(path))
    index = pygit2.Index()
    if base:
        index.read_tree(repository[base].peel(pygit2.Tree))
    for entry in entries:
        if entry.sha is None:
            index.remove(entry.path)
        else:
            index.add(pygit2.IndexEntry(entry.path, repository[entry.sha].id, FileMode(int(entry.mode, 8))))
    return str(index.write_tree(repository))


def read_tree(path: Path, sha: str, *, recursive: bool) -> list[Entry] | None:
    """The entries of a tree or of a commit's."""
    found = _object(path, sha)
    if not isinstance(found, pygit2.Tree | pygit2.Commit):
        return None
    return list(_entries(found.peel(pygit2.Tree), "", recursive=recursive))


def find(path: Path, commit: str, name: str) -> Entry | None:
    """What a commit has at a path; "" is the root."""
    tree = pygit2.Repository(str(path))[commit].peel(pygit2.Tree)
    if not name:
        return Entry("", "040000", str(tree.id), "tree")
    try:
        return _entry(tree[name], name)
    except KeyError:
        return None


def log(path: Path, *, new: str, old: str | None) -> list[pygit2.Commit]:
    """The commits that `new` has and `old` has not, the oldest first."""
    walker = pygit2.Repository(str(path)).walk(new, pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.REVERSE)
    if old:
        walker.hide(old)
    return list(walker)


def changed(commit: pygit2.Commit) -> dict[str, list[str]]:
    """Paths that a commit `added`, `removed` and `modified`."""
    before = commit.parents[0].tree if commit.parents else None
    diff = before.diff_to_tree(commit.tree) if before else commit.tree.diff_to_tree(swap=True)
    found: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    names = {"A": "added", "D": "removed"}
    for delta in diff.deltas:
        found[names.get(delta.status_char(), "modified")].append(delta.new_file.path or delta.old_file.path)
    return found


def merge(path: Path, *, base: str, head: str, message: str, who: Who) -> str | None:
    """A merge commit of two commits; None when they contradict each other."""
    repository = pygit2.Repository(str(path))
    index = repository.merge_commits(base, head)
    try:
        tree = str(index.write_tree(repository))
    except pygit2.GitError:
        return None
    return write_commit(path, tree=tree, parents=[base, head], message=message, author=who, committer=who)


def commit_files(path: Path, branch: str, files: Mapping[str, str | None], *, message: str, who: Who) -> str:
    """Write (or, None, remove) files on a branch, in one commit; the branch is made where it is missing."""
    ref = f"refs/heads/{branch}"
    parent = refs(path).get(ref)
    entries = [
        Entry(name, "100644", write_blob(path, content.encode()) if content is not None else None)
        for name, content in files.items()
    ]
    base = str(pygit2.Repository(str(path))[parent].peel(pygit2.Tree).id) if parent else ""
    tree = write_tree(path, entries, base=base)
    parents = [parent] if parent else []
    sha = write_commit(path, tree=tree, parents=parents, message=message, author=who, committer=who)
    set_ref(path, ref, sha)
    return sha


def _object(path: Path, sha: str) -> Any:
    try:
        return pygit2.Repository(str(path)).get(sha)
    except ValueError:
        return None


def _entries(tree: pygit2.Tree, prefix: str, *, recursive: bool) -> Iterable[Entry]:
    for one in tree:
        name = f"{prefix}{one.name}"
        yield _entry(one, name)
        if recursive and isinstance(one, pygit2.Tree):
            yield from _entries(one, f"{name}/", recursive=True)


def _entry(found: pygit2.Object, name: str) -> Entry:
    size = found.size if isinstance(found, pygit2.Blob) else 0
    kind = "tree" if found.type == ObjectType.TREE else found.type_str
    return Entry(name, f"{found.filemode:06o}", str(found.id), kind, size)


def _signature(who: Who) -> pygit2.Signature:
    offset = who.date.utcoffset() or dt.timedelta()
    return pygit2.Signature(who.name, who.email, int(who.date.timestamp()), int(offset.total_seconds() // 60))


def when(signature: pygit2.Signature) -> dt.datetime:
    """The time of an author or committer."""
    zone = dt.timezone(dt.timedelta(minutes=signature.offset))
    return dt.datetime.fromtimestamp(signature.time, zone)
