"""The client of GitHub's REST API: every request of ours to a GitHub passes here.

    async with GitHub(endpoints, Given(token)) as github:
        repository = await github.get("/repos/acme/infra", Repository)

Deadlines, retries, rate limits and errors (`errors.py`) are decided here and nowhere else.
"""

import asyncio
import datetime as dt
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from trimtab.clock import Clock, SystemClock
from trimtab.errors import TrimtabError
from trimtab.github.answers import Answers
from trimtab.github.endpoints import Endpoints
from trimtab.github.errors import BadToken, RateLimited, Reply, Unavailable, Unexpected, from_reply
from trimtab.github.session import new_session
from trimtab.github.token import expiry_of, scopes_of
from trimtab.github.tokens import Given, TokenSource
from trimtab.retry import RetryPolicy, Trouble

T = TypeVar("T")
Query = Mapping[str, str | int]
API_VERSION = "2022-11-28"
DEADLINE_SECONDS = 30.0
LARGEST = 16 << 20
"""Bytes of one answer."""
PAGE = 100
TURNS_TO_CLOSE = 5
MOST_PAGES = 50
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 307, 308)
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class Seen(Struct, frozen=True):
    """What the last answer told of the token. `scopes`: None for tokens without scopes. `expires`: None if it lasts."""

    scopes: frozenset[str] | None = None
    expires: dt.datetime | None = None


class _Outgoing(Struct, frozen=True):
    method: str
    url: URL
    body: bytes | None = None

    @property
    def doing(self) -> str:
        """What errors call it; a query could hold what somebody typed."""
        return f"{self.method} {self.url.path}"


class _Failed(Exception):
    """One attempt failed in a way that another one may mend; `error` is what to raise if there is no other."""

    def __init__(self, trouble: Trouble, error: RateLimited | Unavailable) -> None:
        super().__init__(error.message)
        self.trouble = trouble
        self.error = error


