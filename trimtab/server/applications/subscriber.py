"""One open stream: what its caller has to be told yet. The newest state of an application takes the place of older."""

import asyncio
from collections.abc import AsyncGenerator, Iterator

from msgspec import Struct

from trimtab.model.keys import AppKey

AT_ONCE = 100
"""Messages that are given before others get their turn."""


class Change(Struct, frozen=True):
    """JSON of an application as the caller was told last (None: not at all), and as it is now (None: no longer)."""

    told: bytes | None
    now: bytes | None


class Subscriber:
    """What is kept for a caller that takes nothing is bounded: one change for each application."""

    def __init__(self, *, typed: bool) -> None:
        self._pending: dict[AppKey, Change] = {}
        self._wake = asyncio.Event()
        self._typed = typed

    def touch(self, key: AppKey, change: Change) -> None:
        """An application has changed for this caller."""
        known = self._pending.get(key)
        self._pending[key] = change if known is None else Change(known.told, change.now)
        self._wake.set()

    def supersede(self, key: AppKey) -> None:
        """What was to be told of it is contained in what is told instead."""
        self._pending.pop(key, None)

    async def messages(self, initial: Iterator[Change]) -> AsyncGenerator[bytes, None]:
        """Endless; each one is the JSON of an event. `initial` comes first."""
        for sent, change in enumerate(initial, 1):
            yield message(change, typed=self._typed)
            if sent % AT_ONCE == 0:
                await asyncio.sleep(0)
        while True:
            while self._pending:
                change = self._pending.pop(next(iter(self._pending)))
                if change.told != change.now:
                    yield message(change, typed=self._typed)
            self._wake.clear()
            await self._wake.wait()


def message(change: Change, *, typed: bool) -> bytes:
    """`{"type": …, "application": …}`; of an application that is gone, the last that the caller was told."""
    kind = b"ADDED" if change.told is None else b"DELETED" if change.now is None else b"MODIFIED"
    application = (change.told if change.now is None else change.now) or b"{}"
    return (b'{"type":"' + kind + b'",' if typed else b"{") + b'"application":' + application + b"}"
