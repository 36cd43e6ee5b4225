"""A caller that only counts: what it measures is the server, not a client library."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Self, cast
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
BUFFER = 1 << 18


class Took(Struct, frozen=True):
    """Milliseconds until the first and the last byte of the body, and how many there were."""

    first: float
    last: float
    size: int


class Reader(asyncio.BufferedProtocol):
    """One connection; `get` asks and reads an answer with a Content-Length."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(BUFFER))
        self._head = bytearray()
        self._left = -1
        self._first = 0.0
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, url: str, headers: Mapping[str, str]) -> Self:
        parts = urlsplit(url)
        _, reader = await asyncio.get_running_loop().create_connection(cls, parts.hostname or "", parts.port or 80)
        lines = {"host": parts.netloc, **headers}
        reader.headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return reader

    headers = ""

    async def get(self, path: str, query: Mapping[str, str]) -> Took:
        assert self._transport is not None, "not connected"
        self._head.clear()
        self._left, self._first = -1, 0.0
        self._done = asyncio.get_running_loop().create_future()
        target = f"{path}?{urlencode(query)}" if query else path
        began = time.perf_counter()
        self._transport.write(f"GET {target} HTTP/1.1\r\n{self.headers}\r\n".encode())
        await self._done
        ended = time.perf_counter()
        assert self._head.startswith(b"HTTP/1.1 200"), bytes(self._head)
        size = int(LENGTH.search(self._head)[1])  # type: ignore[index]
        return Took((self._first - began) * 1000, (ended - began) * 1000, size)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        if self._left < 0:
            count = self._read_head(count)
        if self._left >= 0:
            self._first = self._first or (time.perf_counter() if count else 0.0)
            self._left -= count
            if self._left == 0 and self._done is not None and not self._done.done():
                self._done.set_result(None)

    def _read_head(self, count: int) -> int:
        """How much of what came belongs to the body."""
        self._head += self._buffer[:count]
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return 0
        self._left = int(LENGTH.search(self._head)[1])  # type: ignore[index]
        rest = len(self._head) - end - 4
        del self._head[end:]
        return rest
