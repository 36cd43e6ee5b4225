"""Schemas of Kubernetes types: how maps and lists merge, which fields there are, what is required.

A schema comes from the table of built-in types (`builtin.py`) or from a CRD (`from_openapi`). It validates nothing.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct, field

Shape = Literal["scalar", "struct", "map", "list", "any"]
ListType = Literal["atomic", "set", "map"]


class Schema(Struct, frozen=True, eq=False):
    """One node. Which attributes mean something depends on `shape`:

    - scalar: `type` (OpenAPI's name, or "int-or-string") and `format`
    - struct: `fields`, `required`, `defaults`, `open` when unknown fields are kept, `embedded` fields that are structs
      which the server always has, if empty, `zeros` further fields that it always has, and their first values
    - map: `element`
    - list: `element`, `list_type`, and `keys` when its type is "map"
    - any: nothing is known; maps merge field by field, lists are atomic

    `merge_key` and `strategy` ("merge", "replace", "retainKeys") steer strategic merge patches.
    """

    shape: Shape
    type: str = ""
    format: str = ""
    name: str = ""
    fields: dict[str, "Schema"] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False
    embedded: tuple[str, ...] = ()
    zeros: Mapping[str, Any] = field(default_factory=dict)
    element: "Schema | None" = None
    atomic: bool = False
    list_type: ListType = "atomic"
    keys: tuple[str, ...] = ()
    merge_key: str = ""
    strategy: str = ""

    def child(self, name: str) -> "Schema":
        """The schema of a field of a struct or map; `ANY` where nothing is known."""
        found = self.fields.get(name)
        if found is not None:
            return found
        return self.element or ANY

    def blank(self) -> dict[str, Any]:
        """What a built-in object is before anything is set: embedded structs, and zeros of what is always written."""
        written = {name: _zero(self.child(name)) for name in self.required if name not in self.embedded}
        kept = {name: value for name, value in written.items() if value is not ...}
        return kept | dict(self.zeros) | {name: self.child(name).blank() for name in self.embedded}

    @property
    def item(self) -> "Schema":
        """The schema of a list's elements."""
        return self.element or ANY


def _zero(schema: Schema) -> Any:
    """Go's zero value of a field, `...` where it is left out."""
    if schema.shape == "list":
        return None
    return {"integer": 0, "string": "", "boolean": False}.get(schema.type, ...)


ANY: Final = Schema(shape="any")
STRING: Final = Schema(shape="scalar", type="string")

_TYPES = {"string", "integer", "number", "boolean"}


def from_openapi(schema: Mapping[str, Any], *, metadata: Schema) -> Schema:
    """The schema of a CRD version's `openAPIV3Schema`; `metadata` is the schema of ObjectMeta."""
    root = _convert(schema, metadata)
    fields = {"apiVersion": STRING, "kind": STRING} | root.fields | {"metadata": metadata}
    return Schema(
        shape="struct",
        fields=fields,
        required=root.required,
        open=root.open or root.shape == "any",
        defaults=root.defaults,
    )


def _convert(schema: Mapping[str, Any], metadata: Schema) -> Schema:
    if schema.get("x-kubernetes-int-or-string"):
        return Schema(shape="scalar", type="int-or-string")
    kind = schema.get("type")
    if kind == "array":
        return _convert_list(schema, metadata)
    if kind in _TYPES:
        return Schema(shape="scalar", type=str(kind), format=str(schema.get("format") or ""))
    return _convert_object(schema, metadata)


def _convert_list(schema: Mapping[str, Any], metadata: Schema) -> Schema:
    items = schema.get("items")
    listed = schema.get("x-kubernetes-list-type")
    return Schema(
        shape="list",
        element=_convert(items, metadata) if isinstance(items, Mapping) else ANY,
        list_type=listed if listed in ("set", "map") else "atomic",
        keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
    )


def _convert_object(schema: Mapping[str, Any], metadata: Schema) -> Schema:
    properties = schema.get("properties") or {}
    values = schema.get("additionalProperties")
    atomic = schema.get("x-kubernetes-map-type") == "atomic"
    keep = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    fields = {name: _convert(field, metadata) for name, field in properties.items() if isinstance(field, Mapping)}
    if schema.get("x-kubernetes-embedded-resource"):
        fields = {"apiVersion": STRING, "kind": STRING, "metadata": metadata} | fields
    if fields:
        defaults = {name: field["default"] for name, field in properties.items() if "default" in field}
        required = tuple(schema.get("required") or ())
        return Schema(shape="struct", fields=fields, required=required, open=keep, atomic=atomic, defaults=defaults)
    if values:
        element = _convert(values, metadata) if isinstance(values, Mapping) else ANY
        return Schema(shape="map", element=element, atomic=atomic)
    if atomic or (schema.get("type") == "object" and not keep):
        # An object without known fields and without the flag keeps nothing (the server prunes it): an empty struct.
        return Schema(shape="struct", open=keep, atomic=atomic)
    return ANY
