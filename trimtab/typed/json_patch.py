"""JSON Patch (RFC 6902) and JSON merge patch (RFC 7386)."""

import copy
from typing import Any

_LONGEST_INDEX = 9


class PatchError(ValueError):
    """The patch is malformed, names a path that is not there, or a `test` failed."""


def apply_json_patch(document: Any, operations: Any) -> Any:
    """A changed copy of `document`. Raises PatchError."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations")
    root = {"": copy.deepcopy(document)}
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchError(f"a JSON patch operation is an object, not {operation!r}")
        _run(root, operation)
    return _find(root, [""])


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7386: a changed copy of `document`; null removes, lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _run(root: dict[str, Any], operation: dict[str, Any]) -> None:
    name = operation.get("op")
    path = _tokens(operation.get("path"))
    if name == "add":
        _add(root, path, _value(operation))
    elif name == "remove":
        _remove(root, path)
    elif name == "replace":
        _find(root, path)
        _set(root, path, _value(operation))
    elif name == "test":
        if _find(root, path) != _value(operation):
            raise PatchError(f"testing value {operation['path']} failed")
    elif name in ("move", "copy"):
        source = _tokens(operation.get("from"))
        moved = copy.deepcopy(_find(root, source))
        if name == "move":
            _remove(root, source)
        _add(root, path, moved)
    else:
        raise PatchError(f"unknown JSON patch operation {name!r}")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchError(f"JSON patch operation {operation.get('op')!r} at {operation.get('path')!r} has no value")
    return operation["value"]


def _tokens(pointer: Any) -> list[str]:
    """The pointer's tokens; the first is "" for the root."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise PatchError(f"{pointer!r} is not a JSON pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]


def _find(root: Any, path: list[str]) -> Any:
    node = root
    for token in path:
        node = _step(node, token, path)
    return node


def _step(node: Any, token: str, path: list[str]) -> Any:
    if isinstance(node, dict) and token in node:
        return node[token]
    if isinstance(node, list):
        return node[_index(token, len(node) - 1, path)]
    raise PatchError(f"there is nothing at {'/'.join(path)}")


def _index(token: str, last: int, path: list[str]) -> int:
    if not token.isdecimal() or len(token) > _LONGEST_INDEX or int(token) > last:
        raise PatchError(f"{token!r} is no index into the list at {'/'.join(path)}")
    return int(token)


def _add(root: Any, path: list[str], value: Any) -> None:
    parent = _find(root, path[:-1])
    if isinstance(parent, list):
        index = len(parent) if path[-1] == "-" else _index(path[-1], len(parent), path)
        parent.insert(index, value)
    else:
        _set(root, path, value)


def _set(root: Any, path: list[str], value: Any) -> None:
    parent = _find(root, path[:-1])
    if isinstance(parent, list):
        parent[_index(path[-1], len(parent) - 1, path)] = value
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise PatchError(f"{'/'.join(path[:-1])} is neither an object nor a list")


def _remove(root: Any, path: list[str]) -> None:
    _find(root, path)
    parent = _find(root, path[:-1])
    if isinstance(parent, list):
        del parent[int(path[-1])]
    else:
        del parent[path[-1]]
