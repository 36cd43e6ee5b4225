"""What is kept of all that is looked at: views of trees, and what Git declares. Nothing of it is kept for long."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator

from msgspec import Struct

from trimtab.compare.comparison import Comparison, Verdict
from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.refresh import declare, observe
from trimtab.controller.world import Declared
from trimtab.model.keys import AppKey, Manifest, ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.applications.stored import Stored
from trimtab.server.live.exclusions import hidden
from trimtab.server.live.hosts import Nodes
from trimtab.server.live.lingering import Lingering
from trimtab.server.live.subject import Looked
from trimtab.server.live.surroundings import Sight, Surroundings
from trimtab.server.live.view import Sources, View
from trimtab.server.served import Served

LINGER_SECONDS = 15.0
MOST_VIEWS = 1000
MOST_NAMESPACES = 1000
MOST_DECLARED = 100
FRESH_SECONDS = 15.0
"""What Git said so long ago is as good as asking it again."""

Identity = tuple[AppKey, str]
"""An Application's name and UID: another one that takes the name is looked at anew."""


class _Kept(Struct, frozen=True):
    uid: str
    declared: Declared
    verdicts: dict[ObjectKey, Verdict]


class Looks:
    """One for each server; `close` it."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._sources: dict[ClusterHandle, Sources] = {}
        self._viewing: Lingering[Identity, View] = Lingering(
            self._view, clock=served.clock, seconds=LINGER_SECONDS, most=MOST_VIEWS
        )
        self._declared: OrderedDict[AppKey, _Kept] = OrderedDict()
        self._locks: dict[AppKey, asyncio.Lock] = {}
        self.predictions: OrderedDict[tuple[str, str, str], Manifest] = OrderedDict()
        served.applications.catalogue.listen(self._changed)

    @property
    def views(self) -> int:
        """So many applications are looked at."""
        return len(self._viewing)

    async def close(self) -> None:
        await self._viewing.close()
        for sources in self._sources.values():
            await sources.surroundings.close()

    @contextlib.asynccontextmanager
    async def view(self, subject: Looked) -> AsyncIterator[View]:
        """The view of an application, while the caller looks. Raises Failure (429)."""
        async with self._viewing.use((subject.key, subject.stored.uid)) as view:
            yield view

    async def declared(self, subject: Looked) -> Declared:
        """What Git declares: the controller's own idea of it where it is at work here. Raises TrimtabError."""
        await self._served.world.projects.check(subject.app)
        known = self._controllers(subject)
        return known[0] if known else (await self._own(subject)).declared

    async def compared(self, subject: Looked) -> tuple[Declared, Comparison]:
        """Target and live, side by side. Raises TrimtabError."""
        app, cluster = subject.app, subject.cluster
        limits = await self._served.world.projects.check(app)
        if known := self._controllers(subject):
            declared, verdicts = known
            return declared, await observe(app, declared, cluster, known=verdicts, limits=limits)
        kept = await self._own(subject)
        comparison = await observe(app, kept.declared, cluster, known=kept.verdicts, limits=limits)
        self._keep(subject.key, _Kept(kept.uid, kept.declared, comparison.verdicts()))
        return kept.declared, comparison

    def _controllers(self, subject: Looked) -> tuple[Declared, dict[ObjectKey, Verdict]] | None:
        """What the controller of this process has found, if it is about the same sources."""
        if not self._served.acting():
            return None
        memory = self._served.world.memories.get(subject.key)
        if memory is None or memory.declared is None or memory.uid != subject.app.metadata.uid:
            return None
        same = memory.declared.sources == subject.app.spec.all_sources()
        same = same and memory.declared.identity.namespace == subject.namespace
        return (memory.declared, memory.verdicts) if same else None

    async def _own(self, subject: Looked) -> _Kept:
        lock = self._locks.setdefault(subject.key, asyncio.Lock())
        async with lock:
            kept = self._declared.get(subject.key)
            if kept is not None and kept.uid != subject.app.metadata.uid:
                kept = None
            since = self._served.clock.monotonic() - FRESH_SECONDS
            world, known = self._served.world, kept.declared if kept else None
            declared = await declare(subject.app, world, subject.cluster, known=known, since=since)
            kept = _Kept(subject.app.metadata.uid, declared, kept.verdicts if kept else {})
            self._keep(subject.key, kept)
            return kept

    def _keep(self, key: AppKey, kept: _Kept) -> None:
        self._declared[key] = kept
        self._declared.move_to_end(key)
        if len(self._declared) > MOST_DECLARED:
            self._drop(next(iter(self._declared)))

    def _drop(self, key: AppKey) -> None:
        """Keep nothing on the application's behalf; where the controller is at work here, that is its business."""
        kept = self._declared.pop(key, None)
        self._locks.pop(key, None)
        if kept is not None and not self._served.acting():
            self._served.world.clusters.home.forget(kept.declared.identity.instance)

    def _view(self, identity: Identity) -> View:
        return View(*identity, self._served, self._sources_of)

    def _sources_of(self, cluster: ClusterHandle) -> Sources:
        known = self._sources.get(cluster)
        if known is None:
            known = self._sources[cluster] = self._new_sources(cluster)
        return known

    def _new_sources(self, cluster: ClusterHandle) -> Sources:
        served = self._served

        def make(sight: Sight) -> Surroundings:
            settings = served.configuration.config_map(ARGOCD_CM)
            is_hidden = hidden(settings, cluster.transport.config.server)
            return Surroundings(cluster, sight, is_hidden=is_hidden, clock=served.clock)

        surroundings = Lingering(make, clock=served.clock, seconds=LINGER_SECONDS, most=MOST_NAMESPACES)
        return Sources(surroundings, Nodes(cluster, served.clock))

    def _changed(self, before: Stored | None, after: Stored | None) -> None:
        """An Application has changed, or is gone."""
        if (one := after or before) is None:
            return
        if (view := self._viewing.peek((one.key, one.uid))) is not None:
            view.touch()
        if after is None:
            self._drop(one.key)


def looks_of(served: Served) -> Looks:
    """The looks of a server, made when first wanted."""
    if served.looks is None:
        served.looks = Looks(served)
    return served.looks


async def stop_looking(served: Served) -> None:
    """Nobody looks any more: the server stops."""
    if served.looks is not None:
        await served.looks.close()
