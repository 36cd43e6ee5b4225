"""A server under attack over raw sockets; whatever it says is kept."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from msgspec import Struct

from tests.server.desk import Desk

HONEST = (501, 503, 504)
"""Statuses that say what is missing, or that something else does not answer."""
PATIENCE = 20.0
MEGABYTE = 1 << 20


class Reply(Struct, frozen=True):
    status: int
    head: str
    body: bytes


class Target:
    """A server under attack. Whatever it says is kept."""

    def __init__(self, desk: Desk, token: str, said: list[str]) -> None:
        self.desk = desk
        self.token = token
        self.said = said

    def head(self, method: str = "GET", path: str = "/healthz", *more: str, close: bool = True) -> bytes:
        """A request's head, of an administrator."""
        lines = [f"{method} {path} HTTP/1.1", "host: x", f"authorization: Bearer {self.token}", *more]
        return "\r\n".join([*lines, *(["connection: close"] if close else []), "", ""]).encode()

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        port = int(self.desk.running.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def raw(self, *parts: bytes, once: bool = False) -> Reply:
        """What is said until the server closes the connection, or `once` the first answer is there."""
        async with self.connected() as (reader, writer), asyncio.timeout(PATIENCE):
            sending = asyncio.create_task(_send(writer, parts))
            said = b""
            with contextlib.suppress(ConnectionError):
                while not (once and said.endswith(b"}")) and (chunk := await reader.read(MEGABYTE)):
                    said += chunk
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return self._noted(said)

    def _noted(self, said: bytes) -> Reply:
        head, _, body = said.partition(b"\r\n\r\n")
        self.said.append(said.decode("latin-1"))
        status = int(head.split(b" ")[1]) if head.startswith(b"HTTP/1.1 ") else 0
        assert status < 500 or status in HONEST, said
        return Reply(status, head.decode("latin-1"), body)

    async def refused(self, *parts: bytes, once: bool = False) -> int:
        """The status of what has to be a failure, in the form that all failures have."""
        reply = await self.raw(*parts, once=once)
        found = json.loads(reply.body)
        assert found["error"] == found["message"]
        assert "content-security-policy" in reply.head
        return reply.status

    async def lives(self) -> None:
        assert (await self.raw(self.head())).status == 200


async def _send(writer: asyncio.StreamWriter, parts: tuple[bytes, ...]) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()
