"""The status write that says an operation has begun, put off for a moment where nobody waits for it.

Most automated syncs are over at once, or a while after they have waited for their turn. One that is needs no write
that it runs: a crash in between costs nothing, since the next controller finds the same difference and begins anew. A
sync that has hooks, that waits, or that takes longer is written down first, so that it is taken up and its hooks are
not run twice.
"""

import asyncio
from collections.abc import Awaitable, Callable

from trimtab.clock import Clock

PUT_OFF_SECONDS = 20.0


class Beginning:
    """`write` is called once at most: by `now`, or by itself when the operation is not over in a few seconds."""

    def __init__(self, write: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._written = False
        self._over = False
        self._lock = asyncio.Lock()
        self._timer = asyncio.create_task(self._later(), name="beginning")

    async def now(self) -> None:
        """Return when it is written down that the operation runs. Raises `ApiError`."""
        async with self._lock:
            if not (self._written or self._over):
                await self._write()
                self._written = True

    async def close(self) -> None:
        """The operation is over: nothing is written any more, and what is being written has been."""
        async with self._lock:
            self._over = True
        self._timer.cancel()
        await asyncio.gather(self._timer, return_exceptions=True)

    async def _later(self) -> None:
        await self._clock.sleep(PUT_OFF_SECONDS)
        await self.now()
