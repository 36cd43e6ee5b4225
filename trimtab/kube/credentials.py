"""Who we are to a cluster: the kinds of credentials as values, and `Authenticator`, which keeps them fresh."""

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from trimtab.clock import Clock
from trimtab.errors import Stalled
from trimtab.kube.exec_plugin import ExecPlugin, run_plugin

TOKEN_FILE_SECONDS = 60.0
"""How long a token read from a file is used before the file is read again (kubelet rotates it in place)."""

EXPIRY_MARGIN = 30.0
"""Seconds before the expiry that a plugin states at which it is asked again."""


class ClientCertificate(Struct, frozen=True):
    """A client certificate (chain) and its key, both PEM."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "ClientCertificate(…)"


class Anonymous(Struct, frozen=True):
    """No credentials in the request (a client certificate may still be there)."""


class BearerToken(Struct, frozen=True):
    """A token that stays as it is."""

    token: str

    def __repr__(self) -> str:
        return "BearerToken(…)"


class TokenFile(Struct, frozen=True):
    """A token in a file that somebody else renews."""

    path: Path


class Basic(Struct, frozen=True):
    """User name and password."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Basic({self.username!r}, …)"


Credentials = Anonymous | BearerToken | TokenFile | Basic | ExecPlugin


class _Held(Struct, frozen=True):
    """What is used now; `until` is on the clock's monotonic scale, None when it does not end."""

    headers: Mapping[str, str]
    certificate: ClientCertificate | None
    until: float | None


class Authenticator:
    """Turns `Credentials` into request headers, renewing them when they run out or are refused."""

    def __init__(self, credentials: Credentials, *, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._held: _Held | None = None
        self._lock = asyncio.Lock()

    @property
    def certificate(self) -> ClientCertificate | None:
        """The certificate that the exec plugin gave with its last answer."""
        return self._held.certificate if self._held else None

    def fresh(self) -> Mapping[str, str] | None:
        """The headers in hand, None when they have to be obtained first."""
        held = self._held
        if held is None or (held.until is not None and self._clock.monotonic() >= held.until):
            return None
        return held.headers

    async def headers(self) -> Mapping[str, str]:
        """Headers for the next request. Raises Stalled (no such file, plugin failed)."""
        async with self._lock:
            if (headers := self.fresh()) is None:
                self._held = await self._obtain()
                headers = self._held.headers
            return headers

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """After a 401 for `refused`: True when there now are other credentials to try."""
        async with self._lock:
            held = self._held
            if held is not None and held.headers is not refused:
                return True
            if isinstance(self._credentials, Anonymous | BearerToken | Basic):
                return False
            self._held = await self._obtain()
            return isinstance(self._credentials, ExecPlugin) or self._held.headers != refused

    async def _obtain(self) -> _Held:
        match self._credentials:
            case BearerToken(token):
                return _lasting({"Authorization": f"Bearer {token}"})
            case Basic(username, password):
                pair = base64.b64encode(f"{username}:{password}".encode()).decode()
                return _lasting({"Authorization": f"Basic {pair}"})
            case TokenFile(path):
                return await self._read(path)
            case ExecPlugin() as plugin:
                return await self._ask(plugin)
            case Anonymous():
                return _lasting({})

    async def _read(self, path: Path) -> _Held:
        until = self._clock.monotonic() + TOKEN_FILE_SECONDS
        try:
            token = await asyncio.to_thread(_read_token, path)
        except Stalled:
            if self._held is None:
                raise
            # It may be just being replaced; the server will tell when the one we have has run out.
            return _Held(self._held.headers, None, until)
        return _Held({"Authorization": f"Bearer {token}"}, None, until)

    async def _ask(self, plugin: ExecPlugin) -> _Held:
        answer = await run_plugin(plugin)
        until = None
        if answer.expires is not None:
            left = (answer.expires - self._clock.now()).total_seconds()
            # A plugin may hand out what ends within the margin: use it until it ends.
            until = self._clock.monotonic() + (left - EXPIRY_MARGIN if left > 2 * EXPIRY_MARGIN else max(left, 1.0))
        certificate = ClientCertificate(answer.certificate, answer.key) if answer.certificate else None
        headers = {"Authorization": f"Bearer {answer.token}"} if answer.token else {}
        return _Held(headers, certificate, until)


def _lasting(headers: Mapping[str, str]) -> _Held:
    return _Held(headers, None, None)


def _read_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise Stalled(f"token file {path}: {reason}; check tokenFile of this user", reason="Credentials") from error
    if not token:
        raise Stalled(f"token file {path}: empty; write the token into it", reason="Credentials")
    return token
