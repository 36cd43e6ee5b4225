"""Endless replies: NDJSON, or server-sent events with keep-alives; closed when the caller goes or the server stops."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.requests import Request
from starlette.types import Send

from trimtab.clock import Clock
from trimtab.errors import TrimtabError
from trimtab.server.failures import Code, Failure, failure_of
from trimtab.server.reply import Stream
from trimtab.server.waits import gone
from trimtab.server.wire import encode, send_failure, start

log = logging.getLogger(__name__)
KEEP_ALIVE_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
"""A caller that takes nothing for so long is given up."""
FAREWELL_SECONDS = 1.0
"""For the end of a stream; a caller that does not take it sees the connection break."""
MOST = 20_000
"""Streams open at once, so that a crowd cannot take the server down."""
ASK_AGAIN_SECONDS = 60.0
"""So often it is asked whether the caller may still be here."""
Still = Callable[[], Awaitable[bool]]
"""Is the caller still who they were when the stream began?"""


class Streams:
    """The open streams of a server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: set[asyncio.Task[None]] = set()
        self._closed = False

    def close(self) -> None:
        """End them all: the server stops."""
        if not self._closed:
            self._closed = True
            for task in self._open:
                task.cancel()

    async def send(self, request: Request, send: Send, stream: Stream, *, still: Still) -> None:
        """Send until either side has enough, or the caller is no longer let in: they may come again."""
        if (refusal := self._refusal()) is not None:
            await stream.messages.aclose()
            await send_failure(request, send, refusal)
            return
        sending = asyncio.create_task(_Sender(request, send).run(stream.messages))
        ends = (sending, asyncio.create_task(gone(request)), asyncio.create_task(self._expired(still)))
        self._open.add(sending)
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.discard(sending)
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _expired(self, still: Still) -> None:
        """Return when the caller is no longer who they were: logged out, removed, of other groups."""
        while True:
            await self._clock.sleep(ASK_AGAIN_SECONDS)
            if not await still():
                return

    def _refusal(self) -> Failure | None:
        if self._closed:
            return Failure(Code.UNAVAILABLE, "the server stops; ask again", headers={"retry-after": "1"})
        if len(self._open) >= MOST:
            return Failure(Code.RESOURCE_EXHAUSTED, "too many streams are open", headers={"retry-after": "10"})
        return None


class _Sender:
    def __init__(self, request: Request, send: Send) -> None:
        self._events = request.headers.get("accept", "") == "text/event-stream"
        self._send = send

    async def run(self, messages: AsyncGenerator[bytes, None]) -> None:
        kind = b"text/event-stream" if self._events else b"application/json"
        await self._send(start(200, [(b"content-type", kind), (b"x-accel-buffering", b"no")]))
        try:
            # By HTTP/2, nginx holds the head back until something follows it.
            await self._keep_alive()
            await self._pass_on(messages)
        except (asyncio.CancelledError, GeneratorExit):
            pass
        except Exception as error:
            await self._put(b'{"error":' + encode(_stream_error(error)) + b"}")
        finally:
            await messages.aclose()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._send({"type": "http.response.body", "body": b""})

    async def _pass_on(self, messages: AsyncGenerator[bytes, None]) -> None:
        upcoming = asyncio.ensure_future(anext(messages, None))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    await self._keep_alive()
                    continue
                message = upcoming.result()
                if message is None:
                    return
                await self._put(b'{"result":' + message + b"}")
                upcoming = asyncio.ensure_future(anext(messages, None))
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)

    async def _put(self, payload: bytes) -> None:
        await self._write(b"data: " + payload + b"\n\n" if self._events else payload + b"\n")

    async def _keep_alive(self) -> None:
        if self._events:
            await self._write(b":\n\n")

    async def _write(self, chunk: bytes) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})


def _stream_error(error: Exception) -> dict[str, object]:
    if isinstance(error, TrimtabError):
        error = failure_of(error)
    if not isinstance(error, Failure):
        log.error("a stream broke off: a defect in Trimtab", exc_info=error)
        error = Failure(Code.INTERNAL, "internal error; the server's log says more")
    return {"grpc_code": int(error.code), "http_code": error.status, "message": error.message, "http_status": ""}
