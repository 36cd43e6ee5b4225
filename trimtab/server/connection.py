"""HTTP on one connection, as uvicorn speaks it, with bounds for callers who send or take too little at a time.

uvicorn bounds neither the size of a request's head nor the time that it takes, waits for ever for a caller that takes
nothing of its answer, and does not see who hangs up behind a request that they sent ahead.
"""

import asyncio
from typing import Any

from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from trimtab.server.failures import Code, Failure, bad_request, error_body
from trimtab.server.wire import encode, start

LINGER_SECONDS = 1.0
"""A caller who is refused has this long to read why."""


class Limits(Struct, frozen=True, kw_only=True):
    """`head_bytes` and `head_seconds`: for the request line and all headers. `stalled_seconds`: a caller that takes
    nothing of an answer for so long is hung up on.
    """

    head_bytes: int = 64 << 10
    head_seconds: float = 20.0
    stalled_seconds: float = 60.0


class Connection(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, limits: Limits, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._head = _Head(limits.head_bytes)
        self._waiting: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        self._stop_looking()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._head.size += len(data)
        super().data_received(data)
        if self._head.is_too_large and not self._refused:
            self._refuse(_too_large(self._limits.head_bytes))
        self._await_request()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head.begin()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._head.end(len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers))
        if self._head.is_too_large:
            raise ValueError("the head is too large")
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._head.begun and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._await_request()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, and what is too much of it."""
        too_large = self._head.is_too_large
        self._refuse(_too_large(self._limits.head_bytes) if too_large else bad_request(msg))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_looking()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _await_request(self) -> None:
        """Nothing is being answered: something has to be asked in time. Between requests uvicorn has its own timer."""
        cycle: RequestResponseCycle | None = self.cycle
        idle = cycle is None or cycle.response_complete
        if idle and not self._refused and self._waiting is None and self.timeout_keep_alive_task is None:
            self._waiting = self.loop.call_later(self._limits.head_seconds, self._too_late)

    def _too_late(self) -> None:
        self._refuse(Failure(Code.DEADLINE_EXCEEDED, "the request did not arrive in time", status=408))

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _look_again(self, before: int | None = None) -> None:
        """Hang up when nothing was taken since `before`, the bytes that were to be sent then."""
        left = self.transport.get_write_buffer_size()
        if before is not None and left >= before:
            self.transport.abort()
        else:
            self._stalled = self.loop.call_later(self._limits.stalled_seconds, self._look_again, left)

    def _stop_looking(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, failure: Failure) -> None:
        body = encode(error_body(failure))
        own = [(b"content-type", b"application/json"), (b"connection", b"close")]
        headers = start(failure.status, [*own, (b"content-length", str(len(body)).encode())])["headers"]
        lines = [b"HTTP/1.1 %d Refused" % failure.status, *(b"%s: %s" % header for header in headers), b"", body]
        self._refused = True
        self.transport.write(b"\r\n".join(lines))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # At once, it would break off what is still being sent, and the caller would not see the answer.
        self._stop_waiting()
        self._waiting = self.loop.call_later(LINGER_SECONDS, self.transport.close)


class _Head:
    """How large the head is that is arriving. `size` counts what came since it began."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._arriving = True
        self.begun = False
        self.size = 0

    @property
    def is_too_large(self) -> bool:
        return self._arriving and self.size > self._most

    def begin(self) -> None:
        self._arriving, self.begun, self.size = True, True, 0

    def end(self, size: int) -> None:
        """`size`: what it was in the end; a body may have come along."""
        self.begun, self.size = False, size
        self._arriving = size > self._most


def _too_large(most: int) -> Failure:
    return Failure(Code.RESOURCE_EXHAUSTED, f"request line and headers are larger than {most} bytes", status=431)
