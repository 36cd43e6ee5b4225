"""OpenAPI documents made from the schemas: enough for kubectl to validate, diff and explain."""

from typing import Any

from trimtab.sandbox.registry import Registry
from trimtab.sandbox.resources import Resource
from trimtab.typed.builtin import schema_of
from trimtab.typed.schema import Schema

_FIELD_VALIDATION = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]


def index(registry: Registry) -> dict[str, Any]:
    """`/openapi/v3`."""
    found = {_path(resource): resource for resource in registry.all()}
    return {
        "paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={registry.revision:08X}"} for path in found}
    }


def _path(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def document(registry: Registry, group: str, version: str) -> dict[str, Any] | None:
    """`/openapi/v3/apis/GROUP/VERSION`; None when it is not served."""
    resources = [r for r in registry.all() if (r.group, r.version) == (group, version)]
    if not resources:
        return None
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for resource in resources:
        schemas |= _schemas(resource, "#/components/schemas/")
        paths |= _paths(resource)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def swagger(registry: Registry) -> dict[str, Any]:
    """`/openapi/v2`."""
    definitions: dict[str, Any] = {}
    for resource in registry.all():
        definitions |= _schemas(resource, "#/definitions/")
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": {},
        "definitions": definitions,
    }


def _paths(resource: Resource) -> dict[str, Any]:
    base = f"/{_path(resource)}/"
    collection = base + (f"namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else resource.plural)
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}

    def operation(action: str) -> dict[str, Any]:
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
            "parameters": _FIELD_VALIDATION,
            "responses": {"200": {"description": "OK"}},
        }

    return {
        collection: {"get": operation("list"), "post": operation("post")},
        f"{collection}/{{name}}": {
            "get": operation("get"),
            "put": operation("put"),
            "patch": operation("patch"),
            "delete": operation("delete"),
        },
    }


def _schemas(resource: Resource, prefix: str) -> dict[str, Any]:
    kind = [{"group": resource.group, "version": resource.version, "kind": resource.kind}]
    found: dict[str, Any] = {}
    if resource.custom:
        domain = ".".join(reversed(resource.group.split(".")))
        name = f"{domain}.{resource.version}.{resource.kind}"
        body = dict(resource.openapi or {})
        body["properties"] = {**(body.get("properties") or {}), **_OBJECT}
        found[name] = {**body, "x-kubernetes-group-version-kind": kind}
        return found
    schema = schema_of(resource.gvk)
    if schema.name:
        _collect(schema, found, prefix)
        found[schema.name] = {**found[schema.name], "x-kubernetes-group-version-kind": kind}
    return found


_OBJECT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}


def _collect(schema: Schema, found: dict[str, Any], prefix: str) -> None:
    """Add the schema of a named struct and of all that it refers to."""
    if schema.name in found:
        return
    body: dict[str, Any] = {"type": "object"}
    found[schema.name] = body
    body["properties"] = {name: _shown(child, found, prefix) for name, child in schema.fields.items()}
    if schema.required:
        body["required"] = list(schema.required)
    if schema.atomic:
        body["x-kubernetes-map-type"] = "atomic"


def _shown(schema: Schema, found: dict[str, Any], prefix: str) -> dict[str, Any]:
    match schema.shape:
        case "struct":
            _collect(schema, found, prefix)
            reference: dict[str, Any] = {"$ref": prefix + schema.name}
            if schema.strategy:
                return {"allOf": [reference], "x-kubernetes-patch-strategy": schema.strategy}
            return reference
        case "list":
            return {"type": "array", "items": _shown(schema.item, found, prefix), **_list_extensions(schema)}
        case "map":
            return {"type": "object", "additionalProperties": _shown(schema.item, found, prefix)}
        case "scalar" if schema.type == "int-or-string":
            return {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"}
        case "scalar" if schema.type == "quantity":
            return {"oneOf": [{"type": "string"}, {"type": "number"}]}
        case "scalar":
            return {"type": schema.type} | ({"format": schema.format} if schema.format else {})
        case _:
            return {"type": "object"}


def _list_extensions(schema: Schema) -> dict[str, Any]:
    extensions = {
        "x-kubernetes-list-type": schema.list_type,
        "x-kubernetes-list-map-keys": list(schema.keys),
        "x-kubernetes-patch-merge-key": schema.merge_key,
        "x-kubernetes-patch-strategy": schema.strategy,
    }
    return {name: value for name, value in extensions.items() if value}
