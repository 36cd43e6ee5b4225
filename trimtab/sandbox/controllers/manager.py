"""Runs the controllers: one queue, an entry per object, filled by what changes in the store."""

import asyncio
import contextlib
import logging
import math

from trimtab.sandbox.controllers import CONTROLLERS
from trimtab.sandbox.controllers.cluster import Cluster
from trimtab.sandbox.faults import Fault
from trimtab.sandbox.garbage import Reference
from trimtab.sandbox.store import Event

_SCALED = ("deployments.apps", "statefulsets.apps")
_log = logging.getLogger(__name__)


class Manager:
    """Level-triggered: an entry says only that an object should be looked at."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: asyncio.Queue[Reference] = asyncio.Queue()
        self._queued: set[Reference] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._due: dict[Reference, float] = {}

    def follow(self, collection: str, event: Event) -> None:
        """A listener of the store."""
        namespace, _ = event.stored.name
        if collection in CONTROLLERS and event.type != "DELETED":
            self._add((collection, event.stored.name))
        for owner in event.stored.manifest["metadata"].get("ownerReferences") or ():
            group = owner["apiVersion"].rpartition("/")[0]
            resource = self._cluster.world.registry.by_group_kind(group, owner["kind"])
            if resource and resource.storage in CONTROLLERS:
                self._add((resource.storage, (namespace, owner["name"])))
        if collection == "pods":
            self._add_services(event)
            self._add_all("poddisruptionbudgets.policy", namespace)
        if collection in _SCALED:
            self._add_all("horizontalpodautoscalers.autoscaling", namespace)
        if collection == "nodes":
            self._add_all("daemonsets.apps")

    def _add_all(self, collection: str, namespace: str = "") -> None:
        for name in self._cluster.world.store.collection(collection).keys(namespace):
            self._add((collection, name))

    def _add_services(self, event: Event) -> None:
        """Those that select the pod, or did before it changed."""
        states = (event.stored, event.before) if event.before else (event.stored,)
        labels = [(state.manifest["metadata"].get("labels") or {}).items() for state in states]
        namespace, _ = event.stored.name
        for service in self._cluster.all("services", namespace):
            selector = service["spec"].get("selector")
            if selector and any(selector.items() <= found for found in labels):
                self._add(("services", (namespace, service["metadata"]["name"])))

    def _add(self, entry: Reference) -> None:
        if entry not in self._queued:
            self._queued.add(entry)
            self._queue.put_nowait(entry)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                entry = await self._queue.get()
                self._queued.discard(entry)
                self._step(entry)
                await asyncio.sleep(0)
        finally:
            for task in self._later:
                task.cancel()

    def _step(self, entry: Reference) -> None:
        collection, name = entry
        manifest = self._cluster.get(collection, *name)
        if manifest is None:
            return
        try:
            again = CONTROLLERS[collection](self._cluster, manifest)
        except Fault as fault:
            # The world moved on while this was decided; a quota or a namespace on its way out says no for good.
            _log.debug("sandbox: %s %s: %s", collection, name, fault)
            again = None if fault.code in (403, 404, 422) else 0.1
        except Exception:  # a bug in one controller must not stop the others
            _log.exception("sandbox: %s %s", collection, name)
            return
        if again is not None:
            self._look_again(entry, again)

    def _look_again(self, entry: Reference, seconds: float) -> None:
        """Unless that is to happen sooner anyway."""
        due = self._cluster.world.clock.monotonic() + seconds
        if self._due.get(entry, math.inf) <= due:
            return
        self._due[entry] = due
        task = asyncio.create_task(self._add_later(entry, seconds), name=f"sandbox {entry}")
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _add_later(self, entry: Reference, seconds: float) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._cluster.world.clock.sleep(seconds)
            self._due.pop(entry, None)
            self._add(entry)
