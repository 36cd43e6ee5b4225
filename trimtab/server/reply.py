"""What a handler gives back; `asgi.py` puts it on the wire."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from msgspec import Struct


class Json(Struct, frozen=True, kw_only=True):
    """A value that msgspec can encode. `cookies` are whole `Set-Cookie` values."""

    value: Any
    status: int = 200
    cookies: tuple[str, ...] = ()


class Raw(Struct, frozen=True, kw_only=True):
    """Bytes as they are. `gzipped`: the same, compressed already, for callers that take it."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = {}
    gzipped: bytes = b""
    cookies: tuple[str, ...] = ()


class Pieces(Struct, frozen=True, kw_only=True):
    """A large JSON body in pieces that are kept for later ones: sent without being copied, others' turn in between.
    `gzipped`: they are a gzip stream; only for callers that take it (`wire.takes_gzip`).
    """

    pieces: Sequence[bytes | memoryview]
    gzipped: bool = False
    cookies: tuple[str, ...] = ()


class Redirect(Struct, frozen=True, kw_only=True):
    """To a path of this server, or to an identity provider."""

    location: str
    cookies: tuple[str, ...] = ()


class Stream(Struct, frozen=True, kw_only=True):
    """An endless reply. Each message is the encoded JSON of one result: sent as NDJSON or as server-sent events,
    whichever the caller asks for, with keep-alives. The generator is closed when the caller goes away.
    """

    messages: AsyncGenerator[bytes, None]


Reply = Json | Raw | Pieces | Redirect | Stream
