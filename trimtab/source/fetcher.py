"""Fetches one repository with one set of credentials into its mirror, shared between all who ask at the same moment."""

import asyncio

from trimtab.clock import Clock
from trimtab.errors import TrimtabError
from trimtab.metrics import Fetches
from trimtab.model.known_hosts import names_host
from trimtab.model.repository import RepositoryAccess
from trimtab.source.checkout import mark_damaged
from trimtab.source.coalesce import Coalescer
from trimtab.source.credentials import Login, login
from trimtab.source.failures import LOCKED, REDIRECTED, UNKNOWN, explain, is_missing_ref, local_failure, timed_out
from trimtab.source.mirror import Mirror, Remote
from trimtab.source.process import GitFailed, GitTimeout
from trimtab.source.redirect import same_host_redirect
from trimtab.source.url import RepositoryUrl


class MissingRef(Exception):
    """The remote has not the reference or commit that was asked for by name."""


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
    ) -> None:
        self.url = url
        self.mirror = mirror
        self._access = access
        self._clock = clock
        self._deadline = deadline
        self._slots = slots
        self._fetches = fetches
        self._address = url.url
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
                with login(self.url, self._access) as how:
                    await self._fetch_with_care(how, refspecs)
        except OSError as error:
            raise local_failure(error, url=self.url.url) from error
        if self.mirror.scattered and (self._packing is None or self._packing.done()):
            self._packing = asyncio.create_task(self._pack())

    async def _fetch_with_care(self, how: Login, refspecs: tuple[str, ...]) -> None:
        """Fetch; when it fails, perhaps once more: where the server redirects to, or into a new mirror."""
        error = await self._attempt(how, refspecs)
        if error is None:
            return
        if not await self._remedy(error, how):
            raise error
        error = await self._attempt(how, refspecs)
        if error:
            raise error

    async def _remedy(self, error: TrimtabError, how: Login) -> bool:
        """Whether something was changed that makes another attempt worth while."""
        if self._address != self.url.url:
            self._address = self.url.url
            return True
        if error.reason == REDIRECTED:
            self._address = await same_host_redirect(self.url, how, deadline=self._deadline) or self.url.url
            return self._address != self.url.url
        if error.reason == LOCKED:
            return True  # the next attempt sweeps first
        if error.reason == UNKNOWN and self.mirror.usable:
            mark_damaged(self.mirror.git_dir)
            return True
        return False

    async def _attempt(self, how: Login, refspecs: tuple[str, ...]) -> TrimtabError | None:
        began = self._clock.monotonic()
        try:
            error = await self._try(how, refspecs)
        finally:
            self._fetches.took.observe(self._clock.monotonic() - began, self.url.url)
        self._fetches.failed[self.url.url] += error is not None
        return error

    async def _try(self, how: Login, refspecs: tuple[str, ...]) -> TrimtabError | None:
        try:
            await self.mirror.fetch(Remote(url=self._address, login=how, deadline=self._deadline), refspecs)
        except GitTimeout as timeout:
            return timed_out(self.url.url, seconds=timeout.seconds)
        except GitFailed as failure:
            if is_missing_ref(failure.stderr):
                raise MissingRef from None
            known = self.url.scheme == "ssh" and names_host(self._access.known_hosts, self.url.host)
            return explain(failure.stderr, url=self.url.url, secrets=how.secrets, host_is_known=known)
        return None

    async def _pack(self) -> None:
        async with self.mirror.locked(patience=2 * self._deadline), self._slots:
            await self.mirror.pack(deadline=self._deadline)
