"""What the server itself does to `metadata`: names, uid, generation, order of fields, what a client cannot change."""

import random
from typing import Any

import orjson

from trimtab.model.keys import Manifest
from trimtab.sandbox import faults
from trimtab.sandbox.resources import GENERATION, Resource
from trimtab.typed.changes import same

_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
_SERVER_OWNED = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
    "namespace",
    "name",
    "generateName",
)
# Kubernetes' own alphabet for generated names: no vowels, so no words.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_DATA = ("metadata", "status")


def generated_suffix() -> str:
    return "".join(random.choices(_ALPHABET, k=5))


def for_create(manifest: Manifest, resource: Resource, namespace: str, name: str) -> Manifest:
    """With namespace and name settled. Raises Fault where body and path disagree or there is no name."""
    meta = dict(manifest.get("metadata") or {})
    _settle_namespace(meta, resource, namespace)
    for field in ("uid", "selfLink", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        meta.pop(field, None)
    if meta.pop("resourceVersion", None):
        raise faults.Fault(500, "", "resourceVersion should not be set on objects to be created")
    if not meta.get("name"):
        if name:
            meta["name"] = name
        elif meta.get("generateName"):
            meta["name"] = meta["generateName"][:58] + generated_suffix()
        else:
            cause = faults.Cause(
                "FieldValueRequired", "Required value: name or generateName is required", "metadata.name"
            )
            raise faults.invalid(resource, "", [cause])
    return {**manifest, "metadata": meta}


def for_apply(manifest: Manifest, resource: Resource, namespace: str, name: str) -> Manifest:
    """An applied configuration with namespace and name. Raises Fault where body and path disagree."""
    meta = dict(manifest.get("metadata") or {})
    _settle_namespace(meta, resource, namespace)
    if meta.setdefault("name", name) != name:
        raise faults.bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    return {**manifest, "metadata": meta}


def _settle_namespace(meta: dict[str, Any], resource: Resource, namespace: str) -> None:
    given = meta.get("namespace")
    if not resource.namespaced:
        meta.pop("namespace", None)
    elif given and given != namespace:
        raise faults.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    else:
        meta["namespace"] = namespace


def stamped(manifest: Manifest, *, uid: str, now: str, resource: Resource) -> Manifest:
    meta = {**manifest["metadata"], "uid": uid, "creationTimestamp": now}
    meta.pop("generation", None)
    if resource.custom or resource.qualified in GENERATION:
        meta["generation"] = 1
    return {**manifest, "metadata": meta}


def for_update(old: Manifest, new: Manifest, *, tracked: bool) -> Manifest:
    """`new` with what only the server sets taken from `old`.

    managedFields that the client left out stay, unless `tracked` says that they are settled already.
    """
    live = old["metadata"]
    meta = {name: value for name, value in (new.get("metadata") or {}).items() if name not in _SERVER_OWNED}
    meta.update({name: live[name] for name in _SERVER_OWNED if name in live})
    if not tracked and "managedFields" not in meta and "managedFields" in live:
        meta["managedFields"] = live["managedFields"]
    if meta.get("managedFields") == [{}]:
        meta["managedFields"] = []
    return {**new, "metadata": meta}


def new_finalizers(old: Manifest, new: Manifest) -> list[faults.Cause]:
    """Why finalizers cannot be added to an object on its way out."""
    if "deletionTimestamp" not in old["metadata"]:
        return []
    before = old["metadata"].get("finalizers") or ()
    added = [name for name in new["metadata"].get("finalizers") or () if name not in before]
    if not added:
        return []
    names = ", ".join(f'"{name}"' for name in added)
    rule = "no new finalizers can be added if the object is being deleted"
    message = f"Forbidden: {rule}, found new finalizers []string{{{names}}}"
    return 2 * [faults.Cause("FieldValueForbidden", message, "metadata.finalizers")]


def count_generation(old: Manifest, new: Manifest, resource: Resource, *, status: bool) -> None:
    """Bump when anything that is wanted changed: all but metadata and status."""
    if status or "generation" not in old["metadata"]:
        return
    ignored = _DATA if resource.has_status or not resource.custom else ("metadata",)
    before = {name: value for name, value in old.items() if name not in ignored}
    after = {name: value for name, value in new.items() if name not in ignored}
    if not same(before, after):
        new["metadata"]["generation"] = old["metadata"]["generation"] + 1


def unchanged(old: Manifest, new: Manifest) -> bool:
    """Equal but for the times in managedFields: nothing is written then."""
    before = {name: value for name, value in old.items() if name != "metadata"}
    if not same(before, {name: value for name, value in new.items() if name != "metadata"}):
        return False
    return _comparable(old["metadata"]) == _comparable(new["metadata"])


def _comparable(meta: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in meta.items() if name != "resourceVersion" and value not in ({}, [])}
    if "managedFields" in kept:
        entries = [{k: v for k, v in entry.items() if k != "time"} for entry in kept["managedFields"]]
        kept["managedFields"] = sorted(entries, key=lambda entry: orjson.dumps(entry, option=orjson.OPT_SORT_KEYS))
    return kept


def is_finished(manifest: Manifest) -> bool:
    """Marked for deletion, and nothing holds it back."""
    meta = manifest["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    return not meta.get("deletionGracePeriodSeconds") and not (manifest.get("spec") or {}).get("finalizers")


def ordered(manifest: Manifest) -> Manifest:
    """A copy whose fields come in the order that the API server writes them."""
    meta = manifest["metadata"]
    first = {name: meta[name] for name in _ORDER if name in meta}
    rest = {name: value for name, value in manifest.items() if name not in ("kind", "apiVersion", "metadata")}
    return {
        "kind": manifest["kind"],
        "apiVersion": manifest["apiVersion"],
        "metadata": first | {name: value for name, value in meta.items() if name not in first},
        **rest,
    }


def copied(manifest: Manifest) -> Manifest:
    """A deep copy."""
    copy: Manifest = orjson.loads(orjson.dumps(manifest))
    return copy
