"""Applications that people register: OAuth Apps, GitHub Apps, and where those are installed."""

import datetime as dt
from dataclasses import dataclass, field

from trimtab.fakegithub.credentials import Permissions
from trimtab.fakegithub.hooks import Hook


@dataclass(frozen=True)
class OAuthApp:
    """A registered application."""

    client_id: str
    client_secret: str = field(repr=False)
    callback: str
    name: str = ""
    url: str = ""
    owner: str = ""
    id: int = 0


@dataclass
class GitHubApp:
    """`owner`: login of the organisation or person. `pem` is its private key, which GitHub shows once."""

    id: int
    slug: str
    name: str
    owner: str
    url: str
    created_at: dt.datetime
    client_id: str
    hook: Hook
    client_secret: str = field(repr=False)
    pem: str = field(repr=False)
    public_key: str = field(repr=False)
    description: str = ""
    public: bool = False
    redirect_url: str = ""
    setup_url: str = ""
    setup_on_update: bool = False
    callback_urls: tuple[str, ...] = ()
    permissions: Permissions = field(default_factory=dict)
    events: tuple[str, ...] = ()


@dataclass
class Installation:
    """`repositories`: ids, None for all of the account's, also those to come."""

    id: int
    app: GitHubApp
    account: str
    created_at: dt.datetime
    permissions: Permissions
    events: tuple[str, ...]
    repositories: set[int] | None = None
    suspended: bool = False


@dataclass(frozen=True)
class InstallationRequest:
    """Somebody who is no owner asks for an installation."""

    app: GitHubApp
    account: str
    user: str
    repositories: frozenset[int] | None


@dataclass(frozen=True)
class Conversion:
    """The code at the end of the manifest flow: good for one App, once, for an hour."""

    app: GitHubApp
    expires_at: float


@dataclass
class Grant:
    """A code: good for one exchange, for ten minutes."""

    app: OAuthApp | GitHubApp
    user: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    expires_at: float


@dataclass(frozen=True)
class Refresh:
    """A refresh token: good for one exchange."""

    app: GitHubApp
    user: str
    expires_at: float
