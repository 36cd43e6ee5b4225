"""A client of the fake GitHub's API that shows what came back."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from joserfc import jwt
from joserfc.jwk import RSAKey
from msgspec import Struct

from trimtab.clock import Clock
from trimtab.fakegithub.applications import GitHubApp


class Reply(Struct, frozen=True):
    """`body`: JSON, or None."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """`credential` goes as a bearer token; "" for a stranger."""

    def __init__(self, url: str, credential: str = "") -> None:
        self.url = url
        self.credential = credential
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: Any = None, *, as_: str = "", **headers: str) -> Reply:
        """One call; `as_`: another credential."""
        credential = as_ or self.credential
        sent = {"Authorization": f"Bearer {credential}"} if credential else {}
        async with self._session.request(method, self.url + path, json=body, headers={**sent, **headers}) as response:
            json = response.content_type == "application/json"
            return Reply(response.status, await response.json() if json else None, response.headers)

    async def get(self, path: str, *, as_: str = "", **headers: str) -> Any:
        """The body of what has to be there."""
        reply = await self.ask("GET", path, as_=as_, **headers)
        assert reply.status == 200, reply
        return reply.body

    async def post(self, path: str, body: Any = None, *, as_: str = "") -> Any:
        """The body of what has to be made."""
        reply = await self.ask("POST", path, body, as_=as_)
        assert reply.status == 201, reply
        return reply.body


def app_jwt(app: GitHubApp, clock: Clock, **claims: Any) -> str:
    """What an App signs to say who it is."""
    now = int(clock.now().timestamp())
    said = {"iss": app.client_id, "iat": now - 60, "exp": now + 540, **claims}
    return jwt.encode({"alg": "RS256"}, said, RSAKey.import_key(app.pem))
