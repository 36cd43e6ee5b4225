"""A scene with a server: a control namespace with its ConfigMaps and Secrets, the API on a port, and people at it."""

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import bcrypt
from msgspec import Struct

from tests.engine.world import CALM, Scene
from tests.server.conforming import Conforming
from trimtab.kube.config import ClusterConfig
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest
from trimtab.server.listening import Options
from trimtab.server.operations import OPERATIONS
from trimtab.server.serve import Running, serving
from trimtab.settings import Settings

PASSWORD = "correct-horse"
CONFORMING = Conforming(OPERATIONS)
"""Every answer that a test gets is held to the OpenAPI document."""
CHEAP_ROUNDS = 4
"""bcrypt at its cheapest: the tests are not about its cost."""
PEOPLE = ("ada", "eve")
"""Local users besides admin: ada may read everything, eve may do nothing until a test says so."""


class Answer(Struct, frozen=True):
    """What the API said."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def failure(self) -> tuple[int, int, str]:
        """(status, code, message) of an error body; its two copies of the message agree."""
        assert self.body["error"] == self.body["message"], self.body
        return self.status, self.body["code"], self.body["message"]


class Desk(Scene):
    """A scene whose controller runs in a server, with people who call its API."""

    def __init__(self, config: ClusterConfig, transport: Transport, folder: Path) -> None:
        super().__init__(config, transport, folder)
        self._running: Running | None = None
        self._people = contextlib.AsyncExitStack()
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    @property
    def running(self) -> Running:
        assert self._running is not None, "the server is not running"
        return self._running

    async def prepare(self, *, cm: dict[str, str] | None = None, policy: str = "") -> None:
        """Write what an installation has: argocd-cm, argocd-rbac-cm, argocd-secret."""
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(CHEAP_ROUNDS)).decode()
        accounts = {f"accounts.{name}": "login, apiKey" for name in PEOPLE}
        secret = {"admin.password": hashed, "server.secretkey": secrets.token_urlsafe(32)}
        secret |= {f"accounts.{name}.password": hashed for name in PEOPLE}
        await self.installed("ConfigMap", "argocd-cm", {"url": "https://argocd.example.com", **accounts, **(cm or {})})
        rules = policy or "g, ada, role:readonly\n"
        await self.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": rules})
        await self.installed("Secret", "argocd-secret", secret)

    async def installed(self, kind: str, name: str, data: Mapping[str, str], **labels: str) -> Manifest:
        """Apply a ConfigMap or Secret to the control namespace."""
        secret = kind == "Secret"
        values = {key: base64.b64encode(value.encode()).decode() if secret else value for key, value in data.items()}
        marks = {"app.kubernetes.io/part-of": "argocd", **labels}
        metadata = {"name": name, "namespace": self.control, "labels": marks}
        manifest = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": values}
        return await self.apply(manifest, by="tests", force=True)

    async def start(self, *, poll: float = 3600.0, options: Options | None = None) -> None:
        """Start the server, by default with the controller in it."""
        settings = Settings(namespace=self.control, cache=self.folder / "cache", poll=poll, jitter=0.0, calm=CALM)
        running = serving(self.config, settings, options or Options(port=0))
        self._running = await self._controller.enter_async_context(running)
        await self._running.ready()
        self._world = self._running.served.world

    async def stop(self) -> None:
        await self._people.aclose()
        self._sessions.clear()
        await super().stop()

    async def login(self, who: str, password: str = PASSWORD) -> str:
        """A session token."""
        body = {"username": who, "password": password}
        async with self.anybody() as session, session.post("/api/v1/session", json=body) as response:
            assert response.status == 200, await response.text()
            token: str = (await response.json())["token"]
            return token

    @contextlib.asynccontextmanager
    async def anybody(self, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
        """A client that nobody knows."""
        async with aiohttp.ClientSession(self.running.url, headers=headers) as session:
            yield session

    async def session(self, who: str) -> aiohttp.ClientSession:
        """The client of a logged-in person; "" for nobody."""
        if who not in self._sessions:
            headers = {"authorization": f"Bearer {await self.login(who)}"} if who else {}
            client = aiohttp.ClientSession(self.running.url, headers=headers)
            self._sessions[who] = await self._people.enter_async_context(client)
        return self._sessions[who]

    async def call(
        self,
        method: str,
        path: str,
        *,
        who: str = "admin",
        json: Any = None,
        data: Any = None,
        headers: Any = None,
        **query: Any,
    ) -> Answer:
        """Call the API as somebody. `path` as it goes over the wire (`quoted` helps with its parts). `data`: raw bytes,
        `query`: text, numbers, booleans, or lists of these.
        """
        session = await self.session(who)
        params = [
            (name, str(value).lower() if isinstance(value, bool) else str(value))
            for name, values in query.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        kind = {"content-type": "application/json"} if data is not None else {}
        sent = session.request(
            method, path, json=json, data=data, params=params or None, headers={**kind, **(headers or {})}
        )
        async with sent as response:
            text = await response.read()
            CONFORMING.check(
                method, path, status=response.status, content_type=response.headers.get("content-type", ""), body=text
            )
            is_json = response.content_type == "application/json"
            return Answer(response.status, (await response.json()) if is_json and text else text, response.headers)


def quoted(part: str) -> str:
    """One part of a path."""
    return quote(part, safe="")


@contextlib.asynccontextmanager
async def a_desk(config: ClusterConfig, folder: Path) -> AsyncIterator[Desk]:
    """A desk with its namespaces and nothing else; a running server is stopped at the end."""
    async with Transport(config) as transport:
        desk = Desk(config, transport, folder)
        for name in (desk.control, desk.place):
            await desk.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            yield desk
        finally:
            await desk.stop()
