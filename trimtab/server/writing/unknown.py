"""Fields that no Struct knows: most likely misspelt ones, so that new ones are refused by name."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct, inspect

from trimtab.server.failures import bad_request

SHOWN = 5
"""Fields that one message names."""


def unknown_fields(kind: type[Struct], raw: Any, where: str) -> frozenset[str]:
    """Their paths from `where`, without list positions: `spec.sources[].pathh`."""
    return frozenset(_unknown(raw, _type(kind), where))


def refuse_unknown(kind: type[Struct], raw: Any, *, where: str, known: Any = None) -> frozenset[str]:
    """The unknown fields of `raw`, each of which `known` (the object as it is) has too.

    Raises Failure (400) naming the others.
    """
    found = unknown_fields(kind, raw, where)
    new = sorted(found - (unknown_fields(kind, known, where) if known is not None else frozenset()))
    if new:
        more = f" (and {len(new) - SHOWN} more)" if len(new) > SHOWN else ""
        named = ", ".join(f'"{path}"' for path in new[:SHOWN])
        raise bad_request(f"unknown field {named}{more}; correct the name or leave it out")
    return found


@lru_cache
def _type(kind: type[Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def _unknown(raw: Any, kind: inspect.Type, where: str) -> Iterator[str]:
    match kind:
        case inspect.StructType() if isinstance(raw, dict):
            types = {field.encode_name: field.type for field in kind.fields}
            yield from (f"{where}.{name}" for name in raw if name not in types)
            for name in raw.keys() & types:
                yield from _unknown(raw[name], types[name], f"{where}.{name}")
        case inspect.VarTupleType() if isinstance(raw, list):
            for item in raw:
                yield from _unknown(item, kind.item_type, f"{where}[]")
        case inspect.DictType() if isinstance(raw, dict):
            for name, value in raw.items():
                yield from _unknown(value, kind.value_type, f"{where}.{name}")
        case inspect.UnionType():
            for option in kind.types:
                yield from _unknown(raw, option, where)
