"""Between Kubernetes objects and Structs, so that nothing which a Struct does not know is lost on the way back."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

from trimtab.errors import Stalled
from trimtab.model.keys import Manifest, key_of

T = TypeVar("T", bound=Struct)


def decode(kind: type[T], raw: Manifest) -> T:
    """`raw` as a `kind`; unknown fields are passed over, and a null reads as absent, as in Go.

    Raises Stalled with the object and the path of the field that has the wrong type.
    """
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        pass
    try:
        return msgspec.convert(_without_nulls(raw, inspect.type_info(kind)), kind)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        where = path.strip("`").removeprefix("$.") or "the object"
        raise Stalled(f"{_named(raw)}: {where}: {problem}", reason="InvalidSpecError") from error


def encode(struct: Struct) -> Manifest:
    """`struct` as a new object: plain dicts and lists, defaults left out."""
    manifest: Manifest = msgspec.json.decode(msgspec.json.encode(struct))
    return manifest


def _named(raw: Manifest) -> str:
    if not raw.get("kind") or not isinstance(raw.get("metadata"), dict):
        return "an object without kind or metadata"
    return str(key_of(raw))


def _without_nulls(raw: Any, kind: inspect.Type) -> Any:
    """`raw` without nulls where a type is known. Free-form mappings keep theirs: Helm values give them a meaning."""
    match kind:
        case inspect.StructType() if isinstance(raw, dict):
            types = {field.encode_name: field.type for field in kind.fields}
            kept = {name: value for name, value in raw.items() if value is not None}
            return {name: _without_nulls(value, types.get(name, inspect.AnyType())) for name, value in kept.items()}
        case inspect.DictType() if isinstance(raw, dict) and not isinstance(kind.value_type, inspect.AnyType):
            return {name: value for name, value in raw.items() if value is not None}
        case inspect.VarTupleType() if isinstance(raw, list):
            return [_without_nulls(item, kind.item_type) for item in raw]
        case inspect.UnionType():
            struct = next((option for option in kind.types if isinstance(option, inspect.StructType)), None)
            return _without_nulls(raw, struct) if struct else raw
    return raw


def encode_over(struct: Struct, raw: Manifest) -> Manifest:
    """`raw` with what differs in `struct`; `raw` itself is left as it is.

    A field that has become its default is removed. What did not change stays as it was written (an explicit default,
    an empty list), and what the Struct does not know stays. So `encode_over(decode(kind, raw), raw) == raw`.
    """
    return _lay(struct, decode(type(struct), raw), raw, encode(struct))


def _lay(after: Struct, before: Struct, raw: Manifest, encoded: dict[str, Any]) -> Manifest:
    laid = dict(raw)
    for name, wire in zip(after.__struct_fields__, after.__struct_encode_fields__, strict=True):
        new, old = getattr(after, name), getattr(before, name)
        if _same(new, old):
            continue
        value = _value(new, old, raw=raw.get(wire), encoded=encoded.get(wire))
        if value or wire in encoded:
            laid[wire] = value
        else:
            laid.pop(wire, None)
    return laid


def _same(new: object, old: object) -> bool:
    """Equal also in type: Python holds `True == 1`, JSON does not."""
    return new == old and msgspec.json.encode(new) == msgspec.json.encode(old)


def _value(new: object, old: object, *, raw: Any, encoded: Any) -> Any:
    if isinstance(new, Struct) and isinstance(old, Struct) and isinstance(raw, dict):
        return _lay(new, old, raw, encoded or {})
    if isinstance(new, tuple) and isinstance(old, tuple) and isinstance(raw, list) and encoded:
        return _lay_items(new, old, raw=raw, encoded=encoded)
    return encoded


def _lay_items(new: Sequence[Any], old: Sequence[Any], *, raw: list[Any], encoded: list[Any]) -> list[Any]:
    """Each new item laid over the old one it came from: an equal one first, then the most similar one."""
    free = dict(enumerate(old))
    origin: dict[int, int] = {}
    for index, item in enumerate(new):
        equal = next((at for at, other in free.items() if _same(item, other)), None)
        if equal is not None:
            origin[index] = equal
            del free[equal]
    for index, item in enumerate(new):
        if index not in origin and (similar := _most_similar(item, free)) is not None:
            origin[index] = similar
            del free[similar]
    return [
        _value(item, old[origin[index]], raw=raw[origin[index]], encoded=encoded[index])
        if index in origin
        else encoded[index]
        for index, item in enumerate(new)
    ]


def _most_similar(item: object, free: dict[int, Any]) -> int | None:
    """The index in `free` of the Struct that shares most of its set fields with `item`; None when none shares any."""
    if not isinstance(item, Struct) or not free:
        return None
    set_fields = encode(item).items()

    def shared(index: int) -> int:
        other = encode(free[index])
        return sum(1 for name, value in set_fields if name in other and other[name] == value)

    best = max(free, key=shared)
    return best if shared(best) else None
