"""How the controllers see and change the sandbox: its store, through the same writes as HTTP requests."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from trimtab.clock import parse_rfc3339, rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox import deleting, writing
from trimtab.sandbox.garbage import Dependents
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import matches_labels
from trimtab.sandbox.world import World

MANAGER = "kube-controller-manager"


class Cluster:
    """Reads return the store's own manifests: look, do not touch."""

    def __init__(self, world: World, dependents: Dependents) -> None:
        self.world = world
        self._dependents = dependents
        self._since: dict[str, float] = {}

    @property
    def start_seconds(self) -> float:
        return self.world.settings.start_seconds

    def now(self) -> str:
        return rfc3339(self.world.clock.now())

    def seconds_since(self, timestamp: str) -> float:
        moment: dt.timedelta = self.world.clock.now() - parse_rfc3339(timestamp)
        return moment.total_seconds()

    def waited(self, manifest: Manifest) -> float:
        """Seconds since this was first asked of the object; timestamps would know only whole ones."""
        now = self.world.clock.monotonic()
        return now - self._since.setdefault(manifest["metadata"]["uid"], now)

    def get(self, collection: str, namespace: str, name: str) -> Manifest | None:
        found = self.world.store.get(collection, namespace, name)
        return found.manifest if found else None

    def all(self, collection: str, namespace: str = "") -> list[Manifest]:
        found = self.world.store.collection(collection)
        return [found.objects[key].manifest for key in found.keys(namespace)]

    def selected(self, collection: str, namespace: str, labels: dict[str, str]) -> list[Manifest]:
        """Objects that carry all of `labels`."""
        selector = {"matchLabels": labels}
        return [
            m for m in self.all(collection, namespace) if matches_labels(selector, m["metadata"].get("labels") or {})
        ]

    def owned(self, owner: Manifest, collection: str) -> list[Manifest]:
        """The dependents of `owner` in a collection, by name."""
        names = sorted(name for where, name in self._dependents.of(owner["metadata"]["uid"]) if where == collection)
        found = (self.world.store.get(collection, *name) for name in names)
        return [stored.manifest for stored in found if stored]

    def create(self, collection: str, manifest: Manifest, *, manager: str = MANAGER) -> Manifest:
        """Raises Fault."""
        meta = manifest["metadata"]
        target = writing.Target(self._resource(collection), meta.get("namespace", ""), meta.get("name", ""))
        return writing.create(self.world, target, manifest, _options(manager)).stored.manifest

    def change(
        self,
        collection: str,
        manifest: Manifest,
        change: Callable[[Manifest], None],
        *,
        manager: str = MANAGER,
        subresource: str = "",
    ) -> None:
        """Raises Fault."""
        meta = manifest["metadata"]
        target = writing.Target(self._resource(collection), meta.get("namespace", ""), meta["name"])
        writing.mutate(self.world, target, change, _options(manager, subresource))

    def set_status(
        self, collection: str, manifest: Manifest, status: dict[str, Any], *, manager: str = MANAGER
    ) -> None:
        """Write a status, if it says anything new."""
        if manifest.get("status") != status:
            self.change(collection, manifest, lambda m: m.update(status=status), manager=manager, subresource="status")

    def delete(self, collection: str, manifest: Manifest) -> None:
        meta = manifest["metadata"]
        target = writing.Target(self._resource(collection), meta.get("namespace", ""), meta["name"])
        deleting.delete(self.world, target, deleting.Preconditions(uid=meta["uid"]))

    def end(self, collection: str, manifest: Manifest) -> None:
        """Finish a deletion whose grace is over."""
        meta = manifest["metadata"]
        self._since.pop(meta["uid"], None)
        found = self.world.store.get(collection, meta.get("namespace", ""), meta["name"])
        if found:
            deleting.finish(self.world, self._resource(collection), found)

    def _resource(self, collection: str) -> Resource:
        first = self.world.registry.versions_of(collection)[0]
        found = self.world.registry.find(first.group, first.version, first.plural)
        assert found is not None
        return found


def _options(manager: str, subresource: str = "") -> writing.Options:
    return writing.Options(manager=manager, validation="Ignore", subresource=subresource)


def owner_reference(owner: Manifest) -> dict[str, Any]:
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_ready(pod: Manifest) -> bool:
    return condition(pod, "Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def condition(manifest: Manifest, kind: str) -> str | None:
    """The status of a condition, None when it is not there."""
    conditions: Iterable[dict[str, str]] = (manifest.get("status") or {}).get("conditions") or ()
    return next((c.get("status") for c in conditions if c.get("type") == kind), None)


def alive(pods: Iterable[Manifest]) -> list[Manifest]:
    """Those that are neither finished nor being deleted."""
    return [
        pod
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def pod_from(template: Manifest, owner: Manifest, *, name: str = "", labels: dict[str, str] | None = None) -> Manifest:
    """A pod of `owner`, as its template describes it; its name is generated when none is given."""
    meta = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **({"name": name} if name else {"generateName": owner["metadata"]["name"] + "-"}),
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(meta.get("labels") or {}), **(labels or {})},
            "annotations": dict(meta.get("annotations") or {}),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    }


def revise(old: list[dict[str, Any]], new: list[dict[str, Any]], now: str) -> list[dict[str, Any]]:
    """Conditions with their times: a transition time is kept while the status stays the same."""
    known = {c["type"]: c for c in old}
    revised = []
    for fresh in new:
        before = known.get(fresh["type"])
        if before is None or before["status"] != fresh["status"]:
            revised.append({**fresh, "lastTransitionTime": now})
        else:
            revised.append({**fresh, "lastTransitionTime": before.get("lastTransitionTime", now)})
    return revised
