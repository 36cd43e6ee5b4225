"""All Applications of the control namespace, followed live."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from trimtab.access.enforcer import Enforcer
from trimtab.errors import Retry, TrimtabError
from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.keys import AppKey
from trimtab.model.names import GROUP
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.header import version_number
from trimtab.server.applications.hub import Hub
from trimtab.server.applications.sieve import Sieves
from trimtab.server.applications.stored import Stored, stored
from trimtab.server.applications.views import Views

log = logging.getLogger(__name__)
FOLLOW_AGAIN = 3.0
"""Seconds until a kind that could not be followed is tried again."""


class ApplicationStore:
    """What the API server last said of each Application, and who hears of changes. `rights`: as they are now."""

    def __init__(
        self, transport: Transport, discovery: Discovery, *, namespace: str, rights: Callable[[], Enforcer]
    ) -> None:
        self._transport = transport
        self._discovery = discovery
        self._listed = asyncio.Event()
        self.catalogue = Catalogue()
        self.views = Views(self.catalogue)
        self.sieves = Sieves(namespace)
        self.hub = Hub(self.catalogue, self.views, namespace=namespace, rights=rights)
        self.namespace = namespace
        self._trouble = ""

    @property
    def resource_version(self) -> str:
        """Everything up to here is known: a watch may begin from it."""
        return str(self.catalogue.version) if self.catalogue.version else ""

    def get(self, key: AppKey) -> Stored | None:
        return self.catalogue.get(key)

    def follows(self, namespace: str) -> bool:
        """Are Applications of this namespace served at all?"""
        return namespace == self.namespace

    async def resource(self) -> Resource:
        """How the API server serves Applications."""
        return await self._discovery.find(GROUP, "Application")

    def troubles(self) -> dict[str, str]:
        """Why what is known may be old, by kind; {} when it is not."""
        return {"Application": self._trouble} if self._trouble else {}

    def waiting_for(self) -> tuple[str, ...]:
        """The kinds that were not seen yet."""
        return () if self._listed.is_set() else ("Application",)

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
                self._trouble = error.message
                await self._transport.clock.sleep(FOLLOW_AGAIN)

    async def _watch(self) -> None:
        resource = await self.resource()
        events = watch(self._transport, resource, namespace=self.namespace, report=self._note)
        async with contextlib.aclosing(events) as batches:
            async for batch in batches:
                self._trouble = ""
                for event in batch:
                    self.take(event)

    def _note(self, broken: Retry | None) -> None:
        self._trouble = broken.message if broken else ""

    def take(self, event: WatchEvent) -> None:
        """Believe what a watch says."""
        match event:
            case Upserted(observed):
                self._put(observed)
            case Removed(last):
                self.catalogue.drop(_key(last), version_number(last.meta.resource_version))
            case Listed(keys, resource_version):
                version = version_number(resource_version)
                there = {AppKey(key.namespace, key.name) for key in keys}
                for app in self.catalogue:
                    if app.key not in there:
                        self.catalogue.drop(app.key, version)
                self.catalogue.version = max(self.catalogue.version, version)
                self._listed.set()

    def _put(self, observed: Observed) -> None:
        known = self.catalogue.get(_key(observed))
        if known is None or known.resource_version != observed.meta.resource_version:
            self.catalogue.put(stored(observed))


def _key(observed: Observed) -> AppKey:
    return AppKey(observed.meta.namespace, observed.meta.name)
