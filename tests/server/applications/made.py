"""Applications as a watch yields them, for tests without an API server."""

from typing import Any

import orjson

from trimtab.kube.read import observe
from trimtab.kube.resource import Resource
from trimtab.model.keys import Kind
from trimtab.model.observed import Observed
from trimtab.server.applications.stored import Stored, stored

NAMESPACE = "argocd"
RESOURCE = Resource(Kind("argoproj.io", "v1alpha1", "Application"), "applications", namespaced=True)


def observed(name: str, version: int = 1, **parts: Any) -> Observed:
    """`parts`: `labels`, `spec`, `status`, `annotations`, `namespace`."""
    metadata = {
        "name": name,
        "namespace": parts.pop("namespace", NAMESPACE),
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": f"2026-01-01T00:00:{version % 60:02}Z",
        "labels": parts.pop("labels", {}),
        "annotations": parts.pop("annotations", {}),
    }
    spec = {"project": "default", "destination": {}, **parts.pop("spec", {})}
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}
    return observe(RESOURCE, orjson.dumps({**manifest, **parts}))


def an_app(name: str, version: int = 1, **parts: Any) -> Stored:
    return stored(observed(name, version, **parts))
