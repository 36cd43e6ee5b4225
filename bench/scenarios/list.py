"""Listing 1,000 and 10,000 applications by the API: whole, as the web pages ask for them, and a page of 100."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from msgspec import Struct

from bench.fleets import fleet_of
from bench.process import rss_bytes
from bench.reader import Reader, Took
from bench.server import Served, fill, server
from bench.stage import Stage, until
from bench.table import Row, percentile, row

FEW, MANY, PAGE = 1_000, 10_000, 100
ALONE, CLIENTS, EACH = 40, 8, 25
MB = 1024 * 1024
FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.annotations", "metadata.labels", "metadata.creationTimestamp",
    "metadata.deletionTimestamp", "spec", "operation.sync", "status.sourceHydrator", "status.sync.status",
    "status.sync.revision", "status.health", "status.operationState.phase", "status.operationState.finishedAt",
    "status.operationState.operation.sync", "status.summary", "status.resources",
)  # fmt: skip
"""What Argo CD's web pages ask for."""
PROJECTED = {"fields": ",".join(["metadata.resourceVersion", *(f"items.{name}" for name in FIELDS)])}


class Asked(Struct, frozen=True):
    """A list, and what Argo CD 3.5.1 took for it: p50 with one client, p95 with eight. 0: not measured."""

    what: str
    query: Mapping[str, str]
    alone: float = 0.0
    together: float = 0.0


async def listing(stage: Stage) -> list[Row]:
    """Both fleets, one after the other, on the same server."""
    async with server(stage) as served:
        await fill(stage, fleet_of(FEW))
        rows = await _measured(served, FEW, [Asked("whole", {}, 63, 383), Asked("projected", PROJECTED, 49, 451)])
        await fill(stage, fleet_of(MANY)[FEW:])
        rows += await _measured(served, MANY, [Asked("whole", {}), Asked("projected", PROJECTED)])
        page = {**PROJECTED, "limit": str(PAGE)}
        rows += await _page(served, Asked("by name", page))
        rows += await _page(served, Asked("newest first", {**page, "sort": "-createdAt"}))
        memory = rss_bytes(served.pid) / MB
        return [*rows, row(f"memory of a server without a controller, with {MANY:,} applications", memory, "MB")]


async def _measured(served: Served, count: int, lists: list[Asked]) -> list[Row]:
    rows = []
    for asked in lists:
        for encoding in ("identity", "gzip"):
            rows += await _one(served, count, asked, encoding)
    return rows


async def _one(served: Served, count: int, asked: Asked, encoding: str) -> list[Row]:
    what = f"list {count:,} applications, {asked.what}, {encoding}"
    scale = max(1, count // FEW)
    async with _readers(served, encoding) as readers:
        await _settled(served, count)
        alone = await _many(readers[0], asked.query, max(10, ALONE // scale))
        together = await asyncio.gather(*(_many(each, asked.query, max(3, EACH // scale)) for each in readers))
    first, last = (percentile([getattr(took, name) for took in alone], 0.5) for name in ("first", "last"))
    crowd = percentile([took.last for each in together for took in each], 0.95)
    note = f"first byte {first:.1f} ms, {alone[0].size / 1e6:.2f} MB"
    return [
        row(f"{what}: p50, 1 client", last, "ms", most=asked.alone / 10 or None, note=note),
        row(f"{what}: p95, {CLIENTS} clients", crowd, "ms", most=asked.together / 10 or None),
    ]


async def _page(served: Served, asked: Asked) -> list[Row]:
    async with _readers(served, "identity") as readers:
        took = await _many(readers[0], asked.query, ALONE)
        together = await asyncio.gather(*(_many(each, asked.query, EACH) for each in readers))
    what = f"a page of {PAGE} of {MANY:,}, {asked.what}"
    crowd = percentile([one.last for each in together for one in each], 0.95)
    return [
        row(f"{what}: p50, 1 client", percentile([one.last for one in took], 0.5), "ms", most=10),
        row(f"{what}: p95, {CLIENTS} clients", crowd, "ms"),
    ]


@contextlib.asynccontextmanager
async def _readers(served: Served, encoding: str) -> AsyncIterator[list[Reader]]:
    headers = {**served.headers, "accept-encoding": encoding}
    readers = [await Reader.connect(served.url, headers) for _ in range(CLIENTS)]
    try:
        yield readers
    finally:
        for reader in readers:
            reader.close()


async def _many(reader: Reader, query: Mapping[str, str], times: int) -> list[Took]:
    return [await reader.get("/api/v1/applications", query) for _ in range(times)]


async def _settled(served: Served, count: int) -> None:
    """Until the server has seen all of them."""
    query = {"limit": "1", "fields": "items.metadata.name"}

    async def all_seen() -> bool:
        async with session.get("/api/v1/applications", params=query) as answer:
            listed = await answer.json()
        return bool(listed["metadata"].get("remainingItemCount", 0) == count - 1)

    async with served.client() as session:
        await until(all_seen, within=60)
