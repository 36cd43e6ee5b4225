"""An OpenID Connect provider that sends whatever a test has made up, signed with keys that a test has made."""

import base64
import contextlib
import json
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from trimtab.loopback import serving_on_loopback

Key = RSAKey | ECKey | OctKey


class Crooked:
    """`answer` is the ID token that its token endpoint gives; `keys` are those that it shows."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.keys: list[Key] = [self.key]
        self.algorithms = ["RS256", "ES256"]
        self.issuer_shown = ""
        self.token_endpoint = ""
        self.answer = ""
        self.down = False
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self._exits = contextlib.AsyncExitStack()
        self.issuer = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/jwks", self._jwks),
                web.post("/token", self._token),
            ]
        )
        self.issuer = f"http://127.0.0.1:{await self._exits.enter_async_context(serving_on_loopback(app))}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a good ID token says, changed; None leaves a claim out."""
        now = int(time.time())
        good = {"iss": self.issuer, "aud": "argocd", "sub": "u-1", "iat": now, "exp": now + 300, "groups": ["platform"]}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, key: Key | None = None, algorithm: str = "RS256") -> str:
        """A token; by the provider's own key if no other is given."""
        used = key or self.key
        return jwt.encode({"alg": algorithm, "kid": used.kid}, claims, used, [algorithm])

    async def _discovery(self, _request: web.Request) -> web.Response:
        self.asked.append("discovery")
        if self.down:
            return web.Response(status=500)
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")}
        if self.token_endpoint:
            endpoints["token_endpoint"] = self.token_endpoint
        shown = self.issuer_shown or self.issuer
        more = {"jwks_uri": f"{self.issuer}/jwks", "id_token_signing_alg_values_supported": self.algorithms}
        return web.json_response({"issuer": shown, **endpoints, **more})

    async def _jwks(self, _request: web.Request) -> web.Response:
        self.asked.append("jwks")
        if self.down:
            return web.Response(status=500)
        public = [key for key in self.keys if not isinstance(key, OctKey)]
        return web.json_response(KeySet(list(public)).as_dict(private=False))

    async def _token(self, request: web.Request) -> web.Response:
        self.forms.append({key: str(value) for key, value in (await request.post()).items()})
        if self.down:
            return web.Response(status=500)
        return web.json_response({"id_token": self.answer, "access_token": "at", "token_type": "Bearer"})


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    """A token that nobody signed."""
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*encoded, ""))
