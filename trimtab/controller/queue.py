"""The work queue: one entry per key, serial for each key, parallel across keys, with entries that come due later."""

import asyncio
import heapq
import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from trimtab.clock import Clock

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """`add` as often as you like: a key waits once. A key added while it is worked on comes again afterwards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: OrderedDict[K, None] = OrderedDict()
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._wake = asyncio.Event()
        self._nearer = asyncio.Event()

    def add(self, key: K) -> None:
        """Work on `key` as soon as somebody is free."""
        if key in self._working:
            self._again.add(key)
            return
        self._ready[key] = None
        self._wake.set()

    def add_later(self, key: K, seconds: float) -> None:
        """Work on `key` in `seconds` at the latest (infinite: no appointment); an earlier appointment stays."""
        if seconds <= 0:
            self.add(key)
            return
        if math.isinf(seconds):
            return
        due = self._clock.monotonic() + seconds
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))
        if self._heap[0][2] == key:
            self._nearer.set()

    def due_in(self, key: K) -> float:
        """Seconds until the appointment of `key`, infinite without one."""
        return self._due.get(key, float("inf")) - self._clock.monotonic()

    def forget(self, key: K) -> None:
        """The key is gone: no appointment of it counts any more."""
        self._due.pop(key, None)
        self._ready.pop(key, None)
        self._again.discard(key)

    async def get(self) -> K:
        """The next key; nobody else gets it until `done`."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key, _ = self._ready.popitem(last=False)
        self._working.add(key)
        return key

    def done(self, key: K) -> None:
        """The work that `get` gave out has ended."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    async def tick(self) -> None:
        """Move what is due to the waiting line, for ever; run it as a task."""
        while True:
            self._nearer.clear()
            now = self._clock.monotonic()
            while self._heap and self._heap[0][0] <= now:
                due, _, key = heapq.heappop(self._heap)
                if self._due.get(key) == due:
                    del self._due[key]
                    self.add(key)
            await self._pause(self._heap[0][0] - now if self._heap else None)

    async def _pause(self, seconds: float | None) -> None:
        """Until the nearest appointment, or until a nearer one is made."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._nearer.wait())]
        if seconds is not None:
            waits.append(asyncio.create_task(_sleep(self._clock, seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def __len__(self) -> int:
        """How many keys wait to be worked on."""
        return len(self._ready)

    @property
    def busy(self) -> int:
        """How many keys wait or are being worked on; 0 means that all that happened so far is worked off."""
        return len(self._ready) + len(self._working)


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
