"""All Applications of the control namespace, followed live."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from trimtab.errors import Retry, TrimtabError
from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.keys import AppKey
from trimtab.model.names import GROUP
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.server.applications.header import version_number
from trimtab.server.applications.stored import Stored, stored

log = logging.getLogger(__name__)
FOLLOW_AGAIN = 3.0
"""Seconds until a kind that could not be followed is tried again."""
Listener = Callable[[Stored | None, Stored | None], None]
"""Hears of each change: what was (None: nothing), what is (None: it is gone)."""


class ApplicationStore:
    """What the API server last said of each Application. `trouble`: why that may be old, "" when it is not."""

    def __init__(self, transport: Transport, discovery: Discovery, *, namespace: str) -> None:
        self._transport = transport
        self._discovery = discovery
        self._listed = asyncio.Event()
        self._listeners: list[Listener] = []
        self._apps: dict[AppKey, Stored] = {}
        self._version = 0
        self.namespace = namespace
        self.trouble = ""

    @property
    def resource_version(self) -> str:
        """Everything up to here is known: a watch may begin from it."""
        return str(self._version) if self._version else ""

    def __len__(self) -> int:
        return len(self._apps)

    def get(self, key: AppKey) -> Stored | None:
        return self._apps.get(key)

    def all(self) -> Iterable[Stored]:
        """In no order."""
        return self._apps.values()

    def follows(self, namespace: str) -> bool:
        """Are Applications of this namespace served at all?"""
        return namespace == self.namespace

    def listen(self, listener: Listener) -> None:
        """Hear of every change from now on."""
        self._listeners.append(listener)

    async def resource(self) -> Resource:
        """How the API server serves Applications."""
        return await self._discovery.find(GROUP, "Application")

    def waiting_for(self) -> tuple[str, ...]:
        """The kinds that were not seen yet."""
        return () if self._listed.is_set() else ("Application",)

    async def ready(self) -> None:
        """Return when all were seen once."""
        await self._listed.wait()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow them until the context ends."""
        task = asyncio.create_task(self._follow(), name="applications")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow(self) -> None:
        """For ever; what cannot be read is a trouble to tell of, and tried again."""
        while True:
            try:
                await self._watch()
            except TrimtabError as error:
                log.warning("Applications of %s cannot be followed: %s", self.namespace, error.message)
                self.trouble = error.message
                await self._transport.clock.sleep(FOLLOW_AGAIN)

    async def _watch(self) -> None:
        resource = await self.resource()
        events = watch(self._transport, resource, namespace=self.namespace, report=self._note)
        async with contextlib.aclosing(events) as batches:
            async for batch in batches:
                self.trouble = ""
                for event in batch:
                    self.take(event)

    def _note(self, broken: Retry | None) -> None:
        self.trouble = broken.message if broken else ""

    def take(self, event: WatchEvent) -> None:
        """Believe what a watch says."""
        match event:
            case Upserted(observed):
                before = self._apps.get(AppKey(observed.meta.namespace, observed.meta.name))
                same = before is not None and before.uid == observed.meta.uid
                if before is not None and before.resource_version == observed.meta.resource_version:
                    return
                self._put(before, stored(observed, born=before.born if before and same else 0))
            case Removed(last):
                self._version = max(self._version, version_number(last.meta.resource_version))
                self._drop(AppKey(last.meta.namespace, last.meta.name))
            case Listed(keys, resource_version):
                self._version = max(self._version, version_number(resource_version))
                there = {AppKey(key.namespace, key.name) for key in keys}
                for key in [key for key in self._apps if key not in there]:
                    self._drop(key)
                self._listed.set()

    def _put(self, before: Stored | None, after: Stored) -> None:
        self._apps[after.key] = after
        self._version = max(self._version, after.header.version)
        self._tell(before, after)

    def _drop(self, key: AppKey) -> None:
        before = self._apps.pop(key, None)
        if before is not None:
            self._tell(before, None)

    def _tell(self, before: Stored | None, after: Stored | None) -> None:
        for listener in self._listeners:
            listener(before, after)
