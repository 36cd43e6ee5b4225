"""CustomResourceDefinitions held to what makes them servable: names, one stored version, schemas that can be read."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from trimtab.model.keys import Manifest
from trimtab.sandbox.faults import Cause

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_SCOPES = ("Cluster", "Namespaced")


def misfits(crd: Manifest) -> Iterator[Cause]:
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    if names.get("plural") and spec.get("group") and crd["metadata"]["name"] != f"{names['plural']}.{spec['group']}":
        message = f'Invalid value: "{crd["metadata"]["name"]}": must be spec.names.plural+"."+spec.group'
        yield Cause("FieldValueInvalid", message, "metadata.name")
    for name in ("group", "scope"):
        if not spec.get(name):
            yield Cause("FieldValueRequired", "Required value", f"spec.{name}")
    if spec.get("scope") and spec["scope"] not in _SCOPES:
        yield _unsupported(spec["scope"], _SCOPES, "spec.scope")
    for name in ("plural", "kind"):
        if not names.get(name):
            yield Cause("FieldValueRequired", "Required value", f"spec.names.{name}")
    yield from _versions(spec.get("versions") or [])


def _versions(versions: list[dict[str, Any]]) -> Iterator[Cause]:
    if sum(1 for version in versions if version.get("storage")) != 1:
        message = f"Invalid value: {_shown(versions)}: must have exactly one version marked as storage version"
        yield Cause("FieldValueInvalid", message, "spec.versions")
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        if not version.get("name"):
            yield Cause("FieldValueRequired", "Required value", f"{path}.name")
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            yield Cause("FieldValueRequired", "Required value: schemas are required", f"{path}.schema.openAPIV3Schema")
        else:
            yield from _schema(schema, f"{path}.schema.openAPIV3Schema")


def _schema(schema: Any, path: str) -> Iterator[Cause]:
    if not isinstance(schema, dict):
        yield Cause("FieldValueInvalid", f"Invalid value: {_shown(schema)}: must be a schema", path)
        return
    kind = schema.get("type")
    if kind not in (None, "", *_TYPES):
        yield _unsupported(kind, _TYPES, f"{path}.type")
    properties = schema.get("properties") or {}
    if not isinstance(properties, dict):
        yield Cause(
            "FieldValueInvalid", f"Invalid value: {_shown(properties)}: must be an object", f"{path}.properties"
        )
        return
    for name, rules in properties.items():
        yield from _schema(rules, f"{path}.properties[{name}]")
    if "items" in schema:
        yield from _schema(schema["items"], f"{path}.items")
    elif kind == "array":
        yield Cause("FieldValueRequired", "Required value: must be specified", f"{path}.items")
    if not isinstance(schema.get("additionalProperties", True), bool):
        yield from _schema(schema["additionalProperties"], f"{path}.additionalProperties")
    yield from _bounds(schema, path)


def _bounds(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    for name in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"):
        bound = schema.get(name, 0)
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            yield Cause("FieldValueInvalid", f"Invalid value: {_shown(bound)}: must be a number", f"{path}.{name}")
    for name in ("enum", "required", "x-kubernetes-list-map-keys"):
        if not isinstance(schema.get(name) or [], list):
            yield Cause("FieldValueInvalid", f"Invalid value: {_shown(schema[name])}: must be a list", f"{path}.{name}")
    pattern = schema.get("pattern") or ""
    try:
        re.compile(pattern)
    except (re.error, TypeError, RecursionError) as error:
        message = f"Invalid value: {_shown(pattern)}: must be a valid regular expression, but isn't: {error}"
        yield Cause("FieldValueInvalid", message, f"{path}.pattern")


def _unsupported(value: Any, supported: tuple[str, ...], path: str) -> Cause:
    listed = ", ".join(_shown(item) for item in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {listed}", path)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()
