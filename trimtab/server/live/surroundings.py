"""The objects of one namespace that others own, followed while somebody looks.

Every kind is listed once, its metadata only. A kind of which some object has an owner is watched from then on; the
others are listed again now and then. Bodies are read of the kinds that a tree says more of than that they exist.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import aclosing

import orjson
from msgspec import Struct

from trimtab.clock import Clock
from trimtab.controller.clusters import ClusterHandle
from trimtab.errors import TrimtabError
from trimtab.health.table import RULES
from trimtab.kube import read
from trimtab.kube.errors import Unreachable
from trimtab.kube.resource import Resource
from trimtab.kube.watch import watch
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent
from trimtab.server.live.describe import Seen, seen
from trimtab.server.live.exclusions import IsHidden

log = logging.getLogger(__name__)
ALWAYS = {("", "Pod"), ("apps", "ReplicaSet"), ("batch", "Job"), ("discovery.k8s.io", "EndpointSlice")}
"""What the commonest kinds own: watched from the start."""
OWNED_BY_NAME = {("", "Endpoints"), ("", "PersistentVolumeClaim")}
LIST_AGAIN = 60.0
GroupKind = tuple[str, str]


class Sight(Struct, frozen=True):
    """What is looked for. `namespace` "": the cluster-scoped objects. `everything`: also what nobody owns."""

    namespace: str
    everything: bool = False
    labels: tuple[str, ...] = ()


class Surroundings:
    """The events in `listeners` are set with every change."""

    def __init__(self, cluster: ClusterHandle, sight: Sight, *, is_hidden: IsHidden, clock: Clock) -> None:
        self._cluster = cluster
        self._sight = sight
        self._is_hidden = is_hidden
        self._clock = clock
        self._kept: dict[GroupKind, dict[ObjectKey, Seen]] = {}
        self._watches: dict[GroupKind, asyncio.Task[None]] = {}
        self._refused: set[GroupKind] = set()
        self._beginning: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self.listeners: set[asyncio.Event] = set()

    async def ready(self) -> None:
        """Return when all was seen once. Raises TrimtabError; then the next who asks tries again."""
        if self._beginning is None or (self._beginning.done() and _failed(self._beginning)):
            self._beginning = asyncio.create_task(self._begin(), name=f"surroundings {self._sight.namespace}")
        await asyncio.shield(self._beginning)

    def all(self) -> Iterable[Seen]:
        """What is there, in no order."""
        return (one for kept in self._kept.values() for one in kept.values())

    async def close(self) -> None:
        tasks = [task for task in (self._beginning, self._again, *self._watches.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watches.clear()

    async def _begin(self) -> None:
        await self._look()
        if self._again is None:
            self._again = asyncio.create_task(self._look_again(), name=f"look again {self._sight.namespace}")

    async def _look_again(self) -> None:
        while True:
            await self._clock.sleep(LIST_AGAIN)
            try:
                await self._look()
            except TrimtabError as error:
                log.warning("namespace %s is not looked at anew: %s", self._sight.namespace, error.message)

    async def _look(self) -> None:
        resources = await self._cluster.discovery.resources()
        await asyncio.gather(*(self._one(one) for one in resources if self._is_wanted(one)))

    def _is_wanted(self, resource: Resource) -> bool:
        scoped = resource.namespaced == bool(self._sight.namespace)
        return scoped and {"list", "watch"} <= resource.verbs and not self._is_hidden(resource)

    async def _one(self, resource: Resource) -> None:
        """A kind that may not be read, or whose own API server does not answer, is left out of the tree and named."""
        group_kind = (resource.kind.group, resource.kind.kind)
        if group_kind in self._watches:
            return
        try:
            if group_kind in ALWAYS or await self._list(resource):
                await self._watched(resource)
            self._refused.discard(group_kind)
        except Unreachable:
            raise
        except TrimtabError as error:
            if group_kind not in self._refused:
                log.warning("trees of namespace %s lack %s: %s", self._sight.namespace, resource.kind, error.message)
            self._refused.add(group_kind)

    async def _list(self, resource: Resource) -> bool:
        """List the metadata; is any of them owned?"""
        listed = await read.list_observed(
            self._cluster.transport, resource, namespace=self._sight.namespace, metadata_only=True
        )
        group_kind = (resource.kind.group, resource.kind.kind)
        if any(one.meta.owner_references for one in listed) or (listed and group_kind in OWNED_BY_NAME):
            return True
        kept = {one.key: self._seen(resource, one, whole=False) for one in listed} if self._sight.everything else {}
        if kept != self._kept.get(group_kind, {}):
            self._kept[group_kind] = kept
            self._ring()
        return False

    async def _watched(self, resource: Resource) -> None:
        listed = asyncio.Event()
        group_kind = (resource.kind.group, resource.kind.kind)
        task = asyncio.create_task(self._follow(resource, listed), name=f"follow {resource.kind}")
        self._watches[group_kind] = task
        waiting = asyncio.create_task(listed.wait())
        await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done() and not listed.is_set():
            await task

    async def _follow(self, resource: Resource, listed: asyncio.Event) -> None:
        """Until the kind is refused or gone: then it is tried again with the next look."""
        group_kind = (resource.kind.group, resource.kind.kind)
        whole = group_kind in RULES
        events = watch(self._cluster.transport, resource, namespace=self._sight.namespace, metadata_only=not whole)
        try:
            async with aclosing(events) as batches:
                async for batch in batches:
                    self._take(resource, batch, whole=whole)
                    if any(isinstance(event, Listed) for event in batch):
                        listed.set()
        except TrimtabError as error:
            if not listed.is_set():
                raise
            log.warning("trees of namespace %s lack %s: %s", self._sight.namespace, resource.kind, error.message)
        finally:
            self._watches.pop(group_kind, None)
            if self._kept.pop(group_kind, None):
                self._ring()

    def _take(self, resource: Resource, batch: list[WatchEvent], *, whole: bool) -> None:
        kept = self._kept.setdefault((resource.kind.group, resource.kind.kind), {})
        for event in batch:
            match event:
                case Upserted(observed):
                    self._put(kept, observed.key, self._seen(resource, observed, whole=whole))
                case Removed(last):
                    kept.pop(last.key, None)
                case Listed(keys):
                    for key in kept.keys() - keys:
                        del kept[key]
        self._ring()

    def _put(self, kept: dict[ObjectKey, Seen], key: ObjectKey, one: Seen) -> None:
        if self._sight.everything or one.kin.owners or (key.group, key.kind) in OWNED_BY_NAME:
            kept[key] = one
        else:
            kept.pop(key, None)

    def _seen(self, resource: Resource, observed: Observed, *, whole: bool) -> Seen:
        kind = None if whole else resource.kind
        return seen(orjson.loads(observed.raw), kind=kind, labels=self._sight.labels)

    def _ring(self) -> None:
        for event in self.listeners:
            event.set()


def _failed(task: asyncio.Task[None]) -> bool:
    return task.cancelled() or task.exception() is not None