class GitHub:
    """One GitHub, asked with the tokens of one source. Every method raises the errors of `errors.py`."""

    def __init__(
        self,
        endpoints: Endpoints,
        token_source: TokenSource | None = None,
        *,
        clock: Clock | None = None,
        retry: RetryPolicy | None = None,
        proxy: str = "",
    ) -> None:
        self.endpoints = endpoints
        self.clock: Clock = clock or SystemClock()
        self.seen = Seen()
        self._tokens = token_source or Given()
        self._retry = retry or RetryPolicy()
        self._answers = Answers()
        self._limited_until = 0.0
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"GitHub({self.endpoints.api!r})"

    async def __aenter__(self) -> Self:
        self._session = new_session(self.endpoints, proxy=self._proxy)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()
            # The sockets below TLS are told in the next turns of the loop.
            for _ in range(TURNS_TO_CLOSE):
                await asyncio.sleep(0)
        self._session = None

    async def get(self, path: str, kind: type[T], *, query: Query | None = None) -> T:
        """What is at `path`, as `kind`. What was asked for before is not sent again while it is the same."""
        outgoing = _Outgoing("GET", self._url(path, query))
        return _decoded(await self._send(outgoing), kind, outgoing.doing)

    async def post(self, path: str, kind: type[T], *, body: Any = None) -> T:
        """`body`: what msgspec encodes as JSON. Never sent twice where GitHub may have acted on it."""
        return await self._write("POST", path, kind=kind, body=body)

    async def patch(self, path: str, kind: type[T], *, body: Any) -> T:
        """As `post`."""
        return await self._write("PATCH", path, kind=kind, body=body)

    async def put(self, path: str, kind: type[T], *, body: Any = None) -> T:
        """As `post`."""
        return await self._write("PUT", path, kind=kind, body=body)

    async def delete(self, path: str) -> None:
        """Raises NotFound when it is gone already."""
        await self._send(_Outgoing("DELETE", self._url(path, None)))

    async def pages(self, path: str, kind: type[T], *, query: Query | None = None) -> list[T]:
        """All of a list whose pages are arrays of `kind`."""
        found: list[T] = []
        outgoing = _Outgoing("GET", self._url(path, {"per_page": PAGE, **(query or {})}))
        for _ in range(MOST_PAGES):
            reply = await self._send(outgoing)
            found += _decoded(reply, list[kind], outgoing.doing)  # type: ignore[valid-type]
            following = self._next(reply)
            if following is None:
                return found
            outgoing = _Outgoing("GET", following)
        raise Unexpected(
            f"{outgoing.doing}: more than {MOST_PAGES} pages; nothing is concluded from a part", reason="GitHubTooMuch"
        )

    async def _write(self, method: str, path: str, *, kind: type[T], body: Any) -> T:
        encoded = None if body is None else msgspec.json.encode(body)
        outgoing = _Outgoing(method, self._url(path, None), encoded)
        return _decoded(await self._send(outgoing), kind, outgoing.doing)

    async def _send(self, outgoing: _Outgoing) -> Reply:
        """The answer (2xx) within the deadline, sent again where that may help."""
        await self._heed_limit(outgoing)
        deadline = self.clock.monotonic() + DEADLINE_SECONDS
        attempt = 0
        while True:
            try:
                async with asyncio.timeout(deadline - self.clock.monotonic()):
                    return await self._followed(outgoing)
            except TimeoutError as error:
                raise self._silent(outgoing, f"no answer within {DEADLINE_SECONDS:g} s") from error
            except _Failed as failed:
                wait = self._retry.wait(
                    failed.trouble,
                    attempt=attempt,
                    idempotent=outgoing.method != "POST",
                    left=deadline - self.clock.monotonic(),
                    retry_after=failed.error.after,
                )
                if wait is None:
                    raise failed.error from failed
            attempt += 1
            await self.clock.sleep(wait)

    async def _heed_limit(self, outgoing: _Outgoing) -> None:
        """GitHub punishes who goes on asking: until the time it named, nothing is sent."""
        left = self._limited_until - self.clock.monotonic()
        if left >= DEADLINE_SECONDS:
            message = f"{outgoing.doing}: not sent, GitHub limits the rate of requests for {left:.0f} s more"
            raise RateLimited(message, reason="GitHubRateLimited", after=left)
        if left > 0:
            await self.clock.sleep(left)

    async def _followed(self, outgoing: _Outgoing) -> Reply:
        """A repository that was renamed redirects; the request is repeated there, on this GitHub alone."""
        for _ in range(MOST_REDIRECTS):
            reply = await self._authorized(outgoing)
            if reply.status not in REDIRECTS:
                return reply
            there = outgoing.url.join(URL(reply.headers.get("location", "")))
            if there.origin() != outgoing.url.origin():
                raise Unexpected(
                    f"{outgoing.doing}: redirected to another host, where tokens are not sent",
                    reason="GitHubUnexpected",
                )
            outgoing = msgspec.structs.replace(outgoing, url=there)
        raise Unexpected(f"{outgoing.doing}: redirected without end", reason="GitHubUnexpected")

    async def _authorized(self, outgoing: _Outgoing) -> Reply:
        """Sent with a token; once more with another one when GitHub no longer knows it."""
        token = await self._tokens.token()
        try:
            return await self._attempt(outgoing, token)
        except BadToken:
            if not self._tokens.refused(token):
                raise
        return await self._attempt(outgoing, await self._tokens.token())

    async def _attempt(self, outgoing: _Outgoing, token: str) -> Reply:
        reply = await self._exchange(outgoing, token)
        self.seen = Seen(scopes_of(reply.headers), expiry_of(reply.headers))
        if reply.status == 304:
            return self._answers.known(str(outgoing.url))
        if reply.status < 300 and outgoing.method == "GET":
            self._answers.keep(str(outgoing.url), reply)
        if reply.status < 300 or reply.status in REDIRECTS:
            return reply
        error = from_reply(reply, doing=outgoing.doing, now=self.clock.now())
        _redact(error, token)
        if isinstance(error, RateLimited):
            self._limited_until = self.clock.monotonic() + (error.after or 0.0)
            raise _Failed(Trouble.BUSY, error)
        if isinstance(error, Unavailable):
            raise _Failed(Trouble.BROKEN, error)
        raise error

    async def _exchange(self, outgoing: _Outgoing, token: str) -> Reply:
        if self._session is None:
            raise RuntimeError("use `async with GitHub(endpoints)`")
        try:
            async with self._session.request(
                outgoing.method,
                outgoing.url,
                headers=self._headers(outgoing, token),
                data=outgoing.body,
                allow_redirects=False,
            ) as response:
                body = await _whole(response, outgoing.doing)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, headers, body)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._lost(outgoing, error) from error

    def _headers(self, outgoing: _Outgoing, token: str) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "User-Agent": "trimtab",
            "X-GitHub-Api-Version": API_VERSION,
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if outgoing.body is not None:
            headers["Content-Type"] = "application/json"
        if outgoing.method == "GET" and (tag := self._answers.tag(str(outgoing.url))):
            headers["If-None-Match"] = tag
        return headers

    def _lost(self, outgoing: _Outgoing, error: Exception) -> _Failed | Unexpected:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return Unexpected(
                f"{outgoing.doing}: the TLS certificate of {self.endpoints.origin} is not trusted; give its authority",
                reason="GitHubCertificate",
            )
        not_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        what = self._silent(outgoing, f"cannot be reached ({type(error).__name__})")
        return _Failed(Trouble.NOT_SENT if not_sent else Trouble.LOST, what)

    def _silent(self, outgoing: _Outgoing, what: str) -> Unavailable:
        message = f"{outgoing.doing}: {self.endpoints.origin}: {what}; check the network and GitHub's status page"
        return Unavailable(message, reason="GitHubUnavailable")

    def _url(self, path: str, query: Query | None) -> URL:
        text = f"{self.endpoints.api}{path}"
        return URL(f"{text}?{urlencode(query)}" if query else text, encoded=True)

    def _next(self, reply: Reply) -> URL | None:
        found = _NEXT.search(reply.headers.get("link", ""))
        if found is None:
            return None
        url = URL(found[1], encoded=True)
        if str(url.origin()) != str(URL(self.endpoints.origin).origin()):
            raise Unexpected(
                "GitHub's next page is on another host, where tokens are not sent", reason="GitHubUnexpected"
            )
        return url


async def _whole(response: aiohttp.ClientResponse, doing: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise Unexpected(f"{doing}: the answer is larger than {LARGEST >> 20} MiB", reason="GitHubTooMuch")
    return bytes(body)


def _decoded(reply: Reply, kind: type[T], doing: str) -> T:
    if kind is type(None):
        return kind()
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The body is not quoted: it may be what a token or key is in.
        what = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        message = f"{doing}: the answer is not what GitHub documents ({what}); check the API's URL"
        raise Unexpected(message, reason="GitHubUnexpected") from error


def _redact(error: TrimtabError, token: str) -> None:
    """Whatever answers there may repeat what it was sent."""
    if token and token in error.message:
        error.message = error.message.replace(token, "***")
        error.args = (error.message,)
