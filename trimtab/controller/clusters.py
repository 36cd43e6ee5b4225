"""Target clusters: their connection, and a watch cache of the kinds that applications use, and no others."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import aclosing

from msgspec import Struct

from trimtab.clock import Clock
from trimtab.compare.prepare import CRD, Scope
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.live.store import GroupKind, LiveStore
from trimtab.model.application import Destination
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent
from trimtab.model.tracking import owner_of

log = logging.getLogger(__name__)

FIRST_LIST_SECONDS = 60.0
RETRY_WATCH_SECONDS = 15.0
WRITERS = 16
"""Syncs that write to one cluster side by side: more would only make each of them slower."""

OnChange = Callable[[set[str]], None]
"""Called with the instances (see `AppKey.instance`) whose objects changed."""


class _Watch(Struct):
    task: asyncio.Task[None]
    listed: asyncio.Event
    error: TrimtabError | None = None
    trouble: TrimtabError | None = None

    def noted(self, trouble: TrimtabError | None) -> None:
        """The connection broke (and is being mended), or works again."""
        self.trouble = trouble


class ClusterHandle:
    """One target cluster. Satisfies `apply.cluster.Cluster`."""

    def __init__(self, transport: Transport, *, clock: Clock, on_change: OnChange) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)
        self.live = LiveStore()
        self.writing = asyncio.Semaphore(WRITERS)
        self._clock = clock
        self._on_change = on_change
        self._watches: dict[GroupKind, _Watch] = {}
        self._waiters: dict[ObjectKey, set[asyncio.Event]] = {}
        self._lacking: set[str] = set()

    async def resource(self, kind: Kind) -> Resource:
        """How the cluster serves `kind`, with its objects watched (the first listing is awaited)."""
        resource = await self.discovery.find(kind.group, kind.kind, version=kind.version)
        await self._watched(resource)
        return resource

    async def watch_kinds(self, kinds: set[GroupKind]) -> None:
        """Watch these kinds; one that the cluster does not serve (any more) has no objects."""

        async def one(group_kind: GroupKind) -> None:
            known = self._watches.get(group_kind)
            if known is not None and known.listed.is_set() and known.error is None:
                return
            with contextlib.suppress(UnknownKind):
                await self._watched(await self.discovery.find(*group_kind))

        await asyncio.gather(*(one(group_kind) for group_kind in kinds))

    async def scopes(self, kinds: set[Kind]) -> dict[Kind, Scope]:
        """The scope of each kind that is served, in that version; kinds that are not are left out."""
        found: dict[Kind, Scope] = {}
        for kind in kinds:
            with contextlib.suppress(UnknownKind):
                resource = await self.discovery.find(kind.group, kind.kind, version=kind.version)
                found[kind] = "Namespaced" if resource.namespaced else "Cluster"
        return found

    def take_in(self, observed: Observed) -> None:
        """Put the answer to a write into the cache at once. The applications other than its owner hear of it."""
        touched = self.live.put(observed)
        touched.discard(owner_of(observed.key, observed.meta.annotations))
        if touched:
            self._on_change(touched)

    async def await_kinds(self, instance: str, *, lacking: bool) -> None:
        """While `instance` is `lacking` a kind that its targets name, it hears of every change of definitions."""
        if not lacking:
            self._lacking.discard(instance)
            return
        self._lacking.add(instance)
        await self.watch_kinds({CRD})

    def forget(self, instance: str) -> None:
        """The application is gone: nothing is kept on its behalf."""
        self._lacking.discard(instance)
        self.live.want(instance, frozenset())

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        """Return when one of `keys` changes in the cache, or after `timeout` seconds."""
        event = asyncio.Event()
        for key in keys:
            self._waiters.setdefault(key, set()).add(event)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await event.wait()
        finally:
            for key in keys:
                waiting = self._waiters.get(key, set())
                waiting.discard(event)
                if not waiting:
                    self._waiters.pop(key, None)

    async def close(self) -> None:
        """Stop every watch."""
        tasks = [w.task for w in self._watches.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watches.clear()

    async def _watched(self, resource: Resource) -> None:
        group_kind = (resource.kind.group, resource.kind.kind)
        if not {"list", "watch"} <= resource.verbs:
            raise Stalled(
                f"{resource.kind} cannot be listed and watched, so it cannot be kept equal to Git; remove it from Git",
                reason="NotWatchable",
            )
        known = self._watches.get(group_kind)
        if known is None:
            listed = asyncio.Event()
            task = asyncio.create_task(self._follow(resource), name=f"watch {resource.kind}")
            known = self._watches[group_kind] = _Watch(task=task, listed=listed)
        if known.listed.is_set() and known.error is None:
            return
        try:
            async with asyncio.timeout(FIRST_LIST_SECONDS):
                await known.listed.wait()
        except TimeoutError as error:
            why = f": {known.trouble.message}" if known.trouble else ""
            message = f"{resource.kind}: not listed within {FIRST_LIST_SECONDS:g} s{why}"
            raise Retry(message, reason="Unreachable") from error
        if known.error is not None:
            raise known.error

    async def _follow(self, resource: Resource) -> None:
        """Fold the watch into the cache until the kind is no longer served; one that is refused is tried again.

        While it is refused nothing is concluded from what is missing: whoever asks for the kind gets the error.
        """
        group_kind = (resource.kind.group, resource.kind.kind)
        watching = self._watches[group_kind]
        while True:
            try:
                async with aclosing(watch(self.transport, resource, report=watching.noted)) as batches:
                    async for events in batches:
                        watching.error = None
                        self._fold(group_kind, events)
            except NotFound:
                self._unwatch(group_kind)
                return
            except TrimtabError as error:
                log.warning("watch of %s: %s", resource.kind, error.message)
                watching.error = error
                watching.listed.set()
                await self._clock.sleep(RETRY_WATCH_SECONDS)

    def _unwatch(self, group_kind: GroupKind) -> None:
        """The kind is gone from the server, with all its objects."""
        self._watches.pop(group_kind).listed.set()
        self.discovery.invalidate()
        self._on_change(self.live.forget_kind(group_kind))

    def _fold(self, group_kind: GroupKind, events: list[WatchEvent]) -> None:
        touched = self.live.fold(group_kind, events)
        for event in events:
            match event:
                case Upserted(observed):
                    self._wake(observed.key)
                case Removed(last):
                    self._wake(last.key)
                case Listed():
                    self._watches[group_kind].listed.set()
                    for key in list(self._waiters):
                        self._wake(key)
        if group_kind == CRD:
            self.discovery.invalidate()
            touched |= self._lacking
        if touched:
            self._on_change(touched)

    def _wake(self, key: ObjectKey) -> None:
        for event in self._waiters.get(key, ()):
            event.set()


class Clusters:
    """The clusters by destination. The one that the controller runs in is always there."""

    def __init__(self, home: ClusterHandle) -> None:
        self.home = home

    def find(self, destination: Destination) -> ClusterHandle:
        """Raises Stalled when no such cluster is known."""
        if destination.server and destination.name:
            raise Stalled(
                f"destination names both server {destination.server} and name {destination.name}; leave one out",
                reason="InvalidSpecError",
            )
        if destination.server == IN_CLUSTER_SERVER or destination.name == IN_CLUSTER_NAME:
            return self.home
        wanted = destination.server or destination.name or "(nothing)"
        raise Stalled(
            f"destination {wanted} is not known; use {IN_CLUSTER_SERVER} (the cluster of the controller)",
            reason="InvalidSpecError",
        )
