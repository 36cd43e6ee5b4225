"""The schemas of Kubernetes' built-in kinds, read once and on demand from the distilled table."""

import functools
import gzip
import importlib.resources
import json
from typing import Any

from trimtab.model.keys import Kind
from trimtab.typed.schema import ANY, Schema

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

_TYPES = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "q": "int-or-string", "Q": "quantity"}


class Table:
    """Types by name, and kinds by group, version and kind. Types may be recursive, hence the two steps of `type`."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.version: str = data["version"]
        self._nodes: dict[str, Any] = data["types"]
        self._kinds: dict[str, str] = data["kinds"]
        self._types: dict[str, Schema] = {}

    def kind(self, kind: Kind) -> Schema | None:
        """The schema of a built-in kind, None for any other."""
        name = self.name(kind.group, kind.version, kind.kind)
        return self.type(name) if name else None

    def name(self, group: str, version: str, kind: str) -> str:
        """The OpenAPI name of a built-in kind's type, "" for any other kind."""
        return self._kinds.get(f"{group}/{version}/{kind}", "")

    def kinds(self) -> list[Kind]:
        return [Kind(*name.split("/")) for name in self._kinds]

    def type(self, name: str) -> Schema:
        """The schema of the type with this OpenAPI name. Raises KeyError."""
        known = self._types.get(name)
        if known is not None:
            return known
        node = self._nodes[name]
        if not (isinstance(node, dict) and "f" in node):
            return self._types.setdefault(name, self._build(node))
        schema = Schema(
            shape="struct",
            name=name,
            required=tuple(node.get("r", ())),
            defaults=node.get("d", {}),
            embedded=tuple(node.get("e", ())),
            zeros=node.get("z", {}),
            atomic=bool(node.get("a")),
        )
        self._types[name] = schema
        schema.fields.update({field: self._build(child) for field, child in node["f"].items()})
        return schema

    def _build(self, node: Any) -> Schema:
        if isinstance(node, str):
            return self._named(node)
        if "#" in node:
            return _with_strategy(self.type(node["#"]), node["p"])
        if "l" in node:
            return Schema(
                shape="list",
                element=self._build(node["l"]),
                list_type=node.get("t", "atomic"),
                keys=tuple(node.get("k", ())),
                merge_key=node.get("m", ""),
                strategy=node.get("p", ""),
            )
        return Schema(shape="map", element=self._build(node["v"]), atomic=bool(node.get("a")))

    def _named(self, node: str) -> Schema:
        if node.startswith("#"):
            return self.type(node[1:])
        letter, _, form = node.partition("/")
        return Schema(shape="scalar", type=_TYPES[letter], format=form) if letter in _TYPES else ANY


def _with_strategy(schema: Schema, strategy: str) -> Schema:
    """The same struct, seen through a field with a patch strategy; it shares the fields, which may still be filling."""
    return Schema(
        shape=schema.shape,
        name=schema.name,
        fields=schema.fields,
        required=schema.required,
        defaults=schema.defaults,
        embedded=schema.embedded,
        atomic=schema.atomic,
        element=schema.element,
        strategy=strategy,
    )


@functools.cache
def table() -> Table:
    """The one table. It is package data, hence constant: reading it does not make callers impure."""
    packed = importlib.resources.files("trimtab.typed").joinpath("data/schemas.json.gz").read_bytes()
    return Table(json.loads(gzip.decompress(packed)))


def schema_of(kind: Kind) -> Schema:
    """The schema of a built-in kind; `ANY` for a kind not in the table."""
    return table().kind(kind) or ANY
