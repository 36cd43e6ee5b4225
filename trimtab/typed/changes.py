"""What changed between two states of one object, as field sets: added, modified and removed."""

from typing import Any, Final

import orjson
from msgspec import Struct

from trimtab.typed import fields
from trimtab.typed.fields import FieldSet, Tree
from trimtab.typed.schema import Schema

_SORTED: Final = orjson.OPT_SORT_KEYS
ABSENT: Final = object()
"""Stands for a field that is not there; None is JSON's null."""


class Changes(Struct, frozen=True):
    added: FieldSet
    modified: FieldSet
    removed: FieldSet

    @property
    def taken(self) -> FieldSet:
        """What a writer of these changes takes ownership of."""
        return self.added | self.modified


class _Trees:
    """The three trees of one node, while they are being built."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: Tree = {}
        self.modified: Tree = {}
        self.removed: Tree = {}


def changes(old: Any, new: Any, schema: Schema) -> Changes:
    """Compare two manifests. Atomic lists and maps count as one field."""
    trees = _Trees()
    _descend(old, new, schema, trees)
    return Changes(added=FieldSet(trees.added), modified=FieldSet(trees.modified), removed=FieldSet(trees.removed))


def _descend(old: Any, new: Any, schema: Schema, trees: _Trees) -> None:
    """Compare the children of two maps or two associative lists; either may be absent or null."""
    if isinstance(new, dict) or isinstance(old, dict):
        before = old if isinstance(old, dict) else {}
        after = new if isinstance(new, dict) else {}
        for name in before | after:
            _child(before.get(name, ABSENT), after.get(name, ABSENT), schema.child(name), trees, f"f:{name}")
        return
    before_items = indexed(old if isinstance(old, list) else [], schema)
    after_items = indexed(new if isinstance(new, list) else [], schema)
    for key in before_items | after_items:
        _item(before_items.get(key, []), after_items.get(key, []), schema.item, trees, key)


def indexed(items: list[Any], schema: Schema) -> dict[str, list[Any]]:
    """The elements of an associative list by path element; more than one where keys repeat."""
    found: dict[str, list[Any]] = {}
    for item in items:
        key = fields.element_key(item, schema)
        if key is not None:
            found.setdefault(key, []).append(item)
    return found


def _item(old: list[Any], new: list[Any], schema: Schema, trees: _Trees, key: str) -> None:
    """One key of an associative list; elements that share a key are one opaque thing."""
    if len(old) <= 1 and len(new) <= 1:
        _child(old[0] if old else ABSENT, new[0] if new else ABSENT, schema, trees, key)
    elif len(old) > 1 and len(new) > 1:
        if not same(old, new):
            trees.modified[key] = {}
    elif len(old) > 1:
        if new:
            _child(ABSENT, new[0], schema, trees, key)
        trees.removed[key] = {}
    else:
        if old:
            _child(old[0], ABSENT, schema, trees, key)
        trees.added[key] = {}


def _child(old: Any, new: Any, schema: Schema, trees: _Trees, key: str) -> None:
    if old is new:
        return
    if not _walkable(old, new, schema):
        _leaf(old, new, trees, key)
        return
    below = _Trees()
    _descend(old, new, schema, below)
    _put(trees.added, key, below.added, member=old is ABSENT)
    _put(trees.removed, key, below.removed, member=new is ABSENT)
    _put(trees.modified, key, below.modified, member=False)


def _walkable(old: Any, new: Any, schema: Schema) -> bool:
    """Both sides are maps, or both associative lists, or one is and the other is absent or null; and not both empty."""
    filled = [side for side in (old, new) if side is not ABSENT and side is not None]
    shapes = {fields.shape_of(side, schema) for side in filled}
    return len(shapes) == 1 and "leaf" not in shapes and any(filled)


def _leaf(old: Any, new: Any, trees: _Trees, key: str) -> None:
    if old is ABSENT:
        trees.added[key] = {}
    elif new is ABSENT:
        trees.removed[key] = {}
    elif not same(old, new):
        trees.modified[key] = {}


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values. Python holds 1 and true to be equal, at any depth; JSON does not."""
    if left != right:
        return False
    if isinstance(left, dict | list):
        return orjson.dumps(left, option=_SORTED) == orjson.dumps(right, option=_SORTED)
    return isinstance(left, bool) == isinstance(right, bool)


def _put(tree: Tree, key: str, children: Tree, *, member: bool) -> None:
    if member:
        tree[key] = {".": {}, **children} if children else {}
    elif children:
        tree[key] = children
