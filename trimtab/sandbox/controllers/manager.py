"""Runs the controllers: one queue, an entry per object, filled by what changes in the store."""

import asyncio
import contextlib
import logging

from trimtab.sandbox.controllers import CONTROLLERS
from trimtab.sandbox.controllers.cluster import Cluster
from trimtab.sandbox.faults import Fault
from trimtab.sandbox.garbage import Reference
from trimtab.sandbox.store import Event

_log = logging.getLogger(__name__)


class Manager:
    """Level-triggered: an entry says only that an object should be looked at."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._queue: asyncio.Queue[Reference] = asyncio.Queue()
        self._queued: set[Reference] = set()
        self._later: set[asyncio.Task[None]] = set()

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
            for service in self._cluster.all("services", namespace):
                self._add(("services", (namespace, service["metadata"]["name"])))
        if collection == "nodes":
            for daemon_set in self._cluster.all("daemonsets.apps"):
                meta = daemon_set["metadata"]
                self._add(("daemonsets.apps", (meta["namespace"], meta["name"])))

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
            task = asyncio.create_task(self._add_later(entry, again), name=f"sandbox {collection} {name}")
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def _add_later(self, entry: Reference, seconds: float) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._cluster.world.clock.sleep(seconds)
            self._add(entry)
