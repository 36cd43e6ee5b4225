"""A Git server over HTTP: real `git http-backend` behind aiohttp, with logins and every way to misbehave.

async with HttpGit(tmp_path / "repositories", login=("ada", "secret")) as server:
    server.url("app.git")
"""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from trimtab.fakegithub.git_http import http_backend
from trimtab.loopback import serving_on_loopback

Misbehaviour = int | str
"""An HTTP status to answer with, "hang", "drop" (in the middle of the answer), "garbage", or `redirect:URL`."""


class HttpGit:
    """Serves the bare repositories in `root`. Counts requests, and may be told to misbehave.

    `login`: user and password that are asked for; `bearer`: a token instead. `requests` holds path and headers of
    every request; `fetches` counts the requests that begin a fetch.
    """

    def __init__(
        self,
        root: Path,
        *,
        login: tuple[str, str] | None = None,
        bearer: str = "",
        tls: ssl.SSLContext | None = None,
        delay: float = 0.0,
    ) -> None:
        self.root = root
        self.misbehave: Misbehaviour | None = None
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.delay = delay
        self._moved: dict[str, str] = {}
        self._expected = f"Bearer {bearer}" if bearer else ""
        if login:
            self.expect(*login)
        self._tls = tls
        self._exits = contextlib.AsyncExitStack()
        self.port = 0

    @property
    def fetches(self) -> int:
        return sum(path.endswith("/info/refs") for path, _ in self.requests)

    def url(self, repository: str, *, userinfo: str = "") -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{userinfo}127.0.0.1:{self.port}/{repository}"

    def expect(self, user: str, password: str) -> None:
        """From now on that login is asked for, and no other."""
        self._expected = _basic(user, password)

    def move(self, old: str, *, to: str) -> None:
        """Redirect, within this server, what asks for repository `old`."""
        self._moved[old] = to

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.port = await self._exits.enter_async_context(serving_on_loopback(application, tls=self._tls))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.headers)))
        if self.delay:
            await asyncio.sleep(self.delay)
        name, _, rest = request.path_qs.strip("/").partition("/")
        if name in self._moved:
            return web.Response(status=301, headers={"Location": f"/{self._moved[name]}/{rest}"})
        if self.misbehave is not None:
            answer = await self._misbehaved(request, self.misbehave)
            if answer is not None:
                return answer
        if self._expected and request.headers.get("Authorization") != self._expected:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        if not (self.root / request.path.strip("/").partition(".git")[0]).with_suffix(".git").is_dir():
            return web.Response(status=404, text="no such repository\n")
        return await self._backend(request, cut=self.misbehave == "drop" and request.method == "POST")

    async def _misbehaved(self, request: web.Request, how: Misbehaviour) -> web.StreamResponse | None:
        if isinstance(how, int):
            return web.Response(status=how, text="misbehaving\n")
        if how.startswith("redirect:"):
            return web.Response(status=301, headers={"Location": how.removeprefix("redirect:") + request.path_qs})
        if how == "hang":
            await asyncio.sleep(3600)
        if how == "garbage":
            return web.Response(body=b"<html>\nhello\n</html>\n", content_type="text/html")
        return None

    async def _backend(self, request: web.Request, *, cut: bool) -> web.StreamResponse:
        status, headers, body = await http_backend(request, self.root, request.path)
        if not cut:
            return web.Response(status=status, headers=headers, body=body)
        response = web.StreamResponse(status=status, headers=headers | {"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport
        request.transport.abort()
        return response


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
