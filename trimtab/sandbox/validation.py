"""The checks of the API server that a user meets: names, required fields, immutable fields, port ranges."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from trimtab.model.keys import Manifest
from trimtab.sandbox import crd_validation, metadata
from trimtab.sandbox.custom_validation import misfits
from trimtab.sandbox.faults import Cause
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import at, matches_labels
from trimtab.typed.schema import Schema

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_NODE_PORTS = "provided port is not in the valid range. The range of valid ports is 30000-32767"
_LABEL_KINDS = ("namespaces", "services")
_FREE_NAMES = ("rbac.authorization.k8s.io",)
"""Groups whose names may hold any character but a slash."""


def on_create(manifest: Manifest, resource: Resource) -> list[Cause]:
    return [*_name(manifest, resource), *_of_kind(manifest, resource)]


def on_update(old: Manifest, new: Manifest, resource: Resource) -> list[Cause]:
    found = list(_of_kind(new, resource))
    if resource.qualified == "services":
        found += _cluster_address(old, new)
    for path in _IMMUTABLE.get(resource.qualified, ()):
        before, after = at(old, path.split(".")), at(new, path.split("."))
        if before is not None and before != after:
            found.append(Cause("FieldValueInvalid", f"Invalid value: {_shown(after)}: field is immutable", path))
    return found


_IMMUTABLE: dict[str, tuple[str, ...]] = {
    "deployments.apps": ("spec.selector",),
    "daemonsets.apps": ("spec.selector",),
    "replicasets.apps": ("spec.selector",),
    "jobs.batch": ("spec.selector", "spec.template", "spec.completionMode"),
    "persistentvolumeclaims": ("spec.storageClassName", "spec.accessModes", "spec.volumeMode"),
    "secrets": ("type",),
    "rolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "clusterrolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "storageclasses.storage.k8s.io": ("provisioner", "parameters", "reclaimPolicy"),
}


def _shown(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _cluster_address(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before, after = at(old, ["spec", "clusterIP"]), at(new, ["spec", "clusterIP"])
    if before and after != before and at(new, ["spec", "type"]) != "ExternalName":
        message = f'Invalid value: ["{after}"]: may not change once set'
        yield Cause("FieldValueInvalid", message, "spec.clusterIPs[0]")


def _name(manifest: Manifest, resource: Resource) -> Iterator[Cause]:
    name = manifest["metadata"]["name"]
    if resource.group in _FREE_NAMES:
        return
    if resource.qualified in _LABEL_KINDS:
        if "." in name:
            yield Cause("FieldValueInvalid", f'Invalid value: "{name}": must not contain dots', "metadata.name")
        elif len(name) > 63 or not metadata.LABEL.match(name):
            yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_LABEL_RULE}', "metadata.name")
    elif len(name) > 253 or not metadata.SUBDOMAIN.match(name):
        yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_SUBDOMAIN_RULE}', "metadata.name")


def _of_kind(manifest: Manifest, resource: Resource) -> list[Cause]:
    check = _CHECKS.get(resource.qualified)
    found = list(check(manifest)) if check else []
    if resource.custom:
        found += misfits(manifest, resource.openapi or {})
    else:
        wanted = {name: value for name, value in manifest.items() if name != "status"}
        found += [cause for cause in _required(wanted, resource.schema, "") if cause not in found]
    return found


def _required(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """Required fields that are missing. Built-in kinds' schemas say nothing else that is checked by field."""
    if isinstance(value, dict) and schema.shape in ("struct", "map"):
        for name in schema.required:
            if name not in value and (path, name) not in _NOT_REALLY_REQUIRED:
                yield Cause("FieldValueRequired", "Required value", f"{path}.{name}" if path else name)
        for name, child in value.items():
            yield from _required(child, schema.child(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list) and schema.shape == "list":
        for index, item in enumerate(value):
            yield from _required(item, schema.item, f"{path}[{index}]")


# Declared required, but filled in by the server or left to a later writer.
_NOT_REALLY_REQUIRED = {("spec", "serviceName"), ("", "metadata")}


def _selector(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    labels = at(spec, ["template", "metadata", "labels"]) or {}
    selector = spec.get("selector")
    if selector is None:
        yield Cause("FieldValueRequired", "Required value", "spec.selector")
    if selector == {}:
        message = "Invalid value: {}: empty selector is invalid for deployment"
        yield Cause("FieldValueInvalid", message, "spec.selector")
    elif not matches_labels(selector, labels):
        message = f"Invalid value: {_shown(labels or None)}: `selector` does not match template `labels`"
        yield Cause("FieldValueInvalid", message, "spec.template.metadata.labels")


def _pods(manifest: Manifest) -> Iterator[Cause]:
    yield from _selector(manifest)
    yield from _containers(at(manifest, ["spec", "template", "spec"]), "spec.template.spec")


def _containers(spec: dict[str, Any] | None, path: str) -> Iterator[Cause]:
    if spec is None:
        return
    if not spec.get("containers"):
        yield Cause("FieldValueRequired", "Required value", f"{path}.containers")
    seen: set[str] = set()
    for index, container in enumerate(spec.get("containers") or ()):
        here = f"{path}.containers[{index}]"
        name = container.get("name")
        if name and not metadata.LABEL.match(name):
            yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_LABEL_RULE}', f"{here}.name")
        if name in seen:
            yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{here}.name")
        seen.add(name or "")
        if not container.get("image"):
            yield Cause("FieldValueRequired", "Required value", f"{here}.image")
        for at_port, port in enumerate(container.get("ports") or ()):
            yield from _port(port.get("containerPort"), f"{here}.ports[{at_port}].containerPort")


def _port(number: Any, path: str) -> Iterator[Cause]:
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield Cause("FieldValueInvalid", f"Invalid value: {number}: must be between 1 and 65535, inclusive", path)


def _service(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield Cause("FieldValueRequired", "Required value", "spec.ports")
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield Cause("FieldValueRequired", "Required value", f"spec.ports[{index}].name")
        yield from _port(port.get("port"), f"spec.ports[{index}].port")
        yield from _port(port.get("targetPort"), f"spec.ports[{index}].targetPort")
        node_port = port.get("nodePort")
        if node_port and not 30000 <= node_port <= 32767:
            message = f"Invalid value: {node_port}: {_NODE_PORTS}"
            yield Cause("FieldValueInvalid", message, f"spec.ports[{index}].nodePort")


def _replicas(manifest: Manifest) -> Iterator[Cause]:
    replicas = at(manifest, ["spec", "replicas"])
    if isinstance(replicas, int) and replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        yield Cause("FieldValueInvalid", message, "spec.replicas")


def _workload(manifest: Manifest) -> Iterator[Cause]:
    yield from _replicas(manifest)
    yield from _pods(manifest)


def _job(manifest: Manifest) -> Iterator[Cause]:
    yield from _containers(at(manifest, ["spec", "template", "spec"]), "spec.template.spec")
    policy = at(manifest, ["spec", "template", "spec", "restartPolicy"])
    if policy not in ("OnFailure", "Never"):
        message = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause("FieldValueRequired", message, "spec.template.spec.restartPolicy")


def _pod(manifest: Manifest) -> Iterator[Cause]:
    yield from _containers(manifest.get("spec"), "spec")


_CHECKS: dict[str, Callable[[Manifest], Iterator[Cause]]] = {
    "deployments.apps": _workload,
    "statefulsets.apps": _workload,
    "replicasets.apps": _workload,
    "daemonsets.apps": _pods,
    "jobs.batch": _job,
    "customresourcedefinitions.apiextensions.k8s.io": crd_validation.misfits,
    "pods": _pod,
    "services": _service,
}
