"""Who calls: a person, an installation, or an App by the JWT that it signs."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from trimtab.fakegithub.api.refusal import Refusal
from trimtab.fakegithub.applications import GitHubApp
from trimtab.fakegithub.credentials import Token
from trimtab.fakegithub.state import State

JWT_SECONDS = 600
"""How long before it ends a JWT may be used at the earliest."""


@dataclass(frozen=True)
class Caller:
    """`token`: of a person or an installation; `app`: it signed a JWT; neither: a stranger."""

    token: Token | None = None
    app: GitHubApp | None = None


def secret_of(header: str) -> str:
    """The token in an `Authorization` header; "" for none. Of user and password, it is the password."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def identify(state: State, header: str) -> Caller:
    """Raises Refusal for a token or JWT that is not good."""
    value = secret_of(header)
    if not value:
        return Caller()
    if value.count(".") == 2:
        return Caller(app=_app(state, value))
    token = good(state, value)
    if token is None:
        raise Refusal(401, "Bad credentials")
    installation = state.installations.get(token.installation)
    if installation is not None and installation.suspended:
        raise Refusal(403, "This installation has been suspended")
    return Caller(token=token)


def good(state: State, value: str) -> Token | None:
    """A token that is known, and not over."""
    token = state.tokens.get(value)
    over = token is not None and token.expires_at is not None and token.expires_at <= state.clock.now()
    return None if over else token


def _app(state: State, value: str) -> GitHubApp:
    """https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app"""
    claims = _claims(value)
    issuer = str(claims.get("iss", ""))
    app = next((one for one in state.github_apps.values() if issuer in (str(one.id), one.client_id)), None)
    if app is None:
        raise Refusal(404, "Integration not found")
    try:
        jwt.decode(value, RSAKey.import_key(app.public_key), algorithms=["RS256"])
    except (JoseError, ValueError):
        raise Refusal(401, "A JSON web token could not be decoded") from None
    _timely(claims, state.clock.now().timestamp())
    return app


def _timely(claims: Mapping[str, Any], now: float) -> None:
    """GitHub goes by its own clock and gives no leeway, which is why one signs a minute into the past."""
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now:
        what = "must be an Integer representing the time that the assertion was issued"
        raise Refusal(401, f"'Issued at' claim ('iat') {what}")
    if not isinstance(expires, int) or expires <= now:
        what = "must be a numeric value representing the future time at which the assertion expires"
        raise Refusal(401, f"'Expiration time' claim ('exp') {what}")
    if expires > now + JWT_SECONDS:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def _claims(value: str) -> dict[str, Any]:
    """What a JWT says, before anybody knows whether it is true."""
    try:
        part = value.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        raise Refusal(401, "A JSON web token could not be decoded") from None
    return claims if isinstance(claims, dict) else {}
