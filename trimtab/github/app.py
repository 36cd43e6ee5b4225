"""GitHub Apps: their tokens, where they are installed, and how one is made from a manifest."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from trimtab.clock import Clock, parse_rfc3339
from trimtab.errors import Retry, Stalled
from trimtab.github.client import GitHub
from trimtab.github.errors import NotFound
from trimtab.github.nouns import App, Installation, InstallationToken, NewApp

BEHIND = dt.timedelta(seconds=60)
"""GitHub's advice: our clock may be ahead of theirs."""
JWT_LIFE = dt.timedelta(minutes=9)
"""GitHub allows ten minutes, by its own clock."""
JWT_USED = dt.timedelta(minutes=8)
REFRESHED = dt.timedelta(minutes=45)
"""The age at which an installation's token, which lives for an hour, is replaced."""
LAST_MOMENT = dt.timedelta(minutes=2)


def app_jwt(issuer: str, private_key: str, *, now: dt.datetime) -> str:
    """The token by which an App speaks for itself. `issuer`: its id or client id; `private_key`: PEM.

    Raises Stalled (GitHubAppKey) when the key is not an RSA key in PEM.
    """
    try:
        key = RSAKey.import_key(private_key.strip() + "\n")
        claims = {"iss": issuer, "iat": int((now - BEHIND).timestamp()), "exp": int((now + JWT_LIFE).timestamp())}
        return jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
    except (JoseError, ValueError, TypeError) as error:
        raise Stalled(
            f"GitHub App {issuer}: its private key is not an RSA key in PEM; generate one on the App's page",
            reason="GitHubAppKey",
        ) from error


class AppTokens:
    """The source of tokens for an App itself."""

    def __init__(self, issuer: str, private_key: str, *, clock: Clock) -> None:
        self._issuer = issuer
        self._private_key = private_key
        self._clock = clock
        self._token = ""
        self._until = dt.datetime.min.replace(tzinfo=dt.UTC)

    def __repr__(self) -> str:
        return f"AppTokens({self._issuer!r})"

    async def token(self) -> str:
        """Raises Stalled as `app_jwt`."""
        now = self._clock.now()
        if now >= self._until:
            self._token = app_jwt(self._issuer, self._private_key, now=now)
            self._until = now + JWT_USED
        return self._token

    def refused(self, token: str) -> bool:
        return False


class InstallationTokens:
    """The source of tokens for one installation, narrowed to `repositories` (names without owner) and `permissions`.

    `app`: the GitHub that is asked as the App (`AppTokens`). A token is replaced when it is 45 minutes old; while
    GitHub does not answer, the old one is used as long as it lives.
    """

    def __init__(
        self, app: GitHub, installation: int, *, repositories: Sequence[str] = (), permissions: Mapping[str, str]
    ) -> None:
        self._app = app
        self._path = f"/app/installations/{installation}/access_tokens"
        self._body: dict[str, Any] = {"permissions": dict(permissions)}
        if repositories:
            self._body["repositories"] = list(repositories)
        self._lock = asyncio.Lock()
        self._token = ""
        self._fresh_until = self._expires = dt.datetime.min.replace(tzinfo=dt.UTC)

    def __repr__(self) -> str:
        return f"InstallationTokens({self._path!r})"

    async def token(self) -> str:
        """Raises what `GitHub.post` raises: NotFound when the App is not installed there any more."""
        async with self._lock:
            now = self._app.clock.now()
            if now >= self._fresh_until:
                await self._renew(now)
            return self._token

    def refused(self, token: str) -> bool:
        if token == self._token:
            self._fresh_until = self._expires = dt.datetime.min.replace(tzinfo=dt.UTC)
        return True

    async def _renew(self, now: dt.datetime) -> None:
        try:
            made = await self._app.post(self._path, InstallationToken, body=self._body)
        except Retry:
            if now + LAST_MOMENT < self._expires:
                return
            raise
        self._token = made.token
        self._expires = _moment(made.expires_at, otherwise=now + dt.timedelta(hours=1))
        self._fresh_until = min(now + REFRESHED, self._expires - LAST_MOMENT)


async def get_app(app: GitHub) -> App:
    """The App whose JWT asks."""
    return await app.get("/app", App)


async def find_installation(app: GitHub, owner: str, repo: str) -> Installation:
    """Where the App reaches that repository. Raises NotFound when it is not installed, or not for this repository."""
    return await app.get(f"/repos/{owner}/{repo}/installation", Installation)


async def find_owner_installation(app: GitHub, owner: str) -> Installation:
    """The App's installation on an organization or a person's account. Raises NotFound."""
    for one in await app.pages("/app/installations", Installation):
        if one.account is not None and one.account.login.lower() == owner.lower():
            return one
    raise NotFound(f"the GitHub App is not installed on {owner}; install it there", reason="GitHubNotFound")


async def convert_manifest(github: GitHub, code: str) -> NewApp:
    """The App that a person has just created from our manifest; `code` works once, for an hour. Needs no token."""
    return await github.post(f"/app-manifests/{code}/conversions", NewApp)


async def delete_installation(app: GitHub, installation: int) -> None:
    """Uninstall. Raises NotFound when it is gone already."""
    await app.delete(f"/app/installations/{installation}")


def _moment(text: str, *, otherwise: dt.datetime) -> dt.datetime:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return otherwise
