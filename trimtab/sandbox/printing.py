"""Tables, the form in which `kubectl get` asks for objects when it is told no other, and objects' metadata alone."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

import orjson

from trimtab.model.keys import Manifest
from trimtab.sandbox.cells import Cell, age
from trimtab.sandbox.columns import COLUMNS, DEFAULT, NAME, Column
from trimtab.sandbox.resources import Resource


def table(resource: Resource, manifests: Iterable[Manifest], *, now: dt.datetime, include: str) -> dict[str, Any]:
    """`include`: "Metadata" (the default of the API), "Object" or "None"."""
    columns = _columns(resource)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [
            {"cells": [column.value(manifest, now) for column in columns], "object": _included(manifest, include)}
            for manifest in manifests
        ],
    }


def partial(manifest: Manifest) -> Manifest:
    """PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": manifest["metadata"]}


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": "",
        "priority": column.priority,
    }


def _included(manifest: Manifest, include: str) -> Any:
    if include == "None":
        return None
    return manifest if include == "Object" else partial(manifest)


def _columns(resource: Resource) -> tuple[Column, ...]:
    if resource.columns:
        return (NAME, *(_custom(c.name, c.path, kind=c.type, priority=c.priority) for c in resource.columns))
    return COLUMNS.get(resource.qualified, DEFAULT)


def _custom(name: str, path: str, *, kind: str, priority: int) -> Column:
    """A column of a CRD."""
    steps = _STEPS.findall(path)
    return Column(name, lambda m, now: _shown(_walk(m, steps), kind, now), type=kind, priority=priority)


_STEPS = re.compile(r"""\.?((?:[\w-]|\\\.)+)|\[(\d+)\]|\[\?\(@\.([\w]+)\s*==\s*['"]([^'"]*)['"]\)\]""")


def _walk(node: Any, steps: list[tuple[str, str, str, str]]) -> Any:
    """The value at a simple JSONPath: fields, indexes and `[?(@.type=="Ready")]` filters."""
    for field, index, key, value in steps:
        if field:
            node = node.get(field.replace("\\.", ".")) if isinstance(node, dict) else None
        elif not isinstance(node, list):
            return None
        elif index:
            node = node[int(index)] if int(index) < len(node) else None
        else:
            node = next((item for item in node if isinstance(item, dict) and str(item.get(key)) == value), None)
    return node


def _shown(value: Any, kind: str, now: dt.datetime) -> Cell:
    if kind == "date":
        return age(value, now) if isinstance(value, str) else "<unknown>"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return value if isinstance(value, str | int | bool) else None
