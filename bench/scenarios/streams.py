"""One application's change reaching 200 callers with open streams, and what an open stream costs."""

import asyncio
import time
from urllib.parse import urlencode, urlsplit

from bench.fleets import fleet_of
from bench.process import rss_bytes
from bench.scenarios.list import FEW, FIELDS
from bench.server import Served, fill, server
from bench.stage import NAMESPACE, Stage, until
from bench.table import Row, percentile, row
from trimtab.kube import read, write

CLIENTS, CROWD, CHANGES = 200, 2_000, 30
BURST = 50
KB = 1024
WATCHED = ",".join(["result.type", *(f"result.application.{name}" for name in FIELDS)])
"""What Argo CD's web pages ask for."""


async def streams(stage: Stage) -> list[Row]:
    """With 1,000 applications."""
    async with server(stage) as served:
        await fill(stage, fleet_of(FEW))
        listener = await _open(served, 1)
        await until(lambda: _seen(listener[0], FEW), within=60)
        rows = await _changes(stage, await _open(served, CLIENTS, since=await _version(stage)))
        before = rss_bytes(served.pid)
        await _open(served, CROWD, since=await _version(stage))
        cost = (rss_bytes(served.pid) - before) / CROWD / KB
        return [*rows, row(f"memory of an open stream ({CROWD:,} open)", cost, "kB")]


async def _changes(stage: Stage, listeners: list["Listener"]) -> list[Row]:
    kind = await stage.resource("Application", "argoproj.io")
    took: list[float] = []
    for n in range(CHANGES):
        mark = f"change-{n}-"
        for listener in listeners:
            listener.expect(mark.encode())
        began = time.perf_counter()
        body = {"metadata": {"labels": {"bench": f"{mark}x"}}}
        name = f"service-{n:05}"
        await write.patch(stage.transport, kind, name, body, patch_type="merge", namespace=NAMESPACE)
        async with asyncio.timeout(10):
            took += [(await listener.found - began) * 1000 for listener in listeners]
    what = f"an application's change reaching {CLIENTS} callers"
    return [
        row(f"{what}: p50", percentile(took, 0.5), "ms"),
        row(f"{what}: p95", percentile(took, 0.95), "ms"),
    ]


class Listener(asyncio.Protocol):
    """One open stream. `events` counts them; `found` is done, with the time, when what is expected has come."""

    def __init__(self) -> None:
        self.events = 0
        self.answered = asyncio.get_running_loop().create_future()
        self.found: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._expected = b""
        self._rest = b""

    def expect(self, mark: bytes) -> None:
        self._expected = mark
        self.found = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            assert data.startswith(b"HTTP/1.1 200"), data
            self.answered.set_result(None)
        self.events += data.count(b"data: ")
        seen = self._rest + data
        if self._expected and self._expected in seen and not self.found.done():
            self.found.set_result(time.perf_counter())
        self._rest = seen[-len(self._expected) :] if self._expected else b""


async def _open(served: Served, count: int, since: str = "") -> list[Listener]:
    """`count` streams, some at a time."""
    parts = urlsplit(served.url)
    query = urlencode({"fields": WATCHED, **({"resourceVersion": since} if since else {})})
    headers = {"host": parts.netloc, "accept": "text/event-stream", **served.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    asked = f"GET /api/v1/stream/applications?{query} HTTP/1.1\r\n{lines}\r\n".encode()
    listeners: list[Listener] = []
    while len(listeners) < count:
        some = [await _one(parts.hostname or "", parts.port or 80, asked) for _ in range(min(BURST, count))]
        await asyncio.gather(*(listener.answered for listener in some))
        listeners += some
    return listeners


async def _one(host: str, port: int, asked: bytes) -> Listener:
    transport, listener = await asyncio.get_running_loop().create_connection(Listener, host, port)
    transport.write(asked)
    return listener


async def _seen(listener: Listener, count: int) -> bool:
    return listener.events >= count


async def _version(stage: Stage) -> str:
    """The newest resourceVersion: streams begin with nothing."""
    kind = await stage.resource("Application", "argoproj.io")
    last = ""
    async for page in read.pages(stage.transport, kind, namespace=NAMESPACE):
        last = page.resource_version
    return last
