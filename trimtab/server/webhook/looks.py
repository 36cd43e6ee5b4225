"""Looks at applications that a push asks for: in this process where its controller acts, else by the annotation that
whoever acts waits for.
"""

import asyncio
import datetime as dt
from collections.abc import Iterable
from typing import Any

from trimtab.controller.pace import hear_of_push
from trimtab.controller.world import World
from trimtab.kube import write
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import AppKey, Kind
from trimtab.model.names import GROUP, REFRESH, REFRESH_TIMESTAMP, VERSION

APPLICATION = Resource(Kind(GROUP, VERSION, "Application"), "applications", True)
FIELD_MANAGER = "argocd-server"
PARALLEL = 16
PAUSE = 1.0
"""Seconds between two writes to one application, however many pushes come meanwhile."""


def look_here(keys: Iterable[AppKey], world: World, *, calmly: bool) -> None:
    """Nothing is written: the controller of this process is told. `calmly`: not again right after a look."""
    for key in keys:
        hear_of_push(key, world, calmly=calmly)


class Annotations:
    """Asks by the refresh annotation. A write that has not begun yet serves all who ask until it does."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(PARALLEL)
        self._upcoming: dict[AppKey, asyncio.Task[None]] = {}
        self._written: dict[AppKey, float] = {}

    async def ask(self, keys: Iterable[AppKey], transport: Transport) -> None:
        """Return when all were asked for. Raises ApiError; an application that is gone is none."""
        asked = [self._upcoming.get(key) or self._begin(key, transport) for key in keys]
        results = await asyncio.gather(*(asyncio.shield(one) for one in asked), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            raise failed[0]

    def _begin(self, key: AppKey, transport: Transport) -> asyncio.Task[None]:
        task = self._upcoming[key] = asyncio.create_task(self._write(key, transport), name=f"refresh {key}")
        return task

    async def _write(self, key: AppKey, transport: Transport) -> None:
        clock = transport.clock
        now = clock.monotonic()
        if (wait := self._written.get(key, now - PAUSE) + PAUSE - now) > 0:
            await clock.sleep(wait)
        async with self._slots:
            del self._upcoming[key]
            self._written[key] = clock.monotonic()
            try:
                await _annotate(key, transport)
            except NotFound:
                del self._written[key]


async def _annotate(key: AppKey, transport: Transport) -> None:
    """The time makes it another version: the controller takes away only the annotation that it has seen."""
    asked = {REFRESH: "normal", REFRESH_TIMESTAMP: _precisely(transport.clock.now())}
    body: dict[str, Any] = {"metadata": {"annotations": asked}}
    await write.patch(
        transport,
        APPLICATION,
        key.name,
        body,
        patch_type="merge",
        namespace=key.namespace,
        field_manager=FIELD_MANAGER,
    )


def _precisely(moment: dt.datetime) -> str:
    """As Argo CD writes it, but to the microsecond: `2026-11-23T12:29:03.123456Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
