"""What the API says it serves: groups and their resources, one by one and aggregated."""

from collections.abc import Iterable
from typing import Any

from trimtab.sandbox.registry import Registry
from trimtab.sandbox.resources import REVIEWS, Resource

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUB_VERBS = {
    "status": ["get", "patch", "update"],
    "scale": ["get", "patch", "update"],
    "log": ["get"],
    "eviction": ["create"],
    "binding": ["create"],
    "token": ["create"],
    "finalize": ["update"],
    "approval": ["get", "patch", "update"],
}
_SUB_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "binding": ("", "", "Binding"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}


def group_list(registry: Registry) -> dict[str, Any]:
    """`/apis`."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [group(registry, name) for name in groups(registry) if name],
    }


def groups(registry: Registry) -> dict[str, list[str]]:
    """Versions of each group, the preferred one first; the core group is ""."""
    found: dict[str, list[str]] = {}
    for resource in registry.all():
        versions = found.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
    for api_version, _ in REVIEWS:
        name, _, version = api_version.rpartition("/")
        found.setdefault(name, [version])
    return {name: sorted(versions, key=_priority) for name, versions in found.items()}


def _priority(version: str) -> tuple[int, int, int]:
    """GA before beta before alpha, newer before older."""
    digits = "".join(c if c.isdecimal() else " " for c in version).split()
    stage = 2 if "alpha" in version else 1 if "beta" in version else 0
    return stage, -int(digits[0]) if digits else 0, -int(digits[1]) if len(digits) > 1 else 0


def group(registry: Registry, name: str) -> dict[str, Any] | None:
    """`/apis/GROUP`; None when it is not served."""
    versions = groups(registry).get(name)
    if versions is None:
        return None
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(registry: Registry, group: str, version: str) -> dict[str, Any] | None:
    """`/apis/GROUP/VERSION`; None when it is not served."""
    if version not in groups(registry).get(group, ()):
        return None
    api_version = f"{group}/{version}" if group else version
    entries: list[dict[str, Any]] = []
    for resource in _served(registry, group, version):
        entries.append(_entry(resource))
        entries.extend(_sub_entry(resource, name) for name in resource.subresources if name in _SUB_VERBS)
    for (at, plural), kind in REVIEWS.items():
        if at == api_version:
            entries.append(
                {"name": plural, "singularName": kind.lower(), "namespaced": False, "kind": kind, "verbs": ["create"]}
            )
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": entries}


def _served(registry: Registry, group: str, version: str) -> Iterable[Resource]:
    return (r for r in registry.all() if (r.group, r.version) == (group, version))


def _verbs(resource: Resource) -> list[str]:
    return [verb for verb in VERBS if not (verb == "deletecollection" and resource.qualified == "namespaces")]


def _entry(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _verbs(resource),
    }
    if resource.short:
        entry["shortNames"] = list(resource.short)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return entry


def _sub_entry(resource: Resource, name: str) -> dict[str, Any]:
    group, version, kind = _SUB_KINDS.get(name, ("", "", resource.kind))
    entry: dict[str, Any] = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": _SUB_VERBS[name],
    }
    if version:
        entry |= {"group": group, "version": version}
    return entry


def aggregated(registry: Registry, *, core: bool) -> dict[str, Any]:
    """`/api` and `/apis` for clients that ask for everything at once."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
            "versions": [
                {"version": version, "freshness": "Current", "resources": _aggregated(registry, name, version)}
                for version in versions
            ],
        }
        for name, versions in groups(registry).items()
        if core == (name == "")
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated(registry: Registry, group: str, version: str) -> list[dict[str, Any]]:
    found = [_aggregated_entry(resource) for resource in _served(registry, group, version)]
    for (at, plural), kind in REVIEWS.items():
        if at == f"{group}/{version}":
            found.append(
                {
                    "resource": plural,
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "scope": "Cluster",
                    "singularResource": kind.lower(),
                    "verbs": ["create"],
                }
            )
    return found


def _aggregated_entry(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
        "shortNames": list(resource.short),
        "categories": list(resource.categories),
        "subresources": [_aggregated_sub(resource, name) for name in resource.subresources if name in _SUB_VERBS],
    }
    return {name: value for name, value in entry.items() if value}


def _aggregated_sub(resource: Resource, name: str) -> dict[str, Any]:
    group, version, kind = _SUB_KINDS.get(name, (resource.group, resource.version, resource.kind))
    return {
        "subresource": name,
        "responseKind": {"group": group, "version": version, "kind": kind},
        "verbs": _SUB_VERBS[name],
    }
