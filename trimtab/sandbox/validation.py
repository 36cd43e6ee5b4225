"""The checks of the API server that a user meets: names, required fields, selectors, containers, ports."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from trimtab.model.keys import Manifest
from trimtab.sandbox import crd_validation, custom_validation, immutability, names_validation
from trimtab.sandbox.faults import Cause
from trimtab.sandbox.immutability import shown
from trimtab.sandbox.names_validation import LABEL, LABEL_RULE, invalid
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import at, matches_labels
from trimtab.typed.schema import Schema

Check = Callable[[Manifest], Iterator[Cause]]

_NODE_PORTS = "provided port is not in the valid range. The range of valid ports is 30000-32767"
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def on_create(manifest: Manifest, resource: Resource) -> list[Cause]:
    return [*names_validation.name_misfits(manifest, resource), *_misfits(manifest, resource)]


def on_update(old: Manifest, new: Manifest, resource: Resource) -> list[Cause]:
    return [*_misfits(new, resource), *immutability.misfits(old, new, resource.qualified)]


def _misfits(manifest: Manifest, resource: Resource) -> list[Cause]:
    found = list(names_validation.metadata_misfits(manifest))
    check = CHECKS.get(resource.qualified)
    if check is not None:
        found += check(manifest)
    if resource.custom:
        found += custom_validation.misfits(manifest, resource.openapi or {})
    else:
        wanted = {name: value for name, value in manifest.items() if name != "status"}
        fields = {cause.field for cause in found}
        found += [cause for cause in _required(wanted, resource.schema, "") if cause.field not in fields]
    return found


def _missing(path: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", path)


def _unsupported(value: Any, supported: tuple[str, ...], path: str) -> Cause:
    listed = ", ".join(f'"{item}"' for item in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {listed}", path)


# Declared required, but filled in by the server or left to a later writer.
_NOT_REALLY_REQUIRED = {("spec", "serviceName"), ("", "metadata")}


def _required(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """Required fields that are missing. Built-in kinds' schemas say nothing else that is checked by field."""
    if isinstance(value, dict) and schema.shape in ("struct", "map"):
        for name in schema.required:
            if name not in value and (path, name) not in _NOT_REALLY_REQUIRED:
                yield _missing(f"{path}.{name}" if path else name)
        for name, child in value.items():
            yield from _required(child, schema.child(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list) and schema.shape == "list":
        for index, item in enumerate(value):
            yield from _required(item, schema.item, f"{path}[{index}]")


def _workload(manifest: Manifest) -> Iterator[Cause]:
    replicas = at(manifest, ["spec", "replicas"])
    if isinstance(replicas, int) and replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        yield Cause("FieldValueInvalid", message, "spec.replicas")
    yield from _strategy(manifest)
    yield from _selector(manifest)
    claims = [at(claim, ["metadata", "name"]) for claim in at(manifest, ["spec", "volumeClaimTemplates"]) or ()]
    yield from _pod_spec(at(manifest, ["spec", "template", "spec"]), "spec.template.spec", claims)
    policy = at(manifest, ["spec", "template", "spec", "restartPolicy"])
    if policy not in (None, "Always"):
        yield _unsupported(policy, ("Always",), "spec.template.spec.restartPolicy")


def _strategy(manifest: Manifest) -> Iterator[Cause]:
    strategy = at(manifest, ["spec", "strategy"])
    if strategy and strategy.get("type") not in ("Recreate", "RollingUpdate"):
        told = f'{{"Type":{shown(strategy.get("type", ""))},"RollingUpdate":null}}'
        message = f'Unsupported value: {told}: supported values: "Recreate", "RollingUpdate"'
        yield Cause("FieldValueNotSupported", message, "spec.strategy")


def _selector(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    labels = at(spec, ["template", "metadata", "labels"]) or {}
    selector = spec.get("selector")
    if selector is None:
        yield _missing("spec.selector")
    if selector == {}:
        message = "Invalid value: {}: empty selector is invalid for deployment"
        yield Cause("FieldValueInvalid", message, "spec.selector")
    elif not matches_labels(selector, labels):
        message = f"Invalid value: {shown(labels or None)}: `selector` does not match template `labels`"
        yield Cause("FieldValueInvalid", message, "spec.template.metadata.labels")


def _pod_spec(spec: dict[str, Any] | None, path: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """`claims`: volumes that there are beside those of the spec."""
    if spec is None:
        return
    if not spec.get("containers"):
        yield _missing(f"{path}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()} | set(claims)
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            here = f"{path}.{field}[{index}]"
            yield from _container(container, here, volumes)
            name = container.get("name") or ""
            if name in seen:
                yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{here}.name")
            seen.add(name)


def _container(container: dict[str, Any], path: str, volumes: set[str]) -> Iterator[Cause]:
    name = container.get("name")
    if name and not LABEL.fullmatch(name):
        yield invalid(name, LABEL_RULE, f"{path}.name")
    if not container.get("image"):
        yield _missing(f"{path}.image")
    if container.get("imagePullPolicy") not in (None, *_PULL_POLICIES):
        yield _unsupported(container["imagePullPolicy"], _PULL_POLICIES, f"{path}.imagePullPolicy")
    for index, port in enumerate(container.get("ports") or ()):
        yield from _port(port.get("containerPort"), f"{path}.ports[{index}].containerPort")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") and mount["name"] not in volumes:
            here = f"{path}.volumeMounts[{index}].name"
            yield Cause("FieldValueNotFound", f'Not found: "{mount["name"]}"', here)


def _port(number: Any, path: str) -> Iterator[Cause]:
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield Cause("FieldValueInvalid", f"Invalid value: {number}: must be between 1 and 65535, inclusive", path)


def _service(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield _missing("spec.ports")
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            yield _missing(f"{path}.name")
        yield from _port(port.get("port"), f"{path}.port")
        yield from _port(port.get("targetPort"), f"{path}.targetPort")
        node_port = port.get("nodePort")
        if node_port and not 30000 <= node_port <= 32767:
            message = f"Invalid value: {node_port}: {_NODE_PORTS}"
            yield Cause("FieldValueInvalid", message, f"{path}.nodePort")


def _job(manifest: Manifest) -> Iterator[Cause]:
    yield from _pod_spec(at(manifest, ["spec", "template", "spec"]), "spec.template.spec")
    policy = at(manifest, ["spec", "template", "spec", "restartPolicy"])
    if policy not in ("OnFailure", "Never"):
        yield _missing("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def _pod(manifest: Manifest) -> Iterator[Cause]:
    yield from _pod_spec(manifest.get("spec"), "spec")


def _ingress(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        message = "Invalid value: null: either `defaultBackend` or `rules` must be specified"
        yield Cause("FieldValueInvalid", message, "spec")
    for index, rule in enumerate(spec.get("rules") or ()):
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            here = f"spec.rules[{index}].http.paths[{number}]"
            if not path.get("pathType"):
                yield _missing(f"{here}.pathType", "pathType must be specified")
            elif path["pathType"] != "ImplementationSpecific" and not path.get("path", "").startswith("/"):
                yield invalid(path.get("path", ""), "must be an absolute path", f"{here}.path")


CHECKS: Final[dict[str, Check]] = {
    "configmaps": names_validation.data_misfits,
    "secrets": names_validation.data_misfits,
    "customresourcedefinitions.apiextensions.k8s.io": crd_validation.misfits,
    "daemonsets.apps": _workload,
    "deployments.apps": _workload,
    "ingresses.networking.k8s.io": _ingress,
    "jobs.batch": _job,
    "pods": _pod,
    "replicasets.apps": _workload,
    "services": _service,
    "statefulsets.apps": _workload,
}
"""By qualified resource: what is checked on every write."""
