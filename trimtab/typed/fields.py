"""Sets of field paths in FieldsV1, the form in which `metadata.managedFields` keeps who owns what.

A set is the FieldsV1 tree itself: plain nested dicts whose keys are path elements (`f:spec`, `k:{"name":"web"}`,
`v:"a"`, `i:0`). A node is in the set when it is empty or holds `.`. Trees are never changed in place.
"""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from trimtab.typed.schema import Schema

Tree = dict[str, Any]
"""A FieldsV1 tree: `Tree` all the way down."""

_HERE: Tree = {}


class FieldSet(Struct, frozen=True):
    """An immutable set of field paths."""

    tree: Tree = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tree)

    def __or__(self, other: "FieldSet") -> "FieldSet":
        return FieldSet(union(self.tree, other.tree))

    def __sub__(self, other: "FieldSet") -> "FieldSet":
        return FieldSet(difference(self.tree, other.tree))

    def __and__(self, other: "FieldSet") -> "FieldSet":
        return FieldSet(intersection(self.tree, other.tree))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Every path of the set, as tuples of path elements."""
        return paths(self.tree)

    def __contains__(self, path: tuple[str, ...]) -> bool:
        node = self.tree
        for element in path:
            found = node.get(element)
            if found is None:
                return False
            node = found
        return bool(path) and is_member(node)


def of(manifest: Any, schema: Schema) -> FieldSet:
    """The fields that `manifest` has, as an applier of it would own them."""
    return FieldSet(tree_of(manifest, schema))


def is_member(node: Tree) -> bool:
    return not node or "." in node


def paths(tree: Tree, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path, in the API server's order: the members of a node by name, then what is below them."""
    keys = sorted(key for key in tree if key != ".")
    for key in keys:
        if is_member(tree[key]):
            yield (*prefix, key)
    for key in keys:
        yield from paths(tree[key], (*prefix, key))


def union(left: Tree, right: Tree) -> Tree:
    if not left or not right:
        return left or right
    merged = dict(left)
    for key, child in right.items():
        mine = merged.get(key)
        merged[key] = child if mine is None else _joined(mine, child)
    return merged


def _joined(left: Tree, right: Tree) -> Tree:
    merged = union(left, right)
    return {".": _HERE, **merged} if merged and "." not in merged and not (left and right) else merged


def difference(left: Tree, right: Tree) -> Tree:
    """What is in `left` and not in `right`. A path in `right` says nothing of the paths below it."""
    if not left or not right:
        return left
    kept: Tree = {}
    for key, child in left.items():
        if key == ".":
            continue
        other = right.get(key)
        if other is None:
            kept[key] = child
        else:
            _put(
                kept,
                key,
                member=is_member(child) and not is_member(other),
                children=difference(_below(child), _below(other)),
            )
    return kept


def intersection(left: Tree, right: Tree) -> Tree:
    kept: Tree = {}
    for key, child in left.items():
        other = right.get(key)
        if other is not None and key != ".":
            both = is_member(child) and is_member(other)
            _put(kept, key, member=both, children=intersection(_below(child), _below(other)))
    return kept


def _below(node: Tree) -> Tree:
    return {key: child for key, child in node.items() if key != "."} if "." in node else node


def _put(tree: Tree, key: str, *, member: bool, children: Tree) -> None:
    if member:
        tree[key] = {".": _HERE, **children} if children else {}
    elif children:
        tree[key] = children


def element_key(item: Any, schema: Schema) -> str | None:
    """The path element of a list's item, `k:{…}` or `v:…`; None when the item lacks every key."""
    if schema.list_type == "set":
        return None if isinstance(item, dict | list) or item is None else f"v:{_json(item)}"
    if not isinstance(item, dict):
        return None
    defaults = schema.item.defaults
    parts = [
        f'"{name}":{_json(item.get(name, defaults.get(name)))}'
        for name in sorted(schema.keys)
        if name in item or name in defaults
    ]
    return f"k:{{{','.join(parts)}}}" if parts else None


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _json(value: Any) -> str:
    return str(value) if type(value) is int else _encode(value)


def shape_of(value: Any, schema: Schema) -> str:
    """How `value` is to be walked: "map", "list" (associative) or "leaf" (scalars and all that is atomic)."""
    if isinstance(value, dict):
        return "leaf" if schema.atomic or schema.shape in ("scalar", "list") else "map"
    if isinstance(value, list):
        return "list" if schema.shape == "list" and schema.list_type != "atomic" else "leaf"
    return "leaf"


def tree_of(value: Any, schema: Schema) -> Tree:
    """The tree of a map or associative list; {} for leaves."""
    shape = shape_of(value, schema)
    if shape == "map":
        return _tree_of_map(value, schema)
    return _tree_of_list(value, schema) if shape == "list" else {}


def _tree_of_map(value: dict[str, Any], schema: Schema) -> Tree:
    tree: Tree = {}
    named = schema.fields
    for name, child in value.items():
        below = schema.child(name)
        children = tree_of(child, below)
        whole = child is None or child == {} or name not in named or shape_of(child, below) == "leaf"
        _put(tree, f"f:{name}", member=whole, children=children)
    return tree


def _tree_of_list(value: list[Any], schema: Schema) -> Tree:
    tree: Tree = {}
    for item in value:
        key = element_key(item, schema)
        if key is None:
            continue
        # An element that occurs twice is owned as a whole, not field by field.
        _put(tree, key, member=True, children={} if key in tree else tree_of(item, schema.item))
    return tree


def path_text(path: tuple[str, ...]) -> str:
    """A path as the API server prints it: `.spec.containers[name="web"].image`."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        return "[" + ",".join(f"{name}={_json(value)}" for name, value in json.loads(rest).items()) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"


def with_named(tree: Tree, schema: Schema) -> Tree:
    """The set with every struct field on the way to a member made a member, too; entries of maps and lists are not."""
    named: Tree = {}
    for key, child in tree.items():
        if key == ".":
            named[key] = child
            continue
        is_field = key.startswith("f:")
        below = schema.child(key[2:]) if is_field else schema.item
        node = with_named(child, below)
        if is_field and node and "." not in node and key[2:] in schema.fields:
            node = {".": _HERE, **node}
        named[key] = node
    return named
