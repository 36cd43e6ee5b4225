"""A fake GitHub on loopback: enough of its pages and of its API for what Trimtab does with it.

    async with FakeGitHub(clock) as github:
        github.world.organisation("acme", "ada")
        app = github.world.app("https://argocd.example.com/api/dex/callback")

`trouble` makes all of it misbehave. `requests` is every path that was asked for, in order.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from trimtab.clock import Clock, SystemClock
from trimtab.fakegithub.api import PREFIX, Api
from trimtab.fakegithub.oauth import OAuth
from trimtab.fakegithub.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Trouble(Enum):
    """How it misbehaves."""

    NONE = auto()
    DOWN = auto()
    """503 to everything."""
    SILENT = auto()
    """No answer."""
    LIMITED = auto()
    """403: too many questions."""
    NONSENSE = auto()
    """200, and no JSON."""


class FakeGitHub:
    """The server."""

    def __init__(self, clock: Clock | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.world = World(clock or SystemClock())
        self.trouble = Trouble.NONE
        self.requests: list[str] = []
        self._tls = tls
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return self.url + PREFIX

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._troubled()])
        app.add_routes([*OAuth(self.world).routes(), *Api(self.world).routes()])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def _troubled(self) -> Middleware:
        @web.middleware
        async def troubled(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.requests.append(request.path)
            match self.trouble:
                case Trouble.DOWN:
                    return web.Response(status=503, text="<html>Unicorn!</html>", content_type="text/html")
                case Trouble.SILENT:
                    await self._closing.wait()
                case Trouble.LIMITED:
                    limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000"}
                    return web.json_response({"message": "API rate limit exceeded"}, status=403, headers=limits)
                case Trouble.NONSENSE:
                    return web.Response(text="<html>", content_type="text/html")
            return await handler(request)

        return troubled
