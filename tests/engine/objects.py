"""Kubernetes objects as tests need them, and how they become files of a repository."""

import json
from typing import Any

from trimtab.model.keys import Manifest
from trimtab.model.names import HOOK, HOOK_DELETE_POLICY, SYNC_OPTIONS, SYNC_WAVE

WORKFLOW = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
"""A kind with a health rule that looks at `status.phase` alone: a test decides by a patch how it ends."""


_ANNOTATIONS = {
    "hook": HOOK,
    "delete_policy": HOOK_DELETE_POLICY,
    "options": SYNC_OPTIONS,
    "keep": "helm.sh/resource-policy",
    "helm_hook": "helm.sh/hook",
    "helm_weight": "helm.sh/hook-weight",
}


def config_map(
    name: str, data: dict[str, str] | None = None, *, wave: int | None = None, **annotations: str
) -> Manifest:
    """A ConfigMap; keyword arguments are annotations by their short name (`options="Prune=false"`)."""
    metadata = _metadata(name, wave, annotations)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"key": "one"}}


def workflow(name: str, *, wave: int | None = None, **annotations: str) -> Manifest:
    """An object that is Progressing until somebody writes `status.phase`."""
    return {**WORKFLOW, "metadata": _metadata(name, wave, annotations), "spec": {"entrypoint": "main"}}


def _metadata(name: str, wave: int | None, annotations: dict[str, str]) -> Manifest:
    marks = {_ANNOTATIONS[short]: value for short, value in annotations.items()}
    if wave is not None:
        marks[SYNC_WAVE] = str(wave)
    return {"name": name, **({"annotations": marks} if marks else {})}


def deployment(name: str, *, replicas: int = 1, image: str = "registry.example/web:1") -> Manifest:
    """A Deployment of one container with one port."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": image, "ports": [{"containerPort": 80}]}]},
            },
        },
    }


def job(name: str, **annotations: str) -> Manifest:
    """A Job whose Pod ends by itself."""
    container = {"name": "main", "image": "registry.example/migrate:1"}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    spec = {"backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(name, None, annotations), "spec": spec}


def service(name: str, *, port: int = 80) -> Manifest:
    """A ClusterIP Service."""
    spec = {"selector": {"app": name}, "ports": [{"port": port, "name": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def crd(kind: str, group: str, *, scope: str = "Namespaced") -> Manifest:
    """The CustomResourceDefinition of an open schema; the plural is the kind in small letters and an s."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": scope, "versions": [version]},
    }


def files(folder: str, *manifests: Manifest) -> dict[str, str]:
    """One file for each manifest: `folder/configmap-a.yaml` (JSON is YAML)."""
    return {f"{folder}/{m['kind'].lower()}-{m['metadata']['name']}.yaml": json.dumps(m, indent=1) for m in manifests}


def drop(*paths: str) -> dict[str, None]:
    """The change of a commit that removes `paths`."""
    return dict.fromkeys(paths)


def annotated(manifest: Manifest, **annotations: Any) -> Manifest:
    """`manifest` with more annotations."""
    metadata = manifest["metadata"]
    merged = {**(metadata.get("annotations") or {}), **annotations}
    return {**manifest, "metadata": {**metadata, "annotations": merged}}
