"""Strategic merge patch: Kubernetes' own patch format, in which lists merge by key and `$` directives steer.

Understood: `$patch: replace | delete | merge` in maps and list elements, `$retainKeys`, `$deleteFromPrimitiveList/F`,
`$setElementOrder/F`.
"""

from typing import Any

from trimtab.typed.json_patch import PatchError
from trimtab.typed.schema import Schema

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def strategic_merge(document: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """A changed copy of `document`. Raises PatchError."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchError(f"unknown $patch directive {directive!r}")
    merged = _retained(document, patch)
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        _merge_field(merged, name, value, schema.child(name))
    for name, value in patch.items():
        if name.startswith(_DELETE):
            field = name.removeprefix(_DELETE)
            merged[field] = [item for item in merged.get(field) or [] if item not in value]
    _reorder(merged, patch, schema)
    return merged


def _retained(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    retain = patch.get("$retainKeys")
    if retain is None:
        return dict(document)
    return {name: value for name, value in document.items() if name in retain}


def _merge_field(merged: dict[str, Any], name: str, value: Any, schema: Schema) -> None:
    current = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif isinstance(value, dict):
        merged[name] = strategic_merge(current if isinstance(current, dict) else {}, value, schema)
    elif isinstance(value, list) and "merge" in schema.strategy:
        merged[name] = _merge_list(current if isinstance(current, list) else [], value, schema, name)
    else:
        merged[name] = value


def _merge_list(current: list[Any], patch: list[Any], schema: Schema, name: str) -> list[Any]:
    key = schema.merge_key
    if not key:
        return current + [item for item in patch if item not in current]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    merged = list(current)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise PatchError(f"map: {item} does not contain declared merge key: {key} (in the list {name})")
        at = next((i for i, old in enumerate(merged) if isinstance(old, dict) and old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            merged = [old for old in merged if not (isinstance(old, dict) and old.get(key) == item[key])]
        elif at is None:
            merged.append(strategic_merge({}, item, schema.item))
        else:
            merged[at] = strategic_merge(merged[at], item, schema.item)
    return merged


def _reorder(merged: dict[str, Any], patch: dict[str, Any], schema: Schema) -> None:
    for directive, order in patch.items():
        if not directive.startswith(_ORDER):
            continue
        name = directive.removeprefix(_ORDER)
        items = merged.get(name)
        if isinstance(items, list) and isinstance(order, list):
            merged[name] = _ordered(items, order, schema.child(name).merge_key)


def _ordered(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """Items named in `order` in that order; the others keep their place relative to the item before them."""
    wanted = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in order]
    names = [item.get(key) if key and isinstance(item, dict) else item for item in items]
    named = iter(sorted((i for i, n in enumerate(names) if n in wanted), key=lambda i: wanted.index(names[i])))
    return [items[next(named)] if name in wanted else item for item, name in zip(items, names, strict=True)]
