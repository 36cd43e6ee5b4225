"""The connection to one API server: requests with credentials, deadlines and retries; streams for watches."""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp.client_proto import ResponseHandler
from msgspec import Struct
from yarl import URL

from trimtab.clock import Clock, SystemClock
from trimtab.errors import Retry, Stalled
from trimtab.kube import fence
from trimtab.kube.config import ClusterConfig
from trimtab.kube.credentials import Authenticator, ClientCertificate
from trimtab.kube.errors import ApiError, Starting, Unreachable, Untrusted, from_reply
from trimtab.kube.retry import is_idempotent
from trimtab.kube.tls import make_context
from trimtab.retry import RetryPolicy, Trouble

JSON = "application/json"
CONNECTIONS = 32
"""Requests in flight to one cluster; watches have their own connections and no limit."""
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 15.0
"""After that a connection that nobody uses is closed: each holds some 0.3 MB of TLS buffers."""
TURNS_TO_CLOSE = 5
DEADLINE_SECONDS = 30.0
CHUNK = 256 * 1024
"""How much of a stream may wait to be read."""

Query = Mapping[str, str]


class Stats:
    """What went over the wire: `requests` sent, by Kubernetes verb (retries included), `retries`, `received` bytes."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.retries = 0
        self.received = 0


class _Failed(Exception):
    """One attempt failed in a way that another one may mend; `error` is what to raise if there is no other."""

    def __init__(self, trouble: Trouble, error: ApiError, retry_after: float | None = None) -> None:
        super().__init__(error.message)
        self.trouble = trouble
        self.error = error
        self.retry_after = retry_after


class _Outgoing(Struct, frozen=True, gc=False):
    """A request, but for the credentials. `doing` names it in errors."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None
    doing: str
    streams: bool = False


