"""An HTTP server on loopback that answers what a test has written down: the API server's misbehaviour, on the wire.

    async with Scripted() as server:
        server.answer("GET /version", Reply.json({"gitVersion": "v1.36.3"}))
        server.answer("WATCH /api/v1/configmaps", Stream([event("ADDED", obj)], ends=Ends.CUT), Stream([]))

A key is a verb and a path. The verb is the HTTP method, except that a GET with `watch` is a WATCH, and one that asks
for initial events a STREAMLIST. Answers are used one after another; the last one stays. What no key names gets 404.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from trimtab.loopback import serving_on_loopback

Object = dict[str, Any]


class Ends(Enum):
    """How a stream ends."""

    PROPERLY = auto()
    CUT = auto()
    """The connection is closed in the middle of the answer."""
    NEVER = auto()
    """It stays open and silent."""


@dataclass(frozen=True)
class Reply:
    """One whole answer."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, body: object, status: int = 200, **headers: str) -> Self:
        return cls(orjson.dumps(body), status, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Stream:
    """An answer in chunks."""

    chunks: Sequence[bytes]
    ends: Ends = Ends.NEVER


@dataclass(frozen=True)
class Cut:
    """No answer: the connection is closed."""


@dataclass(frozen=True)
class Silence:
    """No answer at all, the connection stays open."""


Answer = Reply | Stream | Cut | Silence


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    verb: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str

    def json(self) -> Any:
        return orjson.loads(self.body)


def status(code: int, reason: str, message: str = "no", **details: Any) -> Reply:
    """A refusal as the API server words it."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return Reply.json({**body, "reason": reason, "message": message, "details": details}, code)


def event(kind: str, body: Object) -> bytes:
    """One line of a watch."""
    return orjson.dumps({"type": kind, "object": body}) + b"\n"


def bookmark(version: int, *, initial_end: bool = False) -> bytes:
    metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return event("BOOKMARK", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata})


def config_map(name: str, version: int = 1, **data: str) -> Object:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def listing(items: Sequence[Object], *, version: int, more: str = "") -> Reply:
    """A list of a core kind: its items lack apiVersion and kind."""
    bare = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in items]
    metadata = {"resourceVersion": str(version)} | ({"continue": more} if more else {})
    return Reply.json({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": bare})


class Scripted:
    """The server; `requests` is everything it got, in order."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self._tls = tls
        self._answers: dict[str, list[Answer]] = {}
        self._closing = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._exits = contextlib.AsyncExitStack()
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def answer(self, key: str, *answers: Answer) -> None:
        """Replace what is answered to `key`."""
        self._answers[key] = list(answers)

    def got(self, key: str) -> list[Received]:
        """The requests of that verb and path."""
        verb, _, path = key.partition(" ")
        return [one for one in self.requests if (one.verb, one.path) == (verb, path)]

    async def until(self, key: str, count: int = 1) -> list[Received]:
        """Wait for that many requests of that verb and path."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.got(key)) >= count)
        return self.got(key)

    async def __aenter__(self) -> Self:
        serving = serving_on_loopback(web.Server(self._handle), tls=self._tls)
        self.port = await self._exits.enter_async_context(serving)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self._exits.aclose()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        received = Received(
            _verb(request), request.path, dict(request.query), request.headers, await request.read(), request.raw_path
        )
        async with self._arrived:
            self.requests.append(received)
            self._arrived.notify_all()
        match self._next(f"{received.verb} {received.path}"):
            case Reply(body, code, headers):
                return web.Response(body=body, status=code, headers={"Content-Type": "application/json", **headers})
            case Stream() as stream:
                return await self._stream(request, stream)
            case Silence():
                await self._closing.wait()
        return _cut(request)

    def _next(self, key: str) -> Answer:
        answers = self._answers.get(key)
        if not answers:
            return status(404, "NotFound", f"nothing is written down for {key}")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def _stream(self, request: web.BaseRequest, stream: Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in stream.chunks:
            await response.write(chunk)
        if stream.ends is Ends.NEVER:
            await self._closing.wait()
        if stream.ends is not Ends.PROPERLY:
            return _cut(request, response)
        await response.write_eof()
        return response


def _verb(request: web.BaseRequest) -> str:
    if "sendInitialEvents" in request.query:
        return "STREAMLIST"
    return "WATCH" if "watch" in request.query else request.method


def _cut(request: web.BaseRequest, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport:
        request.transport.close()
    return response or web.Response()
