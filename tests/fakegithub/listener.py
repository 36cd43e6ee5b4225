"""A server that hears webhooks, and holds each payload to GitHub's schemas."""

import contextlib
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web
from msgspec import Struct

from tests.servers.github_contract import check_event
from trimtab.loopback import serving_on_loopback


class Heard(Struct, frozen=True):
    """One delivery."""

    event: str
    payload: dict[str, Any]
    headers: Mapping[str, str]
    content: bytes

    def signed_with(self, secret: str) -> bool:
        expected = hmac.new(secret.encode(), self.content, hashlib.sha256).hexdigest()
        return self.headers.get("X-Hub-Signature-256") == f"sha256={expected}"


class Listener:
    """`heard`, in order; `status` is what it answers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[Heard] = []
        self.status = 200
        self.port = 0
        self._tls = tls
        self._problems: list[str] = []
        self._exits = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://argocd.acme.localhost:{self.port}/api/webhook"

    def of(self, event: str) -> list[Heard]:
        return [one for one in self.heard if one.event == event]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/webhook", self._hear)
        self.port = await self._exits.enter_async_context(serving_on_loopback(app, tls=self._tls))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()
        assert not self._problems, "\n".join(self._problems)

    async def _hear(self, request: web.Request) -> web.Response:
        content = await request.read()
        event, form = request.headers["X-GitHub-Event"], request.content_type != "application/json"
        payload = orjson.loads(str((await request.post())["payload"]) if form else content)
        try:
            check_event(event, payload)
        except AssertionError as error:
            self._problems.append(str(error))
        self.heard.append(Heard(event, payload, request.headers, content))
        return web.Response(status=self.status, text="heard")