class Transport:
    """All requests to one cluster. Use as `async with Transport(config) as transport`.

    One TLS context and two pools (requests, streams) per cluster. Credentials, retries (see `trimtab/retry.py`) and the
    one refresh upon 401 happen here and nowhere else.
    """

    def __init__(self, config: ClusterConfig, *, clock: Clock | None = None, retry: RetryPolicy | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.stats = Stats()
        self.streams_lists = True
        """Whether the server may know WatchList; `watch.py` learns it."""
        self._retry = retry or RetryPolicy()
        self._auth = Authenticator(config.credentials, clock=self.clock)
        self._origin = _origin_of(config)
        self._certificate: ClientCertificate | None = None
        self._requests: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None
        self._exits = contextlib.AsyncExitStack()

    def __repr__(self) -> str:
        return f"Transport({self.config!r})"

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests = self._streams = None
        await self._exits.aclose()
        # Aborted connections are told so in the next turns of the loop: one for TLS, one for the socket below, and more
        # for one that was still being made.
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        timeout: float = DEADLINE_SECONDS,
        verb: str = "",
        subject: str = "",
    ) -> bytes:
        """The body of the answer. `timeout`: seconds for all of it, retries included.

        `verb` and `subject` (`apply`, `apps/Deployment shop/web`) name the request in errors and `stats`. Raises
        `ApiError`, and Retry or Stalled when there are no credentials to be had.
        """
        verb = verb or method.lower()
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        outgoing = _Outgoing(method, self._url(path, query), headers, body, f"{verb} {subject or path}")
        if self._auth.fresh() is None:
            # Before the deadline begins: a plugin may ask a person.
            await self._obtained()
        deadline = self.clock.monotonic() + timeout
        attempt = 0
        while True:
            if method != "GET":
                fence.check(outgoing.doing)
            self.stats.requests[verb] += 1
            try:
                async with asyncio.timeout(timeout if attempt == 0 else deadline - self.clock.monotonic()):
                    return await self._attempt(outgoing)
            except TimeoutError as error:
                message = f"{outgoing.doing}: no answer from {self._origin} within {timeout:g} s"
                raise Unreachable(message) from error
            except _Failed as failed:
                wait = self._retry.wait(
                    failed.trouble,
                    attempt=attempt,
                    idempotent=is_idempotent(method, content_type),
                    left=deadline - self.clock.monotonic(),
                    retry_after=failed.retry_after,
                )
                if wait is None:
                    raise failed.error from failed
            attempt += 1
            self.stats.retries += 1
            await self.clock.sleep(wait)

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, *, query: Query, accept: str = JSON, verb: str = "watch", subject: str = ""
    ) -> AsyncIterator["Stream"]:
        """An answer that keeps coming; not sent again when it fails. Raises `ApiError`."""
        outgoing = _Outgoing(
            "GET", self._url(path, query), {"Accept": accept}, None, f"{verb} {subject or path}", streams=True
        )
        self.stats.requests[verb] += 1
        try:
            async with asyncio.timeout(CONNECT_SECONDS + DEADLINE_SECONDS):
                response = await self._begin_stream(outgoing)
        except TimeoutError as error:
            raise Unreachable(f"{outgoing.doing}: {self._origin} did not begin to answer") from error
        except _Failed as failed:
            raise failed.error from failed
        try:
            yield Stream(self, response, outgoing.doing)
        finally:
            response.close()

    async def _begin_stream(self, outgoing: _Outgoing) -> aiohttp.ClientResponse:
        try:
            response = await self._send(outgoing)
            if response.status >= 300:
                async with response:
                    raise _refusal(response, await response.read(), outgoing.doing)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self.lost(error, outgoing.doing) from error
        return response

    async def _attempt(self, outgoing: _Outgoing) -> bytes:
        try:
            response = await self._send(outgoing)
            async with response:
                answer = await response.read()
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self.lost(error, outgoing.doing) from error
        self.stats.received += len(answer)
        if response.status >= 300:
            raise _refusal(response, answer, outgoing.doing)
        return answer

    async def _send(self, outgoing: _Outgoing) -> aiohttp.ClientResponse:
        """Send with credentials; after a 401 once more with renewed ones."""
        credentials = self._auth.fresh()
        if credentials is None:
            credentials = await self._obtained()
        response = await self._send_as(credentials, outgoing)
        if response.status != 401 or not await self._auth.renew(credentials):
            return response
        response.release()
        return await self._send_as(await self._obtained(), outgoing)

    async def _send_as(self, credentials: Mapping[str, str], outgoing: _Outgoing) -> aiohttp.ClientResponse:
        session = self._streams if outgoing.streams else self._requests
        if session is None:
            raise RuntimeError("use `async with Transport(config)`")
        return await session.request(
            outgoing.method,
            outgoing.url,
            headers={**outgoing.headers, **credentials},
            data=outgoing.body,
            allow_redirects=False,
            server_hostname=self.config.tls_server_name or None,
        )

    async def _obtained(self) -> Mapping[str, str]:
        credentials = await self._auth.headers()
        if self._auth.certificate is not None and self._auth.certificate != self._certificate:
            self._certificate = self._auth.certificate
            await self._open()
        return credentials

    async def _open(self) -> None:
        """New pools; those of a former client certificate finish what they do and run dry."""
        context = make_context(self.config, self._certificate)
        self._requests = await self._exits.enter_async_context(self._new_session(context, limit=CONNECTIONS))
        self._streams = await self._exits.enter_async_context(self._new_session(context, limit=0))

    def _new_session(self, context: ssl.SSLContext | None, *, limit: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=context or True, limit=limit, keepalive_timeout=IDLE_SECONDS, socket_factory=_watched_socket
        )
        handler: type[ResponseHandler] = _Abrupt
        connector._factory = partial(handler, loop=asyncio.get_running_loop())
        session = aiohttp.ClientSession(
            connector=connector,
            headers=self._lasting_headers(compress=bool(limit)),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            proxy=self.config.proxy_url or None,
            read_bufsize=CHUNK,
            requote_redirect_url=False,
            trust_env=False,
        )
        # aiohttp would send some requests again by itself: that is decided in `retry.py` alone.
        session._retry_connection = False
        return session

    def _lasting_headers(self, *, compress: bool) -> list[tuple[str, str]]:
        # The server compresses what exceeds 128 KB: lists from afar gain, everything else only pays.
        encoding = "gzip" if compress and self.config.compression else "identity"
        headers = [("User-Agent", "trimtab"), ("Accept-Encoding", encoding)]
        if acting := self.config.impersonate:
            headers += [("Impersonate-User", acting.user)] if acting.user else []
            headers += [("Impersonate-Uid", acting.uid)] if acting.uid else []
            headers += [("Impersonate-Group", group) for group in acting.groups]
            extra = [(quote(name, safe=""), value) for name, values in acting.extra.items() for value in values]
            headers += [(f"Impersonate-Extra-{name}", value) for name, value in extra]
        return headers

    def _url(self, path: str, query: Query | None) -> URL:
        text = f"{self._origin}{path}"
        return URL(f"{text}?{urlencode(query)}" if query else text, encoded=True)

    def lost(self, error: Exception, doing: str) -> ApiError | _Failed:
        """What an exception of the connection means while `doing`."""
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            hint = "check the cluster's certificate authority, or set tls-server-name"
            return Untrusted(f"{doing}: {self._origin}: {error}; {hint}")
        not_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        said = str(error) or type(error).__name__
        what = said if self._origin.partition("//")[2] in said else f"{self._origin}: {said}"
        return _Failed(Trouble.NOT_SENT if not_sent else Trouble.LOST, Unreachable(f"{doing}: {what}"))


