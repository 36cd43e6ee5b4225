"""Protobuf from anywhere: an object, or an error that says what is wrong."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trimtab.sandbox import protobuf
from trimtab.sandbox.protobuf import MAGIC, WireError


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def envelope(api_version: str, kind: str, content: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version.encode()) + field(2, kind.encode())) + field(2, content)


def test_an_object_is_read() -> None:
    metadata = field(1, field(1, b"settings") + field(3, b""))
    body = envelope("v1", "ConfigMap", metadata + field(2, field(1, b"key") + field(2, b"value")))
    assert protobuf.read(body) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"key": "value"},
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "does not begin"),
        (MAGIC, "cannot be read from protobuf"),
        (envelope("example.org/v1", "Boat", b""), "send it as JSON"),
        (envelope("v1", "ConfigMap", b"\x0a\x7f"), "cut off"),
        (envelope("v1", "ConfigMap", b"\xff"), "cut off"),
        (envelope("v1", "ConfigMap", b"\x0b"), "unknown wire type"),
        (envelope("v1", "ConfigMap", b"\x08\x01"), "bytes are expected"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        protobuf.read(body)


@given(st.binary(max_size=60))
@example(b"\x0a\x02\x4a\x00")
def test_no_bytes_do_anything_else(content: bytes) -> None:
    for kind in ("Pod", "Secret", "Event"):
        with contextlib.suppress(ValueError, OverflowError):
            assert protobuf.read(envelope("v1", kind, content))["kind"] == kind
