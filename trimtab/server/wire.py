"""Replies as HTTP: status, headers, compression."""

import asyncio
import re
from collections.abc import Iterable, Iterator

import msgspec
from isal import igzip
from starlette.requests import Request
from starlette.types import Message, Send

from trimtab.server.failures import Failure, error_body
from trimtab.server.reply import Json, Pieces, Raw, Redirect

WORTH_COMPRESSING = 1400
"""Bytes below which a reply fits in one packet anyway."""
WORTH_SENDING = 1 << 16
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
_ENCODER = msgspec.json.Encoder()


async def send_reply(request: Request, send: Send, reply: Json | Raw | Pieces | Redirect) -> None:
    """Put a reply that is all there on the wire."""
    match reply:
        case Json():
            await send_reply(request, send, Raw(body=encode(reply.value), status=reply.status, cookies=reply.cookies))
        case Redirect():
            cookies = [(b"set-cookie", cookie.encode()) for cookie in reply.cookies]
            await send(start(303, [(b"location", reply.location.encode()), (b"content-length", b"0"), *cookies]))
            await send({"type": "http.response.body", "body": b""})
        case Raw():
            await _send_raw(request, send, reply)
        case Pieces():
            await _send_pieces(request, send, reply)


async def send_failure(request: Request, send: Send, failure: Failure) -> None:
    """Put the error body on the wire."""
    body = encode(error_body(failure))
    await _send_raw(request, send, Raw(body=body, status=failure.status, headers=failure.headers))


def encode(value: object) -> bytes:
    """JSON as the API sends it."""
    return _ENCODER.encode(value)


def start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    """The first message of a reply, with the headers that every reply has."""
    names = {name for name, _ in headers}
    common = [header for header in SECURITY if header[0] not in names]
    if b"cache-control" not in names:
        common.append((b"cache-control", b"no-store"))
    return {"type": "http.response.start", "status": status, "headers": [*headers, *common]}


async def _send_raw(request: Request, send: Send, reply: Raw) -> None:
    body, headers = reply.body, [(b"content-type", reply.content_type.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in reply.headers.items()]
    headers += [(b"set-cookie", cookie.encode()) for cookie in reply.cookies]
    if len(body) >= WORTH_COMPRESSING:
        headers.append((b"vary", b"accept-encoding"))
        if takes_gzip(request):
            body = reply.gzipped or igzip.compress(body, 1)
            headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send(start(reply.status, headers))
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def _send_pieces(request: Request, send: Send, reply: Pieces) -> None:
    headers = [(b"content-type", b"application/json"), (b"vary", b"accept-encoding")]
    headers += [(b"set-cookie", cookie.encode()) for cookie in reply.cookies]
    if reply.gzipped:
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(sum(map(len, reply.pieces))).encode()))
    await send(start(200, headers))
    if request.method != "HEAD":
        for chunk in _chunks(reply.pieces):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            # `send` returns at once while the socket takes more: others' turn.
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


def _chunks(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Small pieces together: being woken for each costs a caller more than they do. Large ones are not copied."""
    held: list[bytes | memoryview] = []
    for piece in pieces:
        if len(piece) < WORTH_SENDING:
            held.append(piece)
        if held and (len(piece) >= WORTH_SENDING or sum(map(len, held)) >= WORTH_SENDING):
            yield b"".join(held)
            held.clear()
        if len(piece) >= WORTH_SENDING:
            yield piece
    if held:
        yield b"".join(held)


def takes_gzip(request: Request) -> bool:
    accepted = request.headers.get("accept-encoding", "")
    return "gzip" in accepted and not NO_GZIP.search(accepted)