class _Abrupt(ResponseHandler):
    """Closes without a farewell: TLS would wait for the one of a server that may be busy or dead, and a request that is
    given up would hold its connection beyond the end of the transport.
    """

    def close(self) -> None:
        self.abort()


class Stream:
    """An answer that keeps coming."""

    def __init__(self, transport: Transport, response: aiohttp.ClientResponse, doing: str) -> None:
        self._transport = transport
        self._response = response
        self._doing = doing

    async def read(self, *, within: float) -> bytes:
        """The next chunk, b"" when the server has ended the answer.

        Raises TimeoutError when none came `within` seconds, `Unreachable` when the connection broke.
        """
        try:
            # For each chunk, not around them all: a timeout must not strike in the code that consumes them.
            async with asyncio.timeout(within):
                chunk = await self._response.content.readany()
        except (aiohttp.ClientError, ConnectionError) as error:
            lost = self._transport.lost(error, self._doing)
            raise (lost.error if isinstance(lost, _Failed) else lost) from error
        self._transport.stats.received += len(chunk)
        return chunk


def _origin_of(config: ClusterConfig) -> str:
    """The server's URL without a final slash, and without what should not be in there. Raises Stalled."""
    try:
        url = URL(config.server)
        return f"{url.origin()}{url.raw_path.rstrip('/')}"
    except ValueError as error:
        # The URL itself may hold a password.
        raise Stalled(
            f"cluster {config.name}: the server's URL is malformed; correct it", reason="Kubeconfig"
        ) from error


def _refusal(response: aiohttp.ClientResponse, body: bytes, doing: str) -> ApiError | _Failed:
    """What an HTTP status >= 300 means: an error, or a reason to try again."""
    status = response.status
    after = _seconds(response.headers.get("Retry-After"))
    error = from_reply(status, body, doing=doing, after=after)
    if status == 429 or isinstance(error, Starting):
        return _Failed(Trouble.BUSY, error, after)
    if status >= 500 and isinstance(error, Retry):
        return _Failed(Trouble.BROKEN, error, after)
    return error


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds (Kubernetes never sends the date form)."""
    return float(header) if header and header.isdecimal() else None


def _watched_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket whose peer is noticed to be dead within a minute, though nothing is sent on it."""
    family, kind, protocol, _, _ = address
    sock = socket.socket(family=family, type=kind, proto=protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock
