"""What a connector to an identity provider does: begin a login, finish it, and ask again whether it still holds."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.sso import Provider
from trimtab.errors import Retry, Stalled


class Refused(Stalled):
    """This person may not log in, or no longer; the message is for them and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="LoginRefused")


class ProviderDown(Retry):
    """The identity provider gives no answer that decides anything. `silent`: none at all, and it took time to learn."""

    def __init__(self, message: str, *, silent: bool = False) -> None:
        super().__init__(message, reason="IdentityProviderDown")
        self.silent = silent


class Attempt(Struct, frozen=True, kw_only=True):
    """One login under way. `verifier` is PKCE's secret; the provider saw its hash."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Identity(Struct, frozen=True, kw_only=True):
    """Who somebody is, by the word of a provider. `user_id` is what RBAC calls them. `claims`: further claims that
    may hold groups. `expires_at`: when the provider's word ends, in seconds since 1970; 0: when the session does.
    `credential` is what it takes to ask again: a secret.
    """

    user_id: str
    username: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Any] = {}
    expires_at: int = 0
    credential: bytes = b""


class Connector(Protocol):
    """All of these raise Refused and ProviderDown."""

    @property
    def provider(self) -> Provider:
        """What it was configured with."""
        ...

    @property
    def callback_path(self) -> str:
        """Where the provider sends people back to, below the server's URL."""
        ...

    @property
    def rechecks(self) -> bool:
        """Is there anything to ask while a session lasts?"""
        ...

    async def begin(self, attempt: Attempt) -> str:
        """The page of the provider to send the person to."""
        ...

    async def finish(self, params: Mapping[str, str], attempt: Attempt) -> Identity:
        """Who it is, from what the provider sent back with them."""
        ...

    async def recheck(self, identity: Identity) -> Identity:
        """The same person, as things are now."""
        ...


def words(value: object) -> tuple[str, ...]:
    """The strings of a claim that may be one or a list."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list | tuple) else ()
