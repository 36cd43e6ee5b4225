"""Calls that are waited for: a wait is over when the caller hangs up, and soon after the server is told to stop.

Only what can be given up without harm is ended so: reads, and bodies that are still arriving. Writes are finished.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from trimtab.server.failures import Code, Failure

GRACE_SECONDS = 2.0
"""What a read has to end when the server stops."""
LONG_SECONDS = 0.25
"""A caller is listened for only from then on: most reads have ended by that time, and need not pay for it."""


class Waits:
    """The waits of a server."""

    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._end: float | None = None

    def close(self) -> None:
        """End them all, soon: the server stops."""
        if self._end is not None:
            return
        self._end = asyncio.get_running_loop().time() + GRACE_SECONDS
        for scope in self._open:
            _end(scope, self._end)

    @contextlib.asynccontextmanager
    async def wait(self) -> AsyncIterator[asyncio.Timeout]:
        """Raises Failure (503) when the server stops before what is in here has ended."""
        try:
            async with asyncio.timeout_at(self._end) as scope:
                self._open.add(scope)
                try:
                    yield scope
                finally:
                    self._open.discard(scope)
        except TimeoutError as error:
            if scope.expired():
                raise _stopping() from error
            raise

    @contextlib.asynccontextmanager
    async def wait_for_caller(self, request: Request) -> AsyncIterator[None]:
        """The same, and ends when the caller hangs up (499). The request's body is not for reading in here."""
        listening: list[asyncio.Task[None]] = []
        try:
            async with self.wait() as scope:
                timer = asyncio.get_running_loop().call_later(LONG_SECONDS, _listen, request, scope, listening)
                try:
                    yield
                finally:
                    timer.cancel()
        except Failure as failure:
            if any(task.done() for task in listening):
                raise Failure(Code.CANCELLED, "the caller hung up") from failure
            raise
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def gone(request: Request) -> None:
    """Return when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _listen(request: Request, scope: asyncio.Timeout, listening: list[asyncio.Task[None]]) -> None:
    listening.append(asyncio.create_task(_end_with_caller(request, scope), name="does the caller wait?"))


async def _end_with_caller(request: Request, scope: asyncio.Timeout) -> None:
    await gone(request)
    _end(scope, asyncio.get_running_loop().time())


def _end(scope: asyncio.Timeout, when: float) -> None:
    if not scope.expired():
        scope.reschedule(when)


def _stopping() -> Failure:
    return Failure(Code.UNAVAILABLE, "given up: the server stops; ask again", headers={"retry-after": "1"})
