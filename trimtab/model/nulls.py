"""Nulls get lost on the way: what is written with a merge patch comes back without them, wherever they stood."""

from typing import Any

import msgspec
from msgspec import Struct


def without_nulls(value: Any) -> Any:
    """The JSON value without null fields, at any depth."""
    if isinstance(value, dict):
        return {name: without_nulls(held) for name, held in value.items() if held is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(item) for item in value]
    return value


def has_nulls(part: Struct) -> bool:
    """Would a merge patch lose something of `part`? (Helm values can hold nulls, and mean something by them.)"""
    return _holds_null(msgspec.to_builtins(part))


def _holds_null(value: Any) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return value is None
    return any(map(_holds_null, value))


def same_but_for_nulls(one: Struct | None, other: Struct | None) -> bool:
    """Is `one` what became of `other` when a merge patch wrote it?"""
    return one == other or without_nulls(msgspec.to_builtins(one)) == without_nulls(msgspec.to_builtins(other))
