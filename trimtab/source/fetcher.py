"""Fetches one repository with one set of credentials into its mirror, shared between all who ask at the same moment."""

import asyncio
import logging

from trimtab.clock import Clock
from trimtab.errors import Stalled, TrimtabError
from trimtab.metrics import Fetches
from trimtab.model.known_hosts import names_host
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.checkout import mark_damaged
from trimtab.source.coalesce import Coalescer
from trimtab.source.credentials import Login, login
from trimtab.source.failures import (
    LOCKED,
    REDIRECTED,
    REFUSED,
    UNKNOWN,
    explain,
    is_missing_ref,
    local_failure,
    timed_out,
)
from trimtab.source.mirror import Mirror, Remote
from trimtab.source.process import GitFailed, GitTimeout
from trimtab.source.redirect import same_host_redirect
from trimtab.source.url import RepositoryUrl, parse_url

log = logging.getLogger(__name__)


class MissingRef(Exception):
    """The remote has not the reference or commit that was asked for by name."""


class _Way:
    """A URL of the repository with credentials; `address` is where the server has sent us on to, or the URL itself."""

    def __init__(self, url: RepositoryUrl, access: RepositoryAccess) -> None:
        self.url = url
        self.access = access
        self.address = url.url


class Fetcher:
    """Fetches `url` with `access` into `mirror`; each fetch takes one of `slots` and at most `deadline` seconds."""

    def __init__(
        self,
        url: RepositoryUrl,
        access: RepositoryAccess,
        mirror: Mirror,
        *,
        clock: Clock,
        deadline: float,
        slots: asyncio.Semaphore,
        fetches: Fetches,
        logins: AppLogins,
    ) -> None:
        self.url = url
        self.mirror = mirror
        self._way = _Way(url, access)
        self._fallback = access.fallback
        self._clock = clock
        self._deadline = deadline
        self._slots = slots
        self._fetches = fetches
        self._logins = logins
        self._shared: dict[tuple[str, ...], Coalescer[None]] = {}
        self._packing: asyncio.Task[None] | None = None

    async def fetch(self, refspecs: tuple[str, ...], *, since: float | None) -> None:
        """Have in the mirror what the remote had at `since` (None: now) or later.

        Raises MissingRef when a refspec names one exactly that is not there, else Retry or Stalled (`failures.py`).
        """
        shared = self._shared.get(refspecs)
        if shared is None:
            shared = self._shared[refspecs] = Coalescer(lambda: self._fetch(refspecs), clock=self._clock)
        await shared(since=since)

    async def close(self) -> None:
        """Stop every git that runs."""
        for shared in self._shared.values():
            await shared.close()
        if self._packing:
            self._packing.cancel()
            await asyncio.gather(self._packing, return_exceptions=True)

    async def _fetch(self, refspecs: tuple[str, ...]) -> None:
        try:
            async with self.mirror.locked(patience=2 * self._deadline), self._slots:
                await self._fetch_either_way(refspecs)
        except OSError as error:
            raise local_failure(error, url=self.url.url) from error
        if self.mirror.scattered and (self._packing is None or self._packing.done()):
            self._packing = asyncio.create_task(self._pack())

    async def _fetch_either_way(self, refspecs: tuple[str, ...]) -> None:
        """By the repository's own credentials; where these are refused, by those of its other URL."""
        try:
            await self._fetch_by(self._way, refspecs)
        except Stalled as refused:
            if self._fallback is None or refused.reason not in REFUSED:
                raise
            await self._fall_back(self._fallback, refspecs, refused)
        else:
            self._fetches.fell_back.pop(self._way.access.url, None)

    async def _fall_back(self, other: RepositoryAccess, refspecs: tuple[str, ...], refused: Stalled) -> None:
        try:
            await self._fetch_by(_Way(parse_url(other.url), other), refspecs)
        except TrimtabError as error:
            message = f"{refused.message}; and by its other URL: {error.message}"
            raise Stalled(message, reason=refused.reason) from error
        url = self._way.access.url
        if url not in self._fetches.fell_back:
            log.warning("%s; it is fetched by its other URL", refused.message)
        self._fetches.fell_back[url] = refused.message

    async def _fetch_by(self, way: _Way, refspecs: tuple[str, ...]) -> None:
        try:
            await self._fetch_with_care(way, refspecs)
        except Stalled as error:
            # An App's token may have been revoked before its time.
            if error.reason not in REFUSED or not self._logins.refused(way.url, way.access):
                raise
            await self._fetch_with_care(way, refspecs)

    async def _fetch_with_care(self, way: _Way, refspecs: tuple[str, ...]) -> None:
        """Fetch; when it fails, perhaps once more: where the server redirects to, or into a new mirror."""
        access = await self._logins.resolved(way.url, way.access)
        with login(way.url, access) as how:
            error = await self._attempt(way, how, refspecs)
            if error is not None and await self._remedy(way, error, how):
                error = await self._attempt(way, how, refspecs)
        if error is not None:
            raise error

    async def _remedy(self, way: _Way, error: TrimtabError, how: Login) -> bool:
        """Whether something was changed that makes another attempt worth while."""
        if way.address != way.url.url:
            way.address = way.url.url
            return True
        if error.reason == REDIRECTED:
            way.address = await same_host_redirect(way.url, how, deadline=self._deadline) or way.url.url
            return way.address != way.url.url
        if error.reason == LOCKED:
            return True  # the next attempt sweeps first
        if error.reason == UNKNOWN and self.mirror.usable:
            mark_damaged(self.mirror.git_dir)
            return True
        return False

    async def _attempt(self, way: _Way, how: Login, refspecs: tuple[str, ...]) -> TrimtabError | None:
        began = self._clock.monotonic()
        try:
            error = await self._try(way, how, refspecs)
        finally:
            self._fetches.took.observe(self._clock.monotonic() - began, self.url.url)
        self._fetches.failed[self.url.url] += error is not None
        return error

    async def _try(self, way: _Way, how: Login, refspecs: tuple[str, ...]) -> TrimtabError | None:
        try:
            await self.mirror.fetch(Remote(url=way.address, login=how, deadline=self._deadline), refspecs)
        except GitTimeout as timeout:
            return timed_out(way.url.url, seconds=timeout.seconds)
        except GitFailed as failure:
            if is_missing_ref(failure.stderr):
                raise MissingRef from None
            known = way.url.scheme == "ssh" and names_host(way.access.known_hosts, way.url.host)
            return explain(failure.stderr, url=way.url.url, secrets=how.secrets, host_is_known=known)
        return None

    async def _pack(self) -> None:
        async with self.mirror.locked(patience=2 * self._deadline), self._slots:
            await self.mirror.pack(deadline=self._deadline)
