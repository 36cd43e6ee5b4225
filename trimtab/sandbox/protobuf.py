"""Reads Kubernetes' protobuf, in which kubectl sends the objects that it builds itself. Answers are always JSON."""

import base64
import datetime as dt
import functools
import gzip
import importlib.resources
import json
import struct
from collections.abc import Iterator
from typing import Any

from trimtab.clock import rfc3339
from trimtab.model.keys import Manifest
from trimtab.typed.builtin import table

MAGIC = b"k8s\x00"
_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"

Value = int | bytes
"""What the wire holds: a number, or the bytes of anything longer."""


class WireError(ValueError):
    """The bytes are not what they claim to be."""


def read(body: bytes) -> Manifest:
    """The object in an enveloped message. Raises WireError."""
    if not body.startswith(MAGIC):
        raise WireError("the message does not begin as Kubernetes' protobuf does")
    envelope = dict(_fields(body[len(MAGIC) :]))
    names = dict(_fields(_bytes(envelope.get(1, b""))))
    api_version, kind = (_bytes(names.get(number, b"")).decode() for number in (1, 2))
    group, _, version = api_version.rpartition("/")
    message = _DELETE_OPTIONS if kind == "DeleteOptions" else table().name(group, version, kind)
    if message not in _messages():
        raise WireError(f"{api_version} {kind} cannot be read from protobuf: send it as JSON")
    return {"apiVersion": api_version, "kind": kind, **_message(_bytes(envelope.get(2, b"")), message)}


@functools.cache
def _messages() -> dict[str, dict[str, list[str]]]:
    packed = importlib.resources.files("trimtab.sandbox").joinpath("data/protobuf.json.gz").read_bytes()
    messages: dict[str, dict[str, list[str]]] = json.loads(gzip.decompress(packed))
    return messages


def _message(data: bytes, name: str) -> dict[str, Any]:
    """A message as JSON has it: inlined structs inlined, zeros left out where Go leaves them out."""
    known = _messages()[name]
    found: dict[str, Any] = {}
    for number, raw in _fields(data):
        field = known.get(str(number))
        if field is None:
            continue
        label, kind, flags = field
        if "m" in flags:
            key, value = _entry(_bytes(raw), kind)
            found.setdefault(label, {})[key] = value
            continue
        value = _value(raw, kind)
        if not label:
            found.update(value)
        elif "r" in flags:
            found.setdefault(label, []).append(value)
        elif value is not None and (value or "z" not in flags):
            found[label] = value
    return found


def _entry(data: bytes, kind: str) -> tuple[str, Any]:
    fields = dict(_fields(data))
    return _bytes(fields.get(1, b"")).decode(), _value(fields.get(2, b""), kind)


def _value(raw: Value, kind: str) -> Any:
    if kind.startswith("#"):
        return _message(_bytes(raw), kind[1:])
    match kind:
        case "s":
            return _bytes(raw).decode()
        case "b":
            return base64.b64encode(_bytes(raw)).decode()
        case "B":
            return bool(raw)
        case "d":
            return struct.unpack("<d", _number(raw).to_bytes(8, "little"))[0]
        case "i":
            return _signed(_number(raw))
        case _:
            return _special(dict(_fields(_bytes(raw))), kind, _bytes(raw))


def _special(fields: dict[int, Value], kind: str, data: bytes) -> Any:
    """Types that write their JSON themselves."""
    match kind:
        case "@quantity":
            return _bytes(fields.get(1, b"")).decode()
        case "@intstr":
            return _bytes(fields.get(3, b"")).decode() if fields.get(1) else _signed(_number(fields.get(2, 0)))
        case "@raw":
            return json.loads(_bytes(fields.get(1, b"")) or b"null")
        case "@items":
            return [_bytes(item).decode() for _, item in _fields(data)]
        case _:
            return _time(fields, fraction=kind == "@micro")


def _time(fields: dict[int, Value], *, fraction: bool) -> str | None:
    if not fields:
        return None
    seconds = _signed(_number(fields.get(1, 0)))
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    if not fraction:
        return rfc3339(moment)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{_number(fields.get(2, 0)) // 1000:06d}Z"


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Number and content of each field. Raises WireError."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise WireError(f"unknown wire type {kind}")
        content = data[at : at + length]
        if len(content) < length:
            raise WireError("the message is cut off")
        at += length
        yield tag >> 3, content if kind == 2 else int.from_bytes(content, "little")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    raise WireError("the message is cut off")


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _bytes(raw: Value) -> bytes:
    if isinstance(raw, int):
        raise WireError("a number where bytes are expected")
    return raw


def _number(raw: Value) -> int:
    if isinstance(raw, bytes):
        raise WireError("bytes where a number is expected")
    return raw
