"""`kubectl get` without `-o`: Tables of the columns that each kind is known by."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from trimtab.clock import parse_rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import at

Cell = str | int | bool | None
Columns = tuple[tuple[str, str, int], ...]
"""Name, type and priority (above 0: only with `-o wide`) of each column after the name."""


def table(resource: Resource, manifests: Iterable[Manifest], *, now: dt.datetime, include: str) -> dict[str, Any]:
    """`include`: "Metadata" (the default of the API), "Object" or "None"."""
    columns, cells = _printer(resource)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [
            _definition("Name", "string", 0, "name"),
            *(_definition(name, kind, priority) for name, kind, priority in columns),
        ],
        "rows": [
            {
                "cells": [manifest["metadata"]["name"], *cells(manifest, now)],
                "object": _included(manifest, include),
            }
            for manifest in manifests
        ],
    }


def _definition(name: str, kind: str, priority: int, form: str = "") -> dict[str, Any]:
    return {"name": name, "type": kind, "format": form, "description": "", "priority": priority}


def _included(manifest: Manifest, include: str) -> Any:
    if include == "None":
        return None
    return manifest if include == "Object" else partial(manifest)


def partial(manifest: Manifest) -> Manifest:
    """PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": manifest["metadata"],
    }


def age(timestamp: str | None, now: dt.datetime) -> str:
    """`5d3h`, as kubectl prints durations since a timestamp."""
    if not timestamp:
        return "<unknown>"
    seconds = max(0, int((now - parse_rfc3339(timestamp)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y{days % 365}d"


Cells = Callable[[Manifest, dt.datetime], list[Cell]]


def _age(manifest: Manifest, now: dt.datetime) -> str:
    return age(manifest["metadata"].get("creationTimestamp"), now)


def _printer(resource: Resource) -> tuple[Columns, Cells]:
    if resource.columns:
        columns = tuple((column.name, column.type, column.priority) for column in resource.columns)
        return columns, lambda m, now: [_custom(m, c.path, c.type, now) for c in resource.columns]
    known = PRINTERS.get(resource.qualified)
    if known is not None:
        return known
    return (("Age", "string", 0),), lambda m, now: [_age(m, now)]


def _custom(manifest: Manifest, path: str, kind: str, now: dt.datetime) -> Cell:
    """The value at a simple JSONPath: fields, indexes and `[?(@.type=="Ready")]` filters."""
    node: Any = manifest
    for field, index, key, value in _PATH.findall(path):
        if field:
            node = node.get(field.replace("\\.", ".")) if isinstance(node, dict) else None
        elif index and isinstance(node, list):
            node = node[int(index)] if int(index) < len(node) else None
        elif key and isinstance(node, list):
            node = next((item for item in node if isinstance(item, dict) and str(item.get(key)) == value), None)
    if kind == "date":
        return age(node, now) if isinstance(node, str) else "<unknown>"
    if isinstance(node, dict | list):
        return orjson.dumps(node).decode()
    return node if isinstance(node, str | int | bool) else None


_PATH = re.compile(r"""\.?((?:[\w-]|\\\.)+)|\[(\d+)\]|\[\?\(@\.([\w]+)\s*==\s*['"]([^'"]*)['"]\)\]""")


def _number(manifest: Manifest, path: str) -> int:
    return int(at(manifest, path.split(".")) or 0)


def _images(spec: dict[str, Any]) -> tuple[str, str]:
    containers = spec.get("containers") or []
    return ",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)


def _selector(selector: dict[str, Any] | None) -> str:
    labels = (selector or {}).get("matchLabels", selector or {})
    return ",".join(f"{k}={v}" for k, v in sorted(labels.items())) or "<none>"


def _pod(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    status = manifest.get("status") or {}
    containers = status.get("containerStatuses") or []
    ready = sum(1 for c in containers if c.get("ready"))
    total = len((manifest.get("spec") or {}).get("containers") or [])
    restarts = sum(c.get("restartCount", 0) for c in containers)
    return [
        f"{ready}/{total}",
        pod_reason(manifest),
        restarts,
        _age(manifest, now),
        status.get("podIP") or "<none>",
        (manifest.get("spec") or {}).get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        "<none>",
    ]


def pod_reason(manifest: Manifest) -> str:
    """What the STATUS column of a pod says."""
    if "deletionTimestamp" in manifest["metadata"]:
        return "Terminating"
    status = manifest.get("status") or {}
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("reason") or status.get("phase") or "Unknown")


def _deployment(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec = manifest["spec"]
    names, images = _images(spec["template"]["spec"])
    return [
        f"{_number(manifest, 'status.readyReplicas')}/{spec.get('replicas', 1)}",
        _number(manifest, "status.updatedReplicas"),
        _number(manifest, "status.availableReplicas"),
        _age(manifest, now),
        names,
        images,
        _selector(spec.get("selector")),
    ]


def _replica_set(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec = manifest["spec"]
    names, images = _images(spec["template"]["spec"])
    counts = [spec.get("replicas", 1), _number(manifest, "status.replicas"), _number(manifest, "status.readyReplicas")]
    return [*counts, _age(manifest, now), names, images, _selector(spec.get("selector"))]


def _stateful_set(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec = manifest["spec"]
    names, images = _images(spec["template"]["spec"])
    ready = f"{_number(manifest, 'status.readyReplicas')}/{spec.get('replicas', 1)}"
    return [ready, _age(manifest, now), names, images]


def _daemon_set(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    names, images = _images(manifest["spec"]["template"]["spec"])
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    counts: list[Cell] = [_number(manifest, f"status.{name}") for name in fields]
    node = _selector(at(manifest, ["spec", "template", "spec", "nodeSelector"]))
    return [*counts, node, _age(manifest, now), names, images, _selector(manifest["spec"].get("selector"))]


def _service(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec = manifest.get("spec") or {}
    ports = ",".join(
        f"{p['port']}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or ()
    )
    ingress = at(manifest, ["status", "loadBalancer", "ingress"]) or []
    outside = ",".join(str(i.get("ip") or i.get("hostname")) for i in ingress) or ",".join(
        spec.get("externalIPs") or ()
    )
    pending = "<pending>" if spec.get("type") == "LoadBalancer" else "<none>"
    return [
        spec.get("type", ""),
        spec.get("clusterIP") or "<none>",
        outside or pending,
        ports or "<none>",
        _age(manifest, now),
        _selector(spec.get("selector")),
    ]


def _job(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec, status = manifest["spec"], manifest.get("status") or {}
    types = [c["type"] for c in status.get("conditions") or () if c.get("status") == "True"]
    state = "Complete" if "Complete" in types else "Failed" if "Failed" in types else "Running"
    started, done = status.get("startTime"), status.get("completionTime")
    duration = age(started, parse_rfc3339(done) if done else now) if started else ""
    names, images = _images(spec["template"]["spec"])
    completions = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    return [state, completions, duration, _age(manifest, now), names, images, _selector(spec.get("selector"))]


def _ingress(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec = manifest.get("spec") or {}
    hosts = ",".join(rule.get("host") or "*" for rule in spec.get("rules") or ()) or "*"
    addresses = at(manifest, ["status", "loadBalancer", "ingress"]) or []
    where = ",".join(str(i.get("ip") or i.get("hostname")) for i in addresses)
    ports = "80, 443" if spec.get("tls") else "80"
    return [spec.get("ingressClassName") or "<none>", hosts, where, ports, _age(manifest, now)]


def _event(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    about = manifest.get("involvedObject") or {}
    last = manifest.get("lastTimestamp") or manifest.get("eventTime") or manifest["metadata"].get("creationTimestamp")
    name = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    return [age(last, now), manifest.get("type"), manifest.get("reason"), name, (manifest.get("message") or "").strip()]


def _claim(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    capacity = (status.get("capacity") or {}).get("storage", "")
    modes = ",".join(
        {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}.get(m, m)
        for m in spec.get("accessModes") or ()
    )
    storage_class = spec.get("storageClassName", "")
    return [
        status.get("phase", ""),
        spec.get("volumeName", ""),
        capacity,
        modes,
        storage_class,
        "<unset>",
        _age(manifest, now),
    ]


def _namespace(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    return [(manifest.get("status") or {}).get("phase", ""), _age(manifest, now)]


def _node(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    conditions = (manifest.get("status") or {}).get("conditions") or []
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    version = at(manifest, ["status", "nodeInfo", "kubeletVersion"]) or ""
    return ["Ready" if ready else "NotReady", "<none>", _age(manifest, now), version]


def _size_of(field: str, *more: str) -> Cells:
    def cells(manifest: Manifest, now: dt.datetime) -> list[Cell]:
        return [sum(len(manifest.get(name) or {}) for name in (field, *more)), _age(manifest, now)]

    return cells


def _secret(manifest: Manifest, now: dt.datetime) -> list[Cell]:
    return [manifest.get("type"), len(manifest.get("data") or {}), _age(manifest, now)]


def _columns(text: str, wide: str = "") -> Columns:
    """`Ready Up-to-date:integer`: words are columns, `_` stands for a blank."""
    found = [(word, 0) for word in text.split()] + [(word, 1) for word in wide.split()]
    named = ((word.partition(":"), priority) for word, priority in found)
    return tuple((name.replace("_", " "), kind or "string", priority) for (name, _, kind), priority in named)


_WIDE = "Containers Images Selector"
PRINTERS: dict[str, tuple[Columns, Cells]] = {
    "pods": (_columns("Ready Status Restarts Age", "IP Node Nominated_Node Readiness_Gates"), _pod),
    "deployments.apps": (_columns("Ready Up-to-date:integer Available:integer Age", _WIDE), _deployment),
    "replicasets.apps": (_columns("Desired:integer Current:integer Ready:integer Age", _WIDE), _replica_set),
    "statefulsets.apps": (_columns("Ready Age", "Containers Images"), _stateful_set),
    "daemonsets.apps": (
        _columns(
            "Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age",
            _WIDE,
        ),
        _daemon_set,
    ),
    "services": (_columns("Type Cluster-IP External-IP Port(s) Age", "Selector"), _service),
    "jobs.batch": (_columns("Status Completions Duration Age", _WIDE), _job),
    "ingresses.networking.k8s.io": (_columns("Class Hosts Address Ports Age"), _ingress),
    "events": (_columns("Last_Seen Type Reason Object Message"), _event),
    "persistentvolumeclaims": (
        _columns("Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age"),
        _claim,
    ),
    "namespaces": (_columns("Status Age"), _namespace),
    "nodes": (_columns("Status Roles Age Version"), _node),
    "configmaps": (_columns("Data Age"), _size_of("data", "binaryData")),
    "secrets": (_columns("Type Data:integer Age"), _secret),
}
