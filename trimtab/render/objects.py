"""From a parsed document to the objects in it: lists taken apart, each object checked for what names it."""

from collections.abc import Iterator
from typing import Any

import orjson

from trimtab.errors import Stalled
from trimtab.render.jobs import Output


def outputs_of(value: Any, *, origin: str) -> Iterator[Output]:
    """Every object of a document, `kind: List` taken apart. Raises Stalled that names origin and object."""
    for manifest, where in _objects(value, origin):
        _check(manifest, where)
        yield Output(where, _encoded(manifest, where))


def _objects(value: Any, origin: str) -> Iterator[tuple[dict[str, Any], str]]:
    if not isinstance(value, dict):
        raise bad_object(origin, f"is {_noun(value)}, not an object with apiVersion, kind and metadata")
    kind, items = value.get("kind"), value.get("items")
    if not isinstance(kind, str) or not (kind == "List" or (kind.endswith("List") and isinstance(items, list))):
        yield value, origin
        return
    if not isinstance(items, list | None):
        raise bad_object(origin, f"is a {kind} whose items are {_noun(items)}, not a list")
    for number, item in enumerate(items or (), 1):
        yield from _objects(_typed(item, value, kind), f"{origin} item {number}")


def _typed(item: Any, parent: dict[str, Any], kind: str) -> Any:
    """An item of a typed list (`ConfigMapList`) may leave out what the list's own kind says."""
    if kind == "List" or not isinstance(item, dict) or "kind" in item:
        return item
    return {"apiVersion": parent.get("apiVersion"), "kind": kind.removesuffix("List"), **item}


def _check(manifest: dict[str, Any], where: str) -> None:
    for field in ("apiVersion", "kind"):
        if not _is_text(manifest.get(field)):
            raise bad_object(where, f"{_problem(manifest, field)}{_called(manifest)}")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise bad_object(where, f"({manifest['kind']}) {_problem(manifest, 'metadata', noun='an object')}")
    if not _is_text(metadata.get("name")) and not ("name" not in metadata and _is_text(metadata.get("generateName"))):
        raise bad_object(where, f"({manifest['kind']}) {_problem(metadata, 'name', prefix='metadata.')}")


def _problem(holder: dict[str, Any], field: str, *, noun: str = "a string", prefix: str = "") -> str:
    value = holder.get(field)
    if value is None or value == "":
        return f"has no {prefix}{field}"
    return f"has {_noun(value)} as {prefix}{field}, which must be {noun}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def called(value: Any) -> str:
    """`Deployment web`, or as much of that as the value says."""
    return _called(value).strip(" ()") if isinstance(value, dict) else ""


def _called(manifest: dict[str, Any]) -> str:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = manifest.get("kind")
    known = [text for text in (kind, name) if isinstance(text, str) and text]
    return f" ({' '.join(known)})" if known else ""


def _noun(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    nouns: dict[type, str] = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return nouns.get(type(value), "something else")


def _encoded(manifest: dict[str, Any], where: str) -> bytes:
    try:
        return orjson.dumps(manifest)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise bad_object(where, f"cannot be written as JSON: {error}") from error


def bad_object(where: str, problem: str) -> Stalled:
    return Stalled(f"{where} {problem}", reason="InvalidManifest")
