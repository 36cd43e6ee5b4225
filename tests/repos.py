"""Builds Git repositories for tests: bare, through pygit2, no git process and no worktree.

    repo = GitRepo(tmp_path / "repo.git")
    sha = repo.commit({"app/cm.yaml": "kind: ConfigMap\n"}, "add it")
    repo.commit({"app/cm.yaml": None}, "remove it", branch="other")

Every commit has the next second of a fixed clock, so that SHAs are the same in every run.
"""

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

EPOCH = 1_767_225_600
"""2026-01-01T00:00:00Z, the time of the first commit."""

Files = Mapping[str, "str | bytes | Link | Gitlink | None"]
"""Path to content; None removes the file (or folder)."""


class Link(str):
    """The target of a symbolic link: `{"app/link.yaml": Link("../other.yaml")}`."""

    __slots__ = ()


class Executable(str):
    """The content of a file with mode 755: `{"run.sh": Executable("#!/bin/sh")}`."""

    __slots__ = ()


class Gitlink(str):
    """The commit that a submodule points to: `{"vendor": Gitlink("1" * 40)}`."""

    __slots__ = ()


_MODES = {Link: FileMode.LINK, Executable: FileMode.BLOB_EXECUTABLE}


class GitRepo:
    """A bare repository at `path` whose default branch is `main`. `url` is its `file://` URL."""

    def __init__(self, path: Path, *, branch: str = "main") -> None:
        self.path = path
        self.url = f"file://{path}"
        self._git = pygit2.init_repository(str(path), bare=True, initial_head=branch)
        self._git.config["uploadpack.allowFilter"] = True
        self._clock = EPOCH
        self._branch = branch

    def commit(self, files: Files, message: str = "change", *, branch: str = "", force_from: str | None = None) -> str:
        """Change `files` on top of `branch` (default: the default branch) and return the new commit's SHA.

        A branch that does not exist starts from nothing. `force_from` rewrites history: the commit's parent is that
        revision ("" = no parent, so the tree holds only `files`) whatever the branch points to now.
        """
        ref = f"refs/heads/{branch or self._branch}"
        base = self._tip(ref) if force_from is None else (self.sha(force_from) if force_from else None)
        tree = self._tree(files, base)
        self._clock += 1
        who = pygit2.Signature("Ada Tester", "ada@example.org", self._clock, 0)
        parents = [pygit2.Oid(hex=base)] if base else []
        oid = self._git.create_commit(None, who, who, message, tree, parents)
        self._git.references.create(ref, oid, force=True)
        return str(oid)

    def branch(self, name: str, at: str = "HEAD") -> str:
        """Create branch `name`, or move it (force-push), to revision `at`; return the SHA."""
        sha = self.sha(at)
        self._git.references.create(f"refs/heads/{name}", pygit2.Oid(hex=sha), force=True)
        return sha

    def delete_branch(self, name: str) -> None:
        self._git.references.delete(f"refs/heads/{name}")

    def tag(self, name: str, at: str = "HEAD", *, annotated: bool = False) -> str:
        """Create tag `name`, or move it, at revision `at`; return the commit's SHA even when `annotated`."""
        sha = self.sha(at)
        ref = f"refs/tags/{name}"
        if ref in self._git.references:
            self._git.references.delete(ref)
        if annotated:
            who = pygit2.Signature("Ada Tester", "ada@example.org", self._clock, 0)
            self._git.create_tag(name, pygit2.Oid(hex=sha), ObjectType.COMMIT, who, f"release {name}")
        else:
            self._git.references.create(ref, pygit2.Oid(hex=sha))
        return sha

    def delete_tag(self, name: str) -> None:
        self._git.references.delete(f"refs/tags/{name}")

    def ref(self, name: str, at: str = "HEAD") -> str:
        """Create or move any full reference, such as `refs/pull/1/head`; return the SHA."""
        sha = self.sha(at)
        self._git.references.create(name, pygit2.Oid(hex=sha), force=True)
        return sha

    def set_default_branch(self, name: str) -> None:
        """Point HEAD at branch `name`, which need not exist."""
        self._git.set_head(f"refs/heads/{name}")
        self._branch = name

    def sha(self, revision: str = "HEAD") -> str:
        """The commit SHA of a revision (branch, tag, HEAD, SHA)."""
        return str(self._git.revparse_single(revision).peel(pygit2.Commit).id)

    def tree_sha(self, path: str = "", revision: str = "HEAD") -> str:
        """The tree id of `path` at `revision`."""
        tree = self._git.revparse_single(revision).peel(pygit2.Tree)
        return str(tree[path].id if path else tree.id)

    def _tip(self, ref: str) -> str | None:
        found = self._git.references.get(ref)
        return str(found.target) if found else None

    def _tree(self, files: Files, base: str | None) -> pygit2.Oid:
        index = pygit2.Index()
        if base:
            index.read_tree(self._git[base].peel(pygit2.Tree))
        for path, content in files.items():
            if content is None:
                index.remove_all([path, f"{path}/**"])
            else:
                index.add(self._entry(path, content))
        return index.write_tree(self._git)

    def _entry(self, path: str, content: "str | bytes | Link | Gitlink") -> pygit2.IndexEntry:
        if isinstance(content, Gitlink):
            return pygit2.IndexEntry(path, pygit2.Oid(hex=str(content)), FileMode.COMMIT)
        mode = _MODES.get(type(content), FileMode.BLOB)
        data = content.encode() if isinstance(content, str) else content
        return pygit2.IndexEntry(path, self._git.create_blob(data), mode)
