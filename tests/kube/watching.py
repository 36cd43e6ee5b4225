"""A watch that runs beside a test and folds what it is told."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import orjson

from trimtab.errors import Retry
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent

PATIENCE = 20.0


class Watching:
    """`live`: what exists, by name. `removed`: what a `Removed` said. `troubles`: what was reported."""

    def __init__(self, transport: Transport, resource: Resource, **settings: Any) -> None:
        self.live: dict[str, Observed] = {}
        self.removed: list[Observed] = []
        self.vanished: list[str] = []
        self.troubles: list[Retry | None] = []
        self.listings = self.upserts = 0
        self._events = watch(transport, resource, report=self._trouble, **settings)
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._events.aclose()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds; an error of the watch is raised here."""
        assert self._task is not None
        async with asyncio.timeout(PATIENCE), self._changed:
            while not holds():
                if self._task.done():
                    self._task.result()
                await self._changed.wait()

    def data(self, name: str) -> dict[str, str] | None:
        """The data of a ConfigMap that is live."""
        observed = self.live.get(name)
        data: dict[str, str] | None = orjson.loads(observed.raw).get("data") if observed else None
        return data

    def _trouble(self, trouble: Retry | None) -> None:
        self.troubles.append(trouble)

    async def _follow(self) -> None:
        try:
            async for batch in self._events:
                async with self._changed:
                    for event in batch:
                        self._fold(event)
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._changed.notify_all()

    def _fold(self, event: WatchEvent) -> None:
        match event:
            case Upserted(observed):
                self.live[observed.key.name] = observed
                self.upserts += 1
            case Removed(last):
                self.live.pop(last.key.name, None)
                self.removed.append(last)
            case Listed(keys):
                self.listings += 1
                gone = self.live.keys() - {key.name for key in keys}
                self.vanished += sorted(gone)
                for name in gone:
                    del self.live[name]
