"""A load balancer that knows no sessions: each connection goes to the next server, one that refuses is passed over."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Self

from trimtab.accepting import stop_accepting


class Balancer:
    """Forwards from `port` on loopback to ports there, in turn. `taken`: connections by port."""

    def __init__(self, *targets: int) -> None:
        self.port = 0
        self.taken: Counter[int] = Counter()
        self._targets = list(targets)
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            await stop_accepting(*self._server.sockets)
            self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both ways, until either side has ended."""
        far = await self._connected()
        if far is None:
            writer.transport.abort()
            return
        far_reader, far_writer = far
        ways = [asyncio.create_task(_pump(reader, far_writer)), asyncio.create_task(_pump(far_reader, writer))]
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, far_writer):
                end.transport.abort()
                with suppress(OSError):
                    await end.wait_closed()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._targets:
            target = self._targets.pop(0)
            self._targets.append(target)
            with suppress(OSError):
                far = await asyncio.open_connection("127.0.0.1", target)
                self.taken[target] += 1
                return far
        return None


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until the source has ended; the end is passed on."""
    with suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    with suppress(OSError):
        sink.close()
