"""One bare mirror of one repository on disk: fetched into, locked, swept, packed, rebuilt when damaged.

All branches and tags are mirrored whole. Partial clones are not used: reading a blob could then need the network, and
a refresh must never hang on a read.
"""

import asyncio
import contextlib
import fcntl
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pygit2
from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.source.checkout import DAMAGED
from trimtab.source.credentials import Login
from trimtab.source.process import GitFailed, GitTimeout, run_git
from trimtab.source.revision import OWN
from trimtab.source.tree import open_repository

HEAD = f"{OWN}HEAD"
"""Where the mirror keeps the commit of the remote's HEAD."""

_HEAD_REFSPEC = f"+HEAD:{HEAD}"
EVERYTHING = (_HEAD_REFSPEC, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

_LOCK_POLL = 0.02
_PACKS = 30
"""Each fetch adds a pack; with more than this many, reading slows and they are merged."""

_FIRST_FETCH = 10
"""A first fetch brings all of history, so it may take this many times the deadline."""


class Remote(Struct, frozen=True, kw_only=True):
    """Where a fetch goes. `deadline`: seconds for one that only brings what is new."""

    url: str
    login: Login
    deadline: float


class Mirror:
    """The mirror in `folder`: numbered bare repositories, of which the highest counts and the others go.

    Only the holder of `locked()` may write; reading needs no lock. A mirror that is built anew gets the next number,
    since libgit2 holds on to the files of the damaged one by their path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()
        self._swept = False

    @contextlib.asynccontextmanager
    async def locked(self, *, patience: float) -> AsyncIterator[None]:
        """Hold the mirror against everybody, other processes too. Raises Retry (MirrorBusy) after `patience` seconds
        of waiting for another process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        async with self._turn:
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                await _flock(descriptor, patience=patience, what=self._folder.name)
                yield
            finally:
                os.close(descriptor)

    @property
    def git_dir(self) -> Path:
        """The bare repository that counts now; it need not exist."""
        return self._folder / str(max(self._numbers(), default=1))

    def _numbers(self) -> list[int]:
        try:
            return [int(name) for name in os.listdir(self._folder) if name.isdigit()]  # noqa: PTH208 - on every read
        except OSError:
            return []

    def has(self, sha: str) -> bool:
        """Whether the commit and its tree are here to be read."""
        try:
            return self.usable and bool(open_repository(self.git_dir)[sha].peel(pygit2.Tree))
        except (KeyError, ValueError, OSError, pygit2.GitError):
            return False

    @property
    def usable(self) -> bool:
        return self.git_dir.is_dir() and not (self.git_dir / DAMAGED).exists()

    async def fetch(self, remote: Remote, refspecs: Sequence[str]) -> None:
        """Bring the mirror to what the remote has now, while it is `locked`. Raises GitFailed, GitTimeout.

        A missing or damaged mirror is built anew beside the old one and takes its place only when it is complete.
        """
        if not self.usable:
            await self._rebuild(remote, refspecs)
            return
        if not self._swept:
            sweep(self.git_dir)
        self._swept = False
        await _fetch(self.git_dir, remote, refspecs, deadline=remote.deadline)
        self._swept = True

    @property
    def scattered(self) -> bool:
        """Whether it is time to `pack`."""
        packs = self.git_dir / "objects" / "pack"
        return sum(1 for _ in packs.glob("*.pack")) > _PACKS

    async def pack(self, *, deadline: float) -> None:
        """Merge small packs into larger ones, and loose references into one file, while it is `locked`.

        Nothing is dropped: a revision that was force-pushed away may still be the last good one of an application.
        """
        with contextlib.suppress(GitFailed, GitTimeout):
            git_dir = f"--git-dir={self.git_dir}"
            await run_git([git_dir, "repack", "--quiet", "-d", "--geometric=2"], deadline=deadline)
            await run_git([git_dir, "pack-refs", "--all"], deadline=deadline)

    async def _rebuild(self, remote: Remote, refspecs: Sequence[str]) -> None:
        new = self._folder / "new"
        old = self._numbers()
        _remove(new)
        try:
            await _clone(new, remote)
            if tuple(refspecs) != EVERYTHING:
                await _fetch(new, remote, refspecs, deadline=remote.deadline)
        except BaseException:
            _remove(new)
            raise
        new.rename(self._folder / str(max(old, default=0) + 1))
        for number in old:
            _remove(self._folder / str(number))


def sweep(git_dir: Path) -> None:
    """Remove what a killed git left behind: lock files and half-written packs. Only for the holder of the lock."""
    left = (git_dir.glob("*.lock"), (git_dir / "refs").rglob("*.lock"), (git_dir / "objects").rglob("tmp_*"))
    for path in itertools.chain(*left):
        path.unlink(missing_ok=True)


async def _clone(git_dir: Path, remote: Remote) -> None:
    """What a fetch of `EVERYTHING` into an empty mirror would bring, but with the references in one file: a fetch
    writes a file for each, ten times slower where there are thousands."""
    await run_git(
        ["clone", "--quiet", "--bare", "--template=", "--no-hardlinks", "--", remote.url, str(git_dir)],
        deadline=remote.deadline * _FIRST_FETCH,
        # Where the remote's HEAD names nothing, it must not become the branch that git would name by default.
        config={**remote.login.config, "init.defaultBranch": f"{OWN}none"},
        environment=remote.login.environment,
    )
    try:
        mirror = open_repository(git_dir, fresh=True)
    except ValueError as error:  # libgit2 knows SHA-1 only
        raise Stalled(
            f"{remote.url}: this kind of repository cannot be read ({error}); convert it to SHA-1",
            reason="ObjectFormatNotSupported",
        ) from None
    if not mirror.head_is_unborn:
        mirror.references.create(HEAD, mirror.head.target)


async def _fetch(git_dir: Path, remote: Remote, refspecs: Sequence[str], *, deadline: float) -> None:
    """One git process brings refs and objects. A remote that is empty, or whose HEAD names no branch, has no HEAD."""
    try:
        await _run_fetch(git_dir, remote, refspecs, deadline=deadline)
    except GitFailed as error:
        if _HEAD_REFSPEC not in refspecs or "couldn't find remote ref HEAD" not in error.stderr:
            raise
        others = [refspec for refspec in refspecs if refspec != _HEAD_REFSPEC]
        await _run_fetch(git_dir, remote, others, deadline=deadline)
        with contextlib.suppress(KeyError):
            open_repository(git_dir).references.delete(HEAD)


async def _run_fetch(git_dir: Path, remote: Remote, refspecs: Sequence[str], *, deadline: float) -> None:
    await run_git(
        [
            f"--git-dir={git_dir}",
            "fetch",
            "--quiet",
            "--no-tags",
            "--prune",
            "--force",
            "--update-shallow",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--",
            remote.url,
            *refspecs,
        ],
        deadline=deadline,
        config={**remote.login.config, "fetch.unpackLimit": "1"},
        environment=remote.login.environment,
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
                    f"Git mirror {what}: another process has held it for {patience:g} s; see whether it hangs",
                    reason="MirrorBusy",
                ) from None
        await asyncio.sleep(_LOCK_POLL)
        waited += _LOCK_POLL


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
