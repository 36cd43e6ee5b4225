"""Builders of what the pure packages work on, in the words of the domain."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from trimtab.compare.comparison import Comparison, Verdict, compare
from trimtab.compare.prepare import Identity, Prepared, Scope, prepare
from trimtab.live.entry import Entry, pack
from trimtab.model.keys import Manifest, ObjectKey, key_of
from trimtab.model.names import TRACKING_ID
from trimtab.model.target import Target
from trimtab.model.tracking import owner_of, tracking_id

INSTANCE, NAMESPACE = "shop", "place"
IDENTITY = Identity(INSTANCE, NAMESPACE)
START = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
CLUSTER_KINDS = frozenset(("Namespace", "CustomResourceDefinition", "ClusterRole", "StorageClass", "PersistentVolume"))


def an_object(
    kind: str = "ConfigMap",
    name: str = "one",
    *,
    api_version: str = "v1",
    namespace: str = "",
    annotations: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Manifest:
    metadata: Manifest = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def a_crd(group: str, kind: str, *, scope: str = "Namespaced", **more: Any) -> Manifest:
    plural = f"{kind.lower()}s"
    spec = {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural}}
    return an_object(
        "CustomResourceDefinition", f"{plural}.{group}", api_version="apiextensions.k8s.io/v1", spec=spec, **more
    )


def scopes_of(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Scope]:
    keys = [key_of(manifest) for manifest in manifests]
    return {(k.group, k.kind): "Cluster" if k.kind in CLUSTER_KINDS else "Namespaced" for k in keys}


def prepared(*manifests: Manifest) -> Prepared:
    targets = [Target(manifest, f"deploy.yaml document {number}") for number, manifest in enumerate(manifests, 1)]
    return prepare(targets, identity=IDENTITY, scopes=scopes_of(manifests))


def placed(manifest: Manifest) -> Manifest:
    """The object in its namespace, as a cluster has it."""
    if manifest["kind"] in CLUSTER_KINDS:
        return manifest
    return {**manifest, "metadata": {"namespace": NAMESPACE, **manifest["metadata"]}}


def an_entry(manifest: Manifest, *, version: str = "1", uid: str = "u1") -> Entry:
    """A live object in the cache, as it is."""
    live = placed(manifest)
    key = key_of(live)
    return Entry(
        key=key,
        uid=uid,
        version=version,
        instance=owner_of(key, live["metadata"].get("annotations")),
        packed=pack(orjson.dumps(live)),
    )


def tracked(manifest: Manifest, *, instance: str = INSTANCE) -> Manifest:
    """The object with a tracking annotation of `instance`."""
    live = placed(manifest)
    stamp = tracking_id(instance, key_of(live), destination_namespace=NAMESPACE)
    annotations = {**(live["metadata"].get("annotations") or {}), TRACKING_ID: stamp}
    return {**live, "metadata": {**live["metadata"], "annotations": annotations}}


def compared(
    found: Prepared, *live: Entry, known: Mapping[ObjectKey, Verdict] | None = None, instance: str = INSTANCE
) -> Comparison:
    return compare(found, instance=instance, live={entry.key: entry for entry in live}, known=known or {})
