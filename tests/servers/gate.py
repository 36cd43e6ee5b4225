"""A TCP gate before a server: shut, it breaks every connection and refuses new ones; open, it lets all through.

`ConnectProxy` is one that has to be asked by HTTP first.
"""

import asyncio
from contextlib import suppress
from typing import Self

from trimtab.accepting import stop_accepting


class Gate:
    """Forwards from `port` on loopback to `target`, a port there. Use as an async context manager."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Break what is open, refuse what comes."""
        if self._server:
            await stop_accepting(*self._server.sockets)
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        if not (self._server and self._server.is_serving()):
            # It was shut meanwhile.
            writer.transport.abort()
            far_writer.transport.abort()
            return
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._open.add(sink)
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        sink.close()
        with suppress(OSError):
            await sink.wait_closed()
        self._open.discard(sink)


class ConnectProxy(Gate):
    """An HTTP proxy that leads every CONNECT to the target, whatever it names; `asked` are those names."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.asked: list[str] = []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(request.split()[1])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await super()._accept(reader, writer)
