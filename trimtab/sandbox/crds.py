"""CustomResourceDefinitions: accepted at once, and turned into served resources."""

from collections.abc import Iterable
from typing import Any

from trimtab.clock import rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox.resources import Column, Resource, prefix_of
from trimtab.sandbox.selectors import at
from trimtab.sandbox.store import Event
from trimtab.sandbox.world import World
from trimtab.typed.builtin import OBJECT_META, table
from trimtab.typed.schema import from_openapi

STORAGE = "customresourcedefinitions.apiextensions.k8s.io"


def set_defaults(crd: Manifest) -> None:
    """Fill in names and conversion, in place."""
    spec = crd.setdefault("spec", {})
    spec.setdefault("conversion", {"strategy": "None"})
    names = spec.setdefault("names", {})
    kind = str(names.get("kind", ""))
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")


def establish(world: World, crd: Manifest) -> None:
    """Fill in conditions, accepted names and stored versions, in place."""
    spec = crd["spec"]
    status = crd.setdefault("status", {})
    now = rfc3339(world.clock.now())
    known = {condition["type"]: condition for condition in status.get("conditions") or ()}
    stored = [version["name"] for version in spec.get("versions") or () if version.get("storage")]
    crd["status"] = {
        "conditions": [
            known.get("NamesAccepted", _condition("NamesAccepted", "NoConflicts", "no conflicts found", now)),
            known.get("Established", _condition("Established", "InitialNamesAccepted", _ACCEPTED, now)),
        ],
        "acceptedNames": spec["names"],
        "storedVersions": [
            *(status.get("storedVersions") or ()),
            *(set(stored) - set(status.get("storedVersions") or ())),
        ],
    }


_ACCEPTED = "the initial names have been accepted"


def _condition(kind: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}


def follow(world: World, collection: str, event: Event) -> None:
    """A listener of the store: serve what CRDs define, and drop the objects of one that is gone."""
    if collection != STORAGE:
        return
    spec = event.stored.manifest["spec"]
    group, plural = spec["group"], spec["names"]["plural"]
    if event.type != "DELETED":
        world.registry.replace_custom(group, plural, resources_of(event.stored.manifest))
        return
    world.registry.replace_custom(group, plural, ())
    objects = world.store.collection(f"{plural}.{group}").objects
    for stored in list(objects.values()):
        world.store.remove(f"{plural}.{group}", stored)


def resources_of(crd: Manifest) -> Iterable[Resource]:
    """A resource for each version that is served."""
    spec = crd["spec"]
    for version in spec.get("versions") or ():
        if version.get("served", True):
            yield _resource(spec, version)


def _resource(spec: dict[str, Any], version: dict[str, Any]) -> Resource:
    names = spec["names"]
    schema = at(version, ["schema", "openAPIV3Schema"]) or {"x-kubernetes-preserve-unknown-fields": True}
    subresources = version.get("subresources") or {}
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec.get("scope") != "Cluster",
        short=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(name for name in ("status", "scale") if name in subresources),
        scale=subresources.get("scale"),
        schema=from_openapi(schema, metadata=table().type(OBJECT_META)),
        openapi=schema,
        storage=f"{names['plural']}.{spec['group']}",
        columns=tuple(_column(column) for column in version.get("additionalPrinterColumns") or ()),
        selectable=tuple(field["jsonPath"].lstrip(".") for field in version.get("selectableFields") or ()),
        custom=True,
        prefix=prefix_of(f"{spec['group']}/{version['name']}", names["kind"]),
    )


def _column(column: dict[str, Any]) -> Column:
    return Column(
        name=column["name"],
        path=column["jsonPath"],
        type=column.get("type", "string"),
        priority=column.get("priority", 0),
    )
