"""Something that a provider publishes, fetched when it is asked for and kept for a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from trimtab.clock import Clock
from trimtab.server.auth.connectors import ProviderDown

T = TypeVar("T")
log = logging.getLogger(__name__)
RETRY_SECONDS = 10.0
"""Between two tries: a flood of questions asks the provider once."""


class Fetched(Generic[T]):
    """`keep`: seconds that the last answer counts for while the provider gives none."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], *, keep: float, clock: Clock) -> None:
        self._fetch = fetch
        self._keep = keep
        self._clock = clock
        self._value: T | None = None
        self._got = float("-inf")
        self._tried = float("-inf")
        self._error: ProviderDown | None = None
        self._lock = asyncio.Lock()

    async def get(self, *, oldest: float) -> T:
        """What is at most `oldest` seconds old, if the provider gives it. One asks, the others wait for it.

        Raises ProviderDown.
        """
        async with self._lock:
            if self._age() >= oldest and self._clock.monotonic() - self._tried >= RETRY_SECONDS:
                await self._try()
        if self._value is None or (self._error is not None and self._age() >= self._keep):
            raise self._error or ProviderDown("nothing was fetched yet")
        return self._value

    async def _try(self) -> None:
        self._tried = self._clock.monotonic()
        try:
            self._value, self._got, self._error = await self._fetch(), self._clock.monotonic(), None
        except ProviderDown as error:
            self._error = error
            log.warning("%s%s", error.message, "; what it said before counts" if self._value is not None else "")

    def _age(self) -> float:
        return self._clock.monotonic() - self._got
