"""Deletes: preconditions, finalizers, grace, and what happens to dependents."""

from typing import Any, Literal

from msgspec import Struct

from trimtab.clock import rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox import faults, metadata
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.store import Stored, seal
from trimtab.sandbox.world import World
from trimtab.sandbox.writing import Target, live_object

Propagation = Literal["Foreground", "Background", "Orphan"]

_KEPT = ("default", "kube-public", "kube-system")
_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


class Preconditions(Struct, frozen=True):
    propagation: Propagation = "Background"
    uid: str = ""
    version: str = ""
    dry_run: bool = False
    grace: int | None = None


class Deleted(Struct, frozen=True):
    """`gone`: the object is no more; else it waits, in the state `stored`, for its finalizers."""

    stored: Stored
    gone: bool


def delete(world: World, target: Target, how: Preconditions) -> Deleted:
    """Raises Fault."""
    live = live_object(world, target)
    if target.resource.qualified == "namespaces" and target.name in _KEPT:
        raise faults.forbidden(target.resource, target.name, "this namespace may not be deleted")
    _check(target.resource, live, how)
    manifest = metadata.copied(live.manifest)
    _mark(world, manifest, target.resource, how)
    if metadata.is_finished(manifest):
        if not how.dry_run:
            world.store.remove(target.resource.storage, live)
        return Deleted(live, gone=True)
    if how.dry_run or manifest == live.manifest:
        return Deleted(seal(manifest, 0) if how.dry_run else live, gone=False)
    if target.resource.custom or "generation" in manifest["metadata"]:
        manifest["metadata"]["generation"] = manifest["metadata"].get("generation", 0) + 1
    return Deleted(world.store.put(target.resource.storage, metadata.ordered(manifest)), gone=False)


def _check(resource: Resource, live: Stored, how: Preconditions) -> None:
    meta = live.manifest["metadata"]
    for given, field, label in ((how.uid, "uid", "UID"), (how.version, "resourceVersion", "ResourceVersion")):
        if given and given != meta[field]:
            raise faults.precondition_failed(resource, meta["name"], label=label, given=given, live=meta[field])


def _mark(world: World, manifest: Manifest, resource: Resource, how: Preconditions) -> None:
    meta: dict[str, Any] = manifest["metadata"]
    finalizer = _FINALIZERS.get(how.propagation)
    if finalizer and finalizer not in (meta.get("finalizers") or ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]
    if "deletionTimestamp" not in meta:
        meta["deletionTimestamp"] = rfc3339(world.clock.now())
        meta["deletionGracePeriodSeconds"] = _grace(manifest, resource, how)
    elif how.grace == 0:
        meta["deletionGracePeriodSeconds"] = 0
    if resource.qualified == "namespaces":
        manifest["status"] = {**(manifest.get("status") or {}), "phase": "Terminating"}


def _grace(manifest: Manifest, resource: Resource, how: Preconditions) -> int:
    """Only pods that run on a node are given time; the sandbox's kubelet then ends them."""
    spec = manifest.get("spec") or {}
    if resource.qualified != "pods" or not spec.get("nodeName"):
        return 0
    if (manifest.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return how.grace if how.grace is not None else int(spec.get("terminationGracePeriodSeconds") or 0)


def finish(world: World, resource: Resource, stored: Stored) -> None:
    """Remove a marked object now, if nothing holds it back; used once its grace is over."""
    manifest = metadata.copied(stored.manifest)
    manifest["metadata"]["deletionGracePeriodSeconds"] = 0
    if metadata.is_finished(manifest):
        world.store.remove(resource.storage, seal(manifest, 0))
