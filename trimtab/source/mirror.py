"""One bare mirror of one repository on disk: fetched into, locked, swept, rebuilt when damaged.

All branches and tags are mirrored whole. Partial clones are not used: reading a blob could then need the network, and
a refresh must never hang on a read.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pygit2

from trimtab.errors import Retry
from trimtab.source.checkout import DAMAGED
from trimtab.source.process import GitFailed, run_git
from trimtab.source.tree import open_repository

HEAD = "refs/trimtab/HEAD"
"""Where the mirror keeps the commit of the remote's HEAD."""

BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

_LOCK_POLL = 0.02


class Remote:
    """What one fetch needs to know: the URL, git's settings and environment for it, and its deadline in seconds."""

    __slots__ = ("config", "deadline", "environment", "url")

    def __init__(self, url: str, *, config: Mapping[str, str], environment: Mapping[str, str], deadline: float) -> None:
        self.url = url
        self.config = config
        self.environment = environment
        self.deadline = deadline


class Mirror:
    """The mirror at `git_dir`. Only the holder of `locked()` may write into it; reading needs no lock."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self._swept = False

    @contextlib.asynccontextmanager
    async def locked(self, *, patience: float) -> AsyncIterator[None]:
        """Hold the mirror against every other process. Raises Retry after `patience` seconds."""
        self.git_dir.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.git_dir.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await _flock(descriptor, patience=patience, what=self.git_dir.name)
            yield
        finally:
            os.close(descriptor)

    def has(self, sha: str) -> bool:
        """Whether the commit is here, ready to be read."""
        try:
            return not self.damaged and bool(open_repository(self.git_dir)[sha].peel(pygit2.Tree))
        except (KeyError, OSError, pygit2.GitError, pygit2.InvalidSpecError):
            return False

    @property
    def damaged(self) -> bool:
        return (self.git_dir / DAMAGED).exists()

    @property
    def exists(self) -> bool:
        return self.git_dir.is_dir()

    async def fetch(self, remote: Remote, refspecs: Sequence[str]) -> None:
        """Bring the mirror to what the remote has now; call it `locked`. Raises GitFailed, GitTimeout.

        A missing or damaged mirror is built anew beside the old one and takes its place only when it is complete.
        """
        if not self.exists or self.damaged:
            await self._rebuild(remote, refspecs)
            return
        if not self._swept:
            sweep(self.git_dir)
            self._swept = True
        try:
            await _fetch(self.git_dir, remote, refspecs)
        except BaseException:
            self._swept = False
            raise

    async def _rebuild(self, remote: Remote, refspecs: Sequence[str]) -> None:
        new = self.git_dir.with_suffix(".new")
        _remove(new)
        pygit2.init_repository(str(new), bare=True)
        try:
            await _fetch(new, remote, refspecs)
        except BaseException:
            _remove(new)
            raise
        old = self.git_dir.with_suffix(".old")
        _remove(old)
        if self.exists:
            self.git_dir.rename(old)
        new.rename(self.git_dir)
        _remove(old)


def sweep(git_dir: Path) -> None:
    """Remove what a killed git left behind: lock files and half-written packs. Only for the holder of the lock."""
    for folder in ("", "refs", "objects/pack"):
        for root, _, files in os.walk(git_dir / folder, topdown=True):
            for name in files:
                if name.endswith(".lock") or name.startswith(("tmp_pack_", "tmp_idx_", "tmp_obj_")):
                    (Path(root) / name).unlink(missing_ok=True)
            if not folder:
                break


async def _fetch(git_dir: Path, remote: Remote, refspecs: Sequence[str]) -> None:
    """One git process brings refs and objects. An empty remote, or one whose HEAD names no branch, has no HEAD."""
    try:
        await _run_fetch(git_dir, remote, [f"+HEAD:{HEAD}", *refspecs])
    except GitFailed as error:
        if "couldn't find remote ref HEAD" not in error.stderr:
            raise
        await _run_fetch(git_dir, remote, refspecs)
        with contextlib.suppress(KeyError):
            open_repository(git_dir).references.delete(HEAD)


async def _run_fetch(git_dir: Path, remote: Remote, refspecs: Sequence[str]) -> None:
    await run_git(
        [
            f"--git-dir={git_dir}",
            "fetch",
            "--quiet",
            "--no-tags",
            "--prune",
            "--force",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--",
            remote.url,
            *refspecs,
        ],
        deadline=remote.deadline,
        config=remote.config,
        environment=remote.environment,
    )


async def _flock(descriptor: int, *, patience: float, what: str) -> None:
    """Poll for the lock: a blocking call could not be given up. Real time, since the other side is a real process."""
    waited = 0.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if waited >= patience:
                raise Retry(
                    f"another process has held the Git mirror {what} for {patience:g} s", reason="MirrorBusy"
                ) from None
        await asyncio.sleep(_LOCK_POLL)
        waited += _LOCK_POLL


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
