"""The strategic merge patch that makes one object of another, for the objects that a declaration is made into."""

from collections.abc import Mapping
from typing import Any

KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "port"),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
"""How Kubernetes tells the items of these lists apart; other lists are replaced as a whole."""


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The patch, `{}` where the two are equal. The order of items that are told apart counts for nothing."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if name not in before:
            patch[name] = value
        elif old != value and (change := _change(name, old, value)) not in ({}, []):
            patch[name] = change
    return patch


def _change(name: str, before: Any, after: Any) -> Any:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return difference(before, after)
    if isinstance(before, list) and isinstance(after, list) and name in KEYS:
        key = next(key for key in KEYS[name] if all(key in item for item in (*before, *after)))
        return _items(before, after, key=key)
    return after


def _items(before: list[Any], after: list[Any], *, key: str) -> list[Any]:
    old = {item[key]: item for item in before}
    new = {item[key]: item for item in after}
    gone = [{"$patch": "delete", key: value} for value in old if value not in new]
    added = [item for value, item in new.items() if value not in old]
    patches = {value: difference(old[value], item) for value, item in new.items() if value in old}
    return [*gone, *({key: value, **patch} for value, patch in patches.items() if patch), *added]
