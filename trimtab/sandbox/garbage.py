"""What follows a deletion: dependents of owners that are gone, and the contents of namespaces on their way out."""

import asyncio
import contextlib
from collections.abc import Callable

from trimtab.model.keys import Manifest
from trimtab.sandbox import deleting, metadata, writing
from trimtab.sandbox.faults import Fault
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.store import Event, Name
from trimtab.sandbox.world import World
from trimtab.sandbox.writing import Target

Reference = tuple[str, Name]
"""A collection and a key in it."""

_OPTIONS = writing.Options(manager="kube-controller-manager", validation="Ignore")


class Dependents:
    """Where every object is, by uid, and which objects name it as an owner."""

    def __init__(self) -> None:
        self._places: dict[str, Reference] = {}
        self._dependents: dict[str, set[Reference]] = {}

    def follow(self, collection: str, event: Event) -> None:
        """A listener of the store."""
        meta = event.stored.manifest["metadata"]
        here = (collection, event.stored.name)
        for owner in (event.before.manifest["metadata"] if event.before else meta).get("ownerReferences") or ():
            left = self._dependents.get(owner["uid"], set())
            left.discard(here)
            if not left:
                self._dependents.pop(owner["uid"], None)
        if event.type == "DELETED":
            self._places.pop(meta["uid"], None)
            return
        self._places[meta["uid"]] = here
        for owner in meta.get("ownerReferences") or ():
            self._dependents.setdefault(owner["uid"], set()).add(here)

    def of(self, uid: str) -> list[Reference]:
        return sorted(self._dependents.get(uid, ()))

    def place(self, uid: str) -> Reference | None:
        """Where the object with this uid is, None when there is none."""
        return self._places.get(uid)


class Collector:
    """Works off what deletions ask for, soon after them."""

    def __init__(self, world: World, dependents: Dependents) -> None:
        self._world = world
        self._dependents = dependents
        self._due: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()

    def follow(self, collection: str, event: Event) -> None:
        """A listener of the store, after the one of `Dependents`."""
        meta = event.stored.manifest["metadata"]
        if event.type == "DELETED" or "deletionTimestamp" in meta or meta.get("ownerReferences"):
            self._due.put_nowait((collection, event))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            collection, event = await self._due.get()
            # A fault means that somebody else was faster: the object is gone or was changed, which has its own event.
            with contextlib.suppress(Fault):
                self._settle(collection, event)
            await asyncio.sleep(0)

    def _settle(self, collection: str, event: Event) -> None:
        meta = event.stored.manifest["metadata"]
        if event.type == "DELETED":
            self._owner_gone(meta["uid"])
            self._owners_wait_for(meta)
            self._namespace_emptied(event.stored.name[0])
            return
        current = self._world.store.get(collection, *event.stored.name)
        if current is None or current.manifest["metadata"]["uid"] != meta["uid"]:
            return
        if "deletionTimestamp" in meta:
            self._deleting(collection, current.manifest)
        elif not self._has_owner(meta):
            self._delete((collection, event.stored.name), meta["uid"])

    def _has_owner(self, meta: Manifest) -> bool:
        owners = meta.get("ownerReferences") or ()
        return not owners or any(self._dependents.place(owner["uid"]) for owner in owners)

    def _owner_gone(self, uid: str) -> None:
        for collection, name in self._dependents.of(uid):
            stored = self._world.store.get(collection, *name)
            if stored and not self._has_owner(stored.manifest["metadata"]):
                self._delete((collection, name), stored.manifest["metadata"]["uid"])

    def _owners_wait_for(self, meta: Manifest) -> None:
        """A dependent is gone: an owner that is deleted in the foreground may have waited for it."""
        for owner in meta.get("ownerReferences") or ():
            place = self._dependents.place(owner["uid"])
            stored = self._world.store.get(place[0], *place[1]) if place else None
            if place and stored and "deletionTimestamp" in stored.manifest["metadata"]:
                self._deleting(place[0], stored.manifest)

    def _deleting(self, collection: str, manifest: Manifest) -> None:
        finalizers = manifest["metadata"].get("finalizers") or ()
        if collection == "namespaces":
            self._empty_namespace(manifest["metadata"]["name"])
        elif "orphan" in finalizers:
            self._orphan(collection, manifest)
        elif "foregroundDeletion" in finalizers:
            self._foreground(collection, manifest)

    def _orphan(self, collection: str, manifest: Manifest) -> None:
        uid = manifest["metadata"]["uid"]
        for dependent in self._dependents.of(uid):
            self._change(dependent, lambda m: _drop_owner(m, uid))
        self._drop_finalizer(collection, manifest, "orphan")

    def _foreground(self, collection: str, manifest: Manifest) -> None:
        uid = manifest["metadata"]["uid"]
        waiting = False
        for dependent in self._dependents.of(uid):
            stored = self._world.store.get(dependent[0], *dependent[1])
            if stored is None:
                continue
            meta = stored.manifest["metadata"]
            waiting = waiting or any(
                owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in meta["ownerReferences"]
            )
            if "deletionTimestamp" not in meta:
                self._delete(dependent, meta["uid"], how="Foreground")
        if not waiting:
            self._drop_finalizer(collection, manifest, "foregroundDeletion")

    def _drop_finalizer(self, collection: str, manifest: Manifest, finalizer: str) -> None:
        name = (manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])
        self._change((collection, name), lambda m: m["metadata"]["finalizers"].remove(finalizer))

    def _change(self, reference: Reference, change: Callable[[Manifest], None]) -> None:
        target = self._target(reference)
        if target and self._world.store.get(reference[0], *reference[1]):
            writing.mutate(self._world, target, change, _OPTIONS)

    def _delete(self, reference: Reference, uid: str, *, how: deleting.Propagation = "Background") -> None:
        target = self._target(reference)
        if target:
            deleting.delete(self._world, target, deleting.Preconditions(propagation=how, uid=uid))

    def _target(self, reference: Reference) -> Target | None:
        resource = self._resource(reference[0])
        return Target(resource, *reference[1]) if resource else None

    def _resource(self, collection: str) -> Resource | None:
        versions = self._world.registry.versions_of(collection)
        if not versions:
            return None
        return self._world.registry.find(versions[0].group, versions[0].version, versions[0].plural)

    def _empty_namespace(self, namespace: str) -> None:
        for collection in self._world.store.collections():
            for name in list(collection.keys(namespace)):
                stored = collection.objects[name]
                if "deletionTimestamp" not in stored.manifest["metadata"]:
                    self._delete((collection.name, name), stored.manifest["metadata"]["uid"])
        self._namespace_emptied(namespace)

    def _namespace_emptied(self, namespace: str) -> None:
        """Remove a terminating namespace once nothing is left in it."""
        found = self._world.store.get("namespaces", "", namespace) if namespace else None
        if found is None or "deletionTimestamp" not in found.manifest["metadata"]:
            return
        if any(next(c.keys(namespace), None) for c in self._world.store.collections()):
            return
        manifest = metadata.copied(found.manifest)
        manifest["spec"] = {}
        if metadata.is_finished(manifest):
            self._world.store.remove("namespaces", found)
        elif found.manifest["spec"]:  # it waits for finalizers of others; ours is done
            self._world.store.put("namespaces", metadata.ordered(manifest))


def _drop_owner(manifest: Manifest, uid: str) -> None:
    meta = manifest["metadata"]
    meta["ownerReferences"] = [owner for owner in meta["ownerReferences"] if owner["uid"] != uid]
    if not meta["ownerReferences"]:
        del meta["ownerReferences"]
