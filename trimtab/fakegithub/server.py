"""The fake GitHub's server: pages, REST API and Git behind one port, SSH behind another."""

import asyncio
import contextlib
import re
import shutil
import ssl
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from trimtab.clock import Clock, SystemClock
from trimtab.fakegithub.api.refusal import not_found
from trimtab.fakegithub.api.service import Service
from trimtab.fakegithub.deliveries import Deliveries
from trimtab.fakegithub.git_http import GitHttp
from trimtab.fakegithub.pages.install_app import InstallApp
from trimtab.fakegithub.pages.login import Login
from trimtab.fakegithub.pages.oauth import OAuth
from trimtab.fakegithub.pages.register_app import RegisterApp
from trimtab.fakegithub.pages.register_oauth_app import RegisterOAuthApp
from trimtab.fakegithub.ssh import SshServer
from trimtab.fakegithub.trouble import Planned, Trouble
from trimtab.fakegithub.troubled import Handler, misbehave
from trimtab.fakegithub.world import World
from trimtab.loopback import serving_on_loopback

MOST_BYTES = 1 << 30


class Validator(Protocol):
    """Holds every exchange of the API to GitHub's description of it."""

    def exchange(
        self, request: web.Request, *, path: str, content: bytes, status: int, content_type: str, body: bytes
    ) -> None:
        """`path` is below the prefix. Writes down what is wrong, of the request or of the answer."""
        ...

    def settle(self) -> None:
        """Raises AssertionError when something was wrong."""
        ...


class FakeGitHub:
    """`world` is what there is; `trouble` makes all of it misbehave; `requests` is every path that was asked for.

    `ssh`: start sshd, too. `port`: 0 for any. `settle` of the validator is called at the end.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        prefix: str = "/api/v3",
        port: int = 0,
        ssh: bool = False,
        validator: Validator | None = None,
    ) -> None:
        self.world = World(clock or SystemClock())
        self.world.site.prefix = prefix
        self.trouble = Trouble.NONE
        self.requests: list[str] = []
        self.deliveries = Deliveries(self.world)
        self.ssh = SshServer(self.world) if ssh else None
        self.port = port
        self._planned: list[Planned] = []
        self._tls = tls
        self._validator = validator
        self._closing = asyncio.Event()
        self._exits = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        return self.world.site.url

    @property
    def api_url(self) -> str:
        return self.world.site.api_url

    def clone_url(self, full_name: str) -> str:
        """By HTTP; the password is a token."""
        return f"{self.url}/{full_name}.git"

    def ssh_url(self, full_name: str) -> str:
        """`ssh://git@127.0.0.1:2222/acme/cluster.git`."""
        return f"{self.world.site.ssh}/{full_name}.git"

    def plan(self, trouble: Trouble, method: str = "*", path: str = "", *, times: int = 1) -> None:
        """Trouble for the next calls whose path matches a regular expression."""
        self._planned.append(Planned(method, re.compile(path), trouble, times))

    async def delivered(self) -> None:
        """Return when every hook has been told what there is to tell."""
        await self.deliveries.idle()

    async def __aenter__(self) -> Self:
        if self.ssh is not None:
            await self.ssh.start()
            self.world.site.ssh = self.ssh.url
        try:
            await self._serve()
        except OSError:
            await self._stop()
            raise
        return self

    async def _serve(self) -> None:
        app = web.Application(middlewares=[self._troubled(), self._validated()], client_max_size=MOST_BYTES)
        parts = (OAuth, Service, Login, RegisterApp, InstallApp, RegisterOAuthApp, GitHttp)
        for part in parts:
            app.add_routes(part(self.world).routes())
        self.port = await self._exits.enter_async_context(serving_on_loopback(app, port=self.port, tls=self._tls))
        self.world.site.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        await self.deliveries.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        if self._validator is not None and error is None:
            self._validator.settle()

    async def _stop(self) -> None:
        self._closing.set()
        await self.deliveries.stop()
        if self.ssh is not None:
            await self.ssh.stop()
        await self._exits.aclose()
        shutil.rmtree(self.world.folder)

    def _trouble(self, request: web.Request) -> Trouble:
        planned = next((one for one in self._planned if one.meets(request.method, request.path)), None)
        if planned is None:
            return self.trouble
        planned.times -= 1
        return planned.trouble

    def _troubled(self) -> Middleware:
        @web.middleware
        async def troubled(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.requests.append(request.path)
            trouble = self._trouble(request)
            if trouble is Trouble.NONE:
                return await handler(request)
            return await misbehave(trouble, request, handler, closing=self._closing, clock=self.world.clock)

        return troubled

    def _validated(self) -> Middleware:
        prefix = self.world.site.prefix

        @web.middleware
        async def validated(request: web.Request, handler: Handler) -> web.StreamResponse:
            api = request.path.startswith(f"{prefix}/")
            try:
                response = await handler(request)
            except web.HTTPException:
                if not api:
                    raise
                response = web.json_response(not_found().body, status=404)
            if self._validator is not None and api and isinstance(response, web.Response):
                body = response.body if isinstance(response.body, bytes) else b""
                self._validator.exchange(
                    request,
                    path=request.path.removeprefix(prefix),
                    content=await request.read(),
                    status=response.status,
                    content_type=response.content_type,
                    body=body,
                )
            return response

        return validated
