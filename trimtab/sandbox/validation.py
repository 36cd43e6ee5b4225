"""The checks of the API server that a user meets: names, required fields, immutable fields, port ranges."""

from collections.abc import Callable, Iterator
from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox import metadata
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
    "services": ("spec.clusterIP",),
    "secrets": ("type",),
    "rolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "clusterrolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "storageclasses.storage.k8s.io": ("provisioner", "parameters", "reclaimPolicy"),
}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def _name(manifest: Manifest, resource: Resource) -> Iterator[Cause]:
    name = manifest["metadata"]["name"]
    if resource.group in _FREE_NAMES:
        return
    if resource.qualified in _LABEL_KINDS:
        if len(name) > 63 or not metadata.LABEL.match(name):
            yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_LABEL_RULE}', "metadata.name")
    elif len(name) > 253 or not metadata.SUBDOMAIN.match(name):
        yield Cause("FieldValueInvalid", f'Invalid value: "{name}": {_SUBDOMAIN_RULE}', "metadata.name")


def _of_kind(manifest: Manifest, resource: Resource) -> Iterator[Cause]:
    if not resource.custom:
        wanted = {name: value for name, value in manifest.items() if name != "status"}
        yield from _required(wanted, resource.schema, "")
    check = _CHECKS.get(resource.qualified)
    if check is not None:
        yield from check(manifest)


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
        return
    if not selector:
        message = "Invalid value: {}: empty selector is invalid for deployment"
        yield Cause("FieldValueInvalid", message, "spec.selector")
    elif not matches_labels(selector, labels):
        shown = "{" + ",".join(f'"{k}":"{v}"' for k, v in sorted(labels.items())) + "}"
        message = f"Invalid value: {shown}: `selector` does not match template `labels`"
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
        yield from _port(port.get("port"), f"spec.ports[{index}].port")
        if len(ports) > 1 and not port.get("name"):
            yield Cause("FieldValueRequired", "Required value", f"spec.ports[{index}].name")
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
        message = f'Unsupported value: "{policy or "Always"}": supported values: "OnFailure", "Never"'
        yield Cause("FieldValueNotSupported", message, "spec.template.spec.restartPolicy")


def _pod(manifest: Manifest) -> Iterator[Cause]:
    yield from _containers(manifest.get("spec"), "spec")


_CHECKS: dict[str, Callable[[Manifest], Iterator[Cause]]] = {
    "deployments.apps": _workload,
    "statefulsets.apps": _workload,
    "replicasets.apps": _workload,
    "daemonsets.apps": _pods,
    "jobs.batch": _job,
    "pods": _pod,
    "services": _service,
}
