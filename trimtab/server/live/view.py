"""One application's tree, kept true while somebody looks at it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trimtab.controller.clusters import ClusterHandle
from trimtab.errors import TrimtabError
from trimtab.model.keys import AppKey, ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.applications.stored import Stored
from trimtab.server.failures import Code, Failure, not_found
from trimtab.server.live.describe import Seen, seen
from trimtab.server.live.grown import Grown, Wanted, grow
from trimtab.server.live.hosts import Nodes
from trimtab.server.live.lingering import Lingering
from trimtab.server.live.roots import Roots, roots
from trimtab.server.live.subject import Looked, looked
from trimtab.server.live.surroundings import Sight, Surroundings
from trimtab.server.served import Served
from trimtab.server.wire import encode

log = logging.getLogger(__name__)
COALESCE_SECONDS = 0.2
"""Changes that come together make one new tree."""
IDLE = 5
"""A tree that takes long to make is made at most this part of the time: so many times longer nothing is done."""
MOST_SECONDS = 3.0
AGAIN_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 60.0


class Sources(Struct, frozen=True):
    """What the views of all applications of a cluster share."""

    surroundings: Lingering[Sight, Surroundings]
    nodes: Nodes


SourcesOf = Callable[[ClusterHandle], Sources]


class View:
    """`version` grows with each tree that differs from the one before."""

    def __init__(self, key: AppKey, uid: str, served: Served, sources_of: SourcesOf) -> None:
        self._key = key
        self._uid = uid
        self._served = served
        self._sources_of = sources_of
        self._following: dict[tuple[ClusterHandle, Sight], Surroundings] = {}
        self._uses = contextlib.AsyncExitStack()
        self._described: dict[ObjectKey, tuple[str, Seen]] = {}
        self._versions: dict[ObjectKey, str] = {}
        self._dirty = asyncio.Event()
        self._news = asyncio.Condition()
        self._grown: Grown | None = None
        self._body = b""
        self._error: TrimtabError | Failure | None = None
        self._task: asyncio.Task[None] | None = None
        self.version = 0

    def touch(self) -> None:
        """The Application has changed."""
        self._dirty.set()

    async def grown(self) -> Grown:
        """The tree as it is. Raises Failure or TrimtabError where it cannot be made."""
        return (await self.newer(0))[1]

    async def newer(self, version: int) -> tuple[int, Grown]:
        """The first tree after `version`, when there is one. Raises Failure or TrimtabError where none can be made."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"view {self._key}")
        async with self._news:
            await self._news.wait_for(lambda: self.version > version or self._error is not None)
        if self._error is not None:
            raise self._error
        assert self._grown is not None
        return self.version, self._grown

    async def newer_body(self, version: int) -> tuple[int, bytes]:
        """As `newer`, the tree as JSON: encoded once for all who look."""
        newer, grown = await self.newer(version)
        self._body = self._body or encode(grown.tree)
        return newer, self._body

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for around in self._following.values():
            around.listeners.discard(self._dirty)
        await self._uses.aclose()

    async def _run(self) -> None:
        clock = self._served.clock
        while True:
            self._dirty.clear()
            began = clock.monotonic()
            subject = await self._renewed()
            took = clock.monotonic() - began
            await self._change(subject)
            await clock.sleep(min(MOST_SECONDS, max(COALESCE_SECONDS, IDLE * took)))

    async def _renewed(self) -> Looked | None:
        """Make the tree anew and tell of it; what it was made of."""
        try:
            subject = looked(self._served, self._stored())
            self._versions = _versions(subject)
            grown = await self._grow(subject)
        except (TrimtabError, Failure) as error:
            await self._tell(self._grown, error)
            return None
        except Exception:
            log.exception("the tree of %s: a defect in Trimtab", self._key)
            await self._tell(self._grown, Failure(Code.INTERNAL, "internal error; the server's log says more"))
            return None
        await self._tell(grown, None)
        return subject

    async def _tell(self, grown: Grown | None, error: TrimtabError | Failure | None) -> None:
        async with self._news:
            if grown is not None and (self._grown is None or grown.tree != self._grown.tree):
                self.version += 1
                self._body = b""
            self._grown, self._error = grown, error
            self._news.notify_all()

    async def _change(self, subject: Looked | None) -> None:
        """Return when something has changed since the tree was begun, or may have."""
        patience = LOOK_AGAIN_SECONDS if subject is not None else AGAIN_SECONDS
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._dirty.wait())]
        if subject is not None:
            keys = frozenset(self._described)
            waiting.append(asyncio.create_task(subject.cluster.changed(keys, timeout=patience)))
        try:
            # They begin to listen; what has changed before that is seen by comparing.
            await asyncio.sleep(0)
            if subject is None or self._versions == _versions(subject):
                await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _stored(self) -> Stored:
        stored = self._served.applications.get(self._key)
        if stored is None or stored.uid != self._uid:
            raise not_found(f'applications.argoproj.io "{self._key.name}" not found')
        return stored

    async def _grow(self, subject: Looked) -> Grown:
        limits = await self._served.world.projects.limits(subject.app)
        found = await roots(subject, limits)
        orphaned = limits.project.spec.orphaned_resources
        tops = self._seen_roots(found)
        around = await self._look_around(subject, tops, orphans=orphaned is not None)
        grown = grow(
            Wanted(
                roots=tops,
                missing=found.missing,
                around=tuple(one for one in around if not limits.object_refusal(one.kin.key)),
                place=subject.namespace,
                orphaned=orphaned,
            )
        )
        allowed = self._words("application.allowedNodeLabels")
        hosts = await self._sources_of(subject.cluster).nodes.hosts(grown.members.values(), labels=allowed)
        return replace(grown, tree=replace(grown.tree, hosts=hosts))

    def _seen_roots(self, found: Roots) -> tuple[Seen, ...]:
        """Each object is described once for each of its states."""
        labels = self._words("resource.customLabels")
        described: dict[ObjectKey, tuple[str, Seen]] = {}
        for key, entry in found.entries.items():
            known = self._described.get(key)
            if known is None or known[0] != entry.version:
                known = (entry.version, seen(entry.manifest(), labels=labels))
            described[key] = known
        self._described = described
        return tuple(one for _, one in described.values())

    async def _look_around(self, subject: Looked, tops: tuple[Seen, ...], *, orphans: bool) -> tuple[Seen, ...]:
        """What is in the namespaces of the application."""
        namespaces = {one.kin.key.namespace for one in tops if one.kin.key.namespace or not _is_built_in(one)}
        if orphans:
            namespaces.add(subject.namespace)
        labels = self._words("resource.customLabels")
        sights = {
            Sight(namespace=namespace, everything=orphans and namespace == subject.namespace, labels=labels)
            for namespace in namespaces
        }
        wanted = [await self._surroundings(subject.cluster, sight) for sight in sights]
        await asyncio.gather(*(around.ready() for around in wanted))
        return tuple(one for around in wanted for one in around.all())

    async def _surroundings(self, cluster: ClusterHandle, sight: Sight) -> Surroundings:
        known = self._following.get((cluster, sight))
        if known is None:
            using = self._sources_of(cluster).surroundings.use(sight)
            known = self._following[cluster, sight] = await self._uses.enter_async_context(using)
            known.listeners.add(self._dirty)
        return known

    def _words(self, setting: str) -> tuple[str, ...]:
        """A list in argocd-cm, by commas."""
        text = self._served.configuration.config_map(ARGOCD_CM).get(setting, "")
        return tuple(word.strip() for word in text.split(",") if word.strip())


def _versions(subject: Looked) -> dict[ObjectKey, str]:
    """The states of the application's own objects, as the cache has them."""
    return {key: entry.version for key, entry in subject.cluster.live.tracked(subject.instance).items()}


def _is_built_in(one: Seen) -> bool:
    """Kubernetes' own cluster-scoped kinds own no cluster-scoped objects."""
    group = one.kin.key.group
    return "." not in group or group.endswith(".k8s.io")
