"""Custom resources held to their CRD's OpenAPI schema: types, required fields, enumerations, bounds and patterns.

Not here: `oneOf` and its kin, and CEL rules (`x-kubernetes-validations`); both are let pass.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from trimtab.sandbox.faults import Cause

Rules = Mapping[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def misfits(value: Any, rules: Rules, path: str = "") -> Iterator[Cause]:
    """Why `value` is not what `rules` (an `openAPIV3Schema`) ask for."""
    if value is None:
        if not rules.get("nullable") and rules.get("type"):
            yield _wrong_type("null", str(rules["type"]), path)
        return
    if not _has_type(value, rules):
        yield _wrong_type(_NAMES[type(value)], str(rules["type"]), path)
        return
    allowed = rules.get("enum")
    if allowed and value not in allowed:
        supported = ", ".join(_shown(item) for item in allowed)
        message = f"Unsupported value: {_shown(value)}: supported values: {supported}"
        yield Cause("FieldValueNotSupported", message, path)
    if isinstance(value, dict):
        yield from _map_misfits(value, rules, path)
    elif isinstance(value, list):
        yield from _list_misfits(value, rules, path)
    elif isinstance(value, str):
        yield from _text_misfits(value, rules, path)
    elif not isinstance(value, bool):
        yield from _number_misfits(value, rules, path)


def _has_type(value: Any, rules: Rules) -> bool:
    if rules.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str) and not isinstance(value, bool)
    wanted: str = rules.get("type") or ""
    if not wanted:
        return True
    if isinstance(value, bool):
        return wanted == "boolean"
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[wanted])


def _wrong_type(given: str, wanted: str, path: str) -> Cause:
    message = f'Invalid value: "{given}": {path} in body must be of type {wanted}: "{given}"'
    return Cause("FieldValueTypeInvalid", message, path)


def _map_misfits(value: dict[str, Any], rules: Rules, path: str) -> Iterator[Cause]:
    for name in rules.get("required") or ():
        if name not in value:
            yield Cause("FieldValueRequired", "Required value", _join(path, name))
    properties = rules.get("properties") or {}
    others = rules.get("additionalProperties")
    for name, child in value.items():
        below = properties.get(name, others if isinstance(others, Mapping) else None)
        if below and not (path == "" and name == "metadata"):
            yield from misfits(child, below, _join(path, name))


def _list_misfits(value: list[Any], rules: Rules, path: str) -> Iterator[Cause]:
    least, most = rules.get("minItems", 0), rules.get("maxItems")
    if len(value) < least:
        yield _out_of_bounds(len(value), f"{path} in body should have at least {least} items", path)
    if most is not None and len(value) > most:
        yield Cause("FieldValueTooMany", f"Too many: {len(value)}: must have at most {most} items", path)
    items = rules.get("items")
    for index, item in enumerate(value if isinstance(items, Mapping) else ()):
        yield from misfits(item, items or {}, f"{path}[{index}]")
    yield from _duplicates(value, rules, path)


def _duplicates(value: list[Any], rules: Rules, path: str) -> Iterator[Cause]:
    seen: list[Any] = []
    for index, item in enumerate(value):
        match rules.get("x-kubernetes-list-type"):
            case "set":
                key = item
            case "map" if isinstance(item, dict):
                key = {name: item.get(name) for name in rules.get("x-kubernetes-list-map-keys") or ()}
            case _:
                return
        if key in seen:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {_shown(key)}", f"{path}[{index}]")
        seen.append(key)


def _text_misfits(value: str, rules: Rules, path: str) -> Iterator[Cause]:
    least, most, pattern = rules.get("minLength", 0), rules.get("maxLength"), rules.get("pattern")
    if len(value) < least:
        yield _out_of_bounds(value, f"{path} in body should be at least {least} chars long", path)
    if most is not None and len(value) > most:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", path)
    if pattern and not re.search(pattern, value):
        yield _out_of_bounds(value, f"{path} in body should match '{pattern}'", path)


def _number_misfits(value: float, rules: Rules, path: str) -> Iterator[Cause]:
    least, most = rules.get("minimum"), rules.get("maximum")
    if least is not None and value < least:
        yield _out_of_bounds(value, f"{path} in body should be greater than or equal to {least}", path)
    if most is not None and value > most:
        yield _out_of_bounds(value, f"{path} in body should be less than or equal to {most}", path)


def _out_of_bounds(value: Any, why: str, path: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {why}", path)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
