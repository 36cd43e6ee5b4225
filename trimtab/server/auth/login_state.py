"""What the browser keeps between the start of a login and its end: sealed, in a cookie that lives ten minutes.

Any replica can finish a login that another began. A state works once: the cookie is taken back with the first answer,
the provider's code is good for one exchange, and each process remembers the states that it has seen.
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from trimtab.clock import Clock
from trimtab.server.auth.connectors import Attempt
from trimtab.server.auth.sealing import Seal

NAME = "argocd.login"
LIFETIME_SECONDS = 600
MOST_SEEN = 20_000


class CommandLine(Struct, frozen=True):
    """A command line waits on this loopback port for whoever knows the challenge's verifier."""

    port: int
    challenge: str


class Pending(Struct, frozen=True, kw_only=True):
    """A login under way. `base` is the URL by which the person came."""

    attempt: Attempt
    connector: str
    base: str
    return_path: str
    expires_at: int
    command_line: CommandLine | None = None


class LoginStates:
    """Puts logins under way into cookies and takes them out again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def begin(
        self,
        seal: Seal,
        *,
        connector: str,
        base: str,
        callback: str,
        return_path: str,
        command_line: CommandLine | None,
    ) -> tuple[Pending, str]:
        """A new login, and the `Set-Cookie` value that ties it to the browser."""
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            redirect_uri=base + callback,
        )
        pending = Pending(
            attempt=attempt,
            connector=connector,
            base=base,
            return_path=return_path,
            expires_at=self._now() + LIFETIME_SECONDS,
            command_line=command_line,
        )
        sealed = seal.seal(msgspec.msgpack.encode(pending), bound_to=attempt.state)
        return pending, f"{cookie_name(base)}={sealed}{_attributes(base)}; Max-Age={LIFETIME_SECONDS}"

    def finish(self, seal: Seal, cookies: Mapping[str, str], state: str) -> Pending | None:
        """The login that this state belongs to; None if it was not begun by this browser, is over, or was seen."""
        for name in (f"__Host-{NAME}", NAME):
            raw = seal.open(cookies.get(name, ""), bound_to=state) if state else None
            if raw is None:
                continue
            pending = _decoded(raw)
            if pending is None:
                continue
            known = hmac.compare_digest(pending.attempt.state.encode(), state.encode())
            if known and cookie_name(pending.base) == name and self._now() < pending.expires_at and self.first(state):
                return pending
        return None

    def first(self, token: str) -> bool:
        """Is this the first time that this process sees it?"""
        now = self._clock.monotonic()
        while self._seen and (next(iter(self._seen.values())) <= now or len(self._seen) >= MOST_SEEN):
            self._seen.popitem(last=False)
        if token in self._seen:
            return False
        self._seen[token] = now + LIFETIME_SECONDS
        return True

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def cookie_name(base: str) -> str:
    """Under https with the prefix that keeps neighbouring hosts from setting it."""
    return f"__Host-{NAME}" if urlsplit(base).scheme == "https" else NAME


def removal(cookies: Mapping[str, str]) -> tuple[str, ...]:
    """`Set-Cookie` values that take it back."""
    present = [name for name in (f"__Host-{NAME}", NAME) if name in cookies]
    return tuple(f"{name}={_attributes('https:' if name.startswith('__') else '')}; Max-Age=0" for name in present)


def _decoded(raw: bytes) -> Pending | None:
    """None: another version of Trimtab sealed it."""
    try:
        return msgspec.msgpack.decode(raw, type=Pending)
    except msgspec.DecodeError:
        return None


def _attributes(base: str) -> str:
    # Lax, not strict: the provider's redirect back is a navigation that comes from another site.
    return f"; Path=/; SameSite=Lax; HttpOnly{'; Secure' if base.startswith('https:') else ''}"
