"""Merging an applied configuration into a live object, and cutting fields out of one, by schema."""

from collections import deque
from typing import Any

from trimtab.typed import fields
from trimtab.typed.changes import ABSENT, indexed
from trimtab.typed.fields import Tree
from trimtab.typed.schema import Schema


class MergeError(ValueError):
    """The applied configuration cannot be merged: it has two list elements with the same key, or one without a key."""


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """`live` with `applied` laid over it. Neither is changed; the result may share parts. Raises MergeError."""
    if applied is None:
        keeps = live is not ABSENT and fields.shape_of(live, schema) != "leaf"
        return live if keeps and live else None
    shape = fields.shape_of(applied, schema)
    if shape == "map":
        known_map = live if isinstance(live, dict) else {}
        return _merge_maps(known_map, applied, schema) if known_map or applied else applied
    if shape == "list":
        known_list = live if isinstance(live, list) else []
        return _merge_lists(known_list, applied, schema) if known_list or applied else applied
    return applied


def _merge_maps(live: dict[str, Any], applied: dict[str, Any], schema: Schema) -> dict[str, Any]:
    merged = dict(live)
    for name, value in applied.items():
        merged[name] = merge(live.get(name, ABSENT), value, schema.child(name))
    return merged


def _merge_lists(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    """Elements both have come in the applied order; elements only live has keep their place between them."""
    live_keys = [fields.element_key(item, schema) for item in live]
    applied_keys = _unique_keys(applied, schema)
    by_key = indexed(live, schema)
    theirs = dict(zip(applied_keys, applied, strict=True))
    shared = deque(key for key in applied_keys if key in by_key)
    merged: list[Any] = []
    done: set[str] = set()
    at = 0

    def take(key: str) -> None:
        if shared and shared[0] == key:
            shared.popleft()
        done.add(key)
        same_key = by_key.get(key, [])
        merged.append(merge(same_key[0] if len(same_key) == 1 else ABSENT, theirs[key], schema.item))

    for key in applied_keys:
        while at < len(live) and live_keys[at] != key:
            here = live_keys[at]
            if here not in theirs:
                merged.append(live[at])
            elif here not in done and not (shared and shared[0] != here):
                break
            at += 1
        take(key)
        at += at < len(live) and live_keys[at] == key
    merged.extend(item for item, key in zip(live[at:], live_keys[at:], strict=True) if key not in theirs)
    return merged


def _unique_keys(items: list[Any], schema: Schema) -> list[str]:
    keys: list[str] = []
    for index, item in enumerate(items):
        key = fields.element_key(item, schema)
        if key is None:
            raise MergeError(keyless(index, item, schema))
        if key in keys:
            raise MergeError(f"duplicate entries for key {fields.path_text((key,))}")
        keys.append(key)
    return keys


def keyless(index: int, item: Any, schema: Schema) -> str:
    """Why an element of an associative list cannot be told apart from the others."""
    if schema.list_type == "set":
        return f"element {index}: associative list without keys has an element that is not a scalar"
    if not isinstance(item, dict):
        return f"element {index}: associative list with keys may not have non-map elements"
    names = " ".join(f'"{key}"' for key in schema.keys)
    return (
        f"element {index}: associative list with keys has an element that omits all key fields [{names}] "
        "(and doesn't have default values for any key fields)"
    )


def remove(value: Any, tree: Tree, schema: Schema) -> Any:
    """`value` without the fields of `tree`. A container that loses its last field stays, empty."""
    shape = fields.shape_of(value, schema)
    if not tree or shape == "leaf":
        return value
    if shape == "map":
        return {
            name: remove(child, tree.get(f"f:{name}", {}), schema.child(name))
            for name, child in value.items()
            if not _cut(tree, f"f:{name}")
        }
    keyed = ((fields.element_key(item, schema) or "", item) for item in value)
    return [remove(item, tree.get(key, {}), schema.item) for key, item in keyed if not _cut(tree, key)]


def _cut(tree: Tree, key: str) -> bool:
    node = tree.get(key)
    return node is not None and fields.is_member(node)
