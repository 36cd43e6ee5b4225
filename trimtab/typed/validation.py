"""Whether an applied configuration fits its schema: what server-side apply refuses before it merges anything."""

from collections.abc import Iterator
from typing import Any

from trimtab.typed import fields
from trimtab.typed.merge import keyless
from trimtab.typed.schema import Schema

_GO_TYPES = {str: "string", bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}


def problems(value: Any, schema: Schema) -> Iterator[str]:
    """One line for each misfit, in the API server's words: `.spec.foo: field not declared in schema`."""
    for path, message in _problems(value, schema, ""):
        yield f"{path}: {message}"


def _problems(value: Any, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    if value is None or schema.shape == "any":
        return
    if schema.shape in ("struct", "map"):
        yield from _map_problems(value, schema, path)
    elif schema.shape == "list":
        yield from _list_problems(value, schema, path)
    elif message := _scalar_problem(value, schema.type):
        yield path, message


def _map_problems(value: Any, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"expected map, got &{{{value}}}"
        return
    for name, child in value.items():
        here = f"{path}.{name}"
        if schema.shape == "struct" and name not in schema.fields and not schema.open:
            yield here, "field not declared in schema"
        else:
            yield from _problems(child, schema.child(name), here)


def _list_problems(value: Any, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, f"expected list, got &{{{value}}}"
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        here = f"[{index}]"
        if schema.list_type != "atomic":
            key = fields.element_key(item, schema)
            if key is None:
                yield path, keyless(index, item, schema)
                return
            here = fields.path_text((key,))
            if key in seen:
                yield path, f"duplicate entries for key {here}"
            seen.add(key)
        yield from _problems(item, schema.item, path + here)


def _scalar_problem(value: Any, kind: str) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in ("integer", "number") and not is_number:
        return f"expected numeric (int or float), got {_GO_TYPES[type(value)]}"
    if kind == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{value}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got &{{{value}}}"
    return ""
