"""Git repositories → `Checkout`: one mirror per repository, shared by all applications that name it.

The network is used through the git command line (killable, all credentials and proxies), reading through pygit2. One
`git fetch` is the only process of a refresh: it tells what the remote has and brings what is new. Needs git 2.32.
"""

import asyncio
import hashlib
import posixpath
from collections import OrderedDict, defaultdict
from pathlib import Path

import pygit2

from trimtab.clock import Clock
from trimtab.errors import Retry, Stalled
from trimtab.metrics import Fetches
from trimtab.model.keys import Revision
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.checkout import Checkout, mark_damaged
from trimtab.source.credentials import remove_leftovers
from trimtab.source.fetcher import Fetcher, MissingRef
from trimtab.source.mirror import EVERYTHING, HEAD, Mirror
from trimtab.source.refs import RepositoryRefs
from trimtab.source.revision import OWN, find_revision, full_sha, is_costly, outside_mirror, unknown_revision
from trimtab.source.tree import open_repository
from trimtab.source.url import RepositoryUrl, parse_url

_FETCHERS = 1000
"""Kept at once: rotated credentials must not pile up."""


class GitStore:
    """The mirrors under `cache`, a folder that may be deleted whenever nothing uses it.

    `deadline`: seconds for one fetch (ten times that for the first). `processes`: how many fetches run at once from
    one server, so that a server which hangs holds up only its own.
    """

    def __init__(self, cache: Path, *, clock: Clock, deadline: float = 90.0, processes: int = 8) -> None:
        self._cache = cache.absolute()
        self._clock = clock
        self._deadline = deadline
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(processes))
        remove_leftovers()
        self._mirrors: dict[Path, Mirror] = {}
        self._fetchers: OrderedDict[RepositoryAccess, Fetcher] = OrderedDict()
        self.fetches = Fetches()
        self.logins = AppLogins(clock=clock)

    async def resolve(
        self, access: RepositoryAccess, target_revision: str, *, tag_prefix: str = "", since: float | None = None
    ) -> Revision:
        """The commit that `target_revision` means now: "", HEAD, branch, tag, version range, reference, SHA.

        Everyone who asks for a repository at the same moment shares one fetch, which starts after they asked. With
        `since` (`clock.monotonic()`), a fetch that started at that time or later is recent enough, and so is its
        error. A full SHA that was fetched before needs no network.

        Raises Retry and Stalled with the reasons of `url.py`, `failures.py` and `revision.py`.
        """
        fetcher = self._fetcher(access)
        known = _known(fetcher.url, fetcher.mirror, target_revision, tag_prefix=tag_prefix)
        if known:
            return known
        try:
            revision = await _fetch_and_find(fetcher, target_revision, tag_prefix=tag_prefix, since=since)
            if not fetcher.mirror.has(revision):
                mark_damaged(fetcher.mirror.git_dir)
                revision = await _fetch_and_find(fetcher, target_revision, tag_prefix=tag_prefix, since=None)
        except MissingRef:
            raise unknown_revision(target_revision, url=fetcher.url.url) from None
        return revision

    async def checkout(
        self,
        access: RepositoryAccess,
        target_revision: str,
        path: str = "",
        *,
        tag_prefix: str = "",
        since: float | None = None,
    ) -> Checkout:
        """The files of `target_revision`, with `path` checked to be a folder in it; otherwise as `resolve`."""
        fetcher = self._fetcher(access)
        clean = _relative(path, url=fetcher.url.url)
        revision = await self.resolve(access, target_revision, tag_prefix=tag_prefix, since=since)
        checkout = Checkout(fetcher.url.url, revision, clean, fetcher.mirror.git_dir)
        found = checkout.find(clean)
        if found is None or found.kind != "folder":
            what = "is not a directory" if found else "does not exist"
            raise Stalled(
                f"{path}: app path {what} in {checkout.url} at {revision[:12]}; commit it or correct the path",
                reason="PathNotFound",
            )
        return checkout

    async def close(self) -> None:
        """Stop every git that runs."""
        await asyncio.gather(*(fetcher.close() for fetcher in self._fetchers.values()))
        await self.logins.close()

    def _fetcher(self, access: RepositoryAccess) -> Fetcher:
        fetcher = self._fetchers.get(access)
        if fetcher is None:
            url = parse_url(access.url)
            mirror = self._mirror(url, project=access.project)
            fetcher = Fetcher(
                url,
                access,
                mirror,
                clock=self._clock,
                deadline=self._deadline,
                slots=self._slots[url.host],
                fetches=self.fetches,
                logins=self.logins,
            )
            self._fetchers[access] = fetcher
            if len(self._fetchers) > _FETCHERS:
                self._fetchers.popitem(last=False)
        self._fetchers.move_to_end(access)
        return fetcher

    def _mirror(self, url: RepositoryUrl, *, project: str) -> Mirror:
        """A repository that belongs to a project has its own mirror: no other may read it by a SHA it knows."""
        owner = hashlib.sha256(project.encode()).hexdigest()[:12] if project else "shared"
        folder = self._cache / owner / url.folder
        return self._mirrors.setdefault(folder, Mirror(folder))


def _known(url: RepositoryUrl, mirror: Mirror, target: str, *, tag_prefix: str) -> Revision | None:
    """The revision when no fetch is needed: a full SHA that is here, or a local repository with nothing new."""
    sha = full_sha(target)
    if sha is None and url.scheme == "file" and not is_costly(target):
        try:
            refs = RepositoryRefs(open_repository(Path(url.path)), head="HEAD")
            sha = find_revision(target, refs, url=url.url, tag_prefix=tag_prefix)
        except (Stalled, OSError, pygit2.GitError):
            return None
    return sha if sha and mirror.has(sha) else None


async def _fetch_and_find(fetcher: Fetcher, target: str, *, tag_prefix: str, since: float | None) -> Revision:
    alone = outside_mirror(target)
    await fetcher.fetch((f"+{alone}:{alone}",) if alone else EVERYTHING, since=since)
    sha = full_sha(target)
    if sha is None:
        return await _find(fetcher, target, tag_prefix=tag_prefix)
    if not fetcher.mirror.has(sha):
        # No branch or tag leads to it: fetched by itself, and kept by a reference of its own.
        await fetcher.fetch((f"+{sha}:{OWN}commits/{sha}",), since=since)
    return sha


async def _find(fetcher: Fetcher, target: str, *, tag_prefix: str) -> Revision:
    def find() -> Revision:
        refs = RepositoryRefs(open_repository(fetcher.mirror.git_dir), head=HEAD)
        return find_revision(target, refs, url=fetcher.url.url, tag_prefix=tag_prefix)

    try:
        return await asyncio.to_thread(find) if is_costly(target) else find()
    except (OSError, pygit2.GitError) as error:
        mark_damaged(fetcher.mirror.git_dir)
        raise Retry(
            f"{fetcher.url.url}: the local mirror cannot be read ({error}); the next refresh builds it anew",
            reason="MirrorDamaged",
        ) from error


def _relative(path: str, *, url: str) -> str:
    """An application's path from the repository's root, "" for the root itself."""
    clean = posixpath.normpath(path or ".")
    if clean.startswith(("/", "../")) or clean == "..":
        raise Stalled(
            f"{path}: app path is outside the repository {url}; write a path relative to its root",
            reason="PathNotFound",
        )
    return "" if clean == "." else clean
