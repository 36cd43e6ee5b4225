"""What a handler gives back; `asgi.py` puts it on the wire."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
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
    """A large JSON body, made while it is sent, so that neither this caller nor any other waits for the whole of it.
    `gzipped` gives the same, compressed, for callers that take it. Making a piece is quick and cannot fail.
    """

    plain: Callable[[], Iterator[bytes]]
    gzipped: Callable[[], Iterator[bytes]]
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
