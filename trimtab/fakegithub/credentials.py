"""The tokens that GitHub hands out, told apart by their prefix."""

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

Permissions = Mapping[str, str]
"""`{"contents": "read"}`; values are `read`, `write` or `admin`."""

LEVELS = ("none", "read", "write", "admin")
INSTALLATION_SECONDS = 3600
USER_SECONDS = 8 * 3600
REFRESH_SECONDS = 184 * 24 * 3600


class Kind(Enum):
    """https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"""

    CLASSIC = "ghp_"
    FINE_GRAINED = "github_pat_"
    OAUTH = "gho_"
    USER = "ghu_"
    INSTALLATION = "ghs_"

    @property
    def scoped(self) -> bool:
        """Is it limited by scopes (and not by permissions)?"""
        return self in (Kind.CLASSIC, Kind.OAUTH)


_IMPLIED = {
    "repo": {"repo:status", "repo_deployment", "public_repo", "admin:repo_hook"},
    "admin:repo_hook": {"write:repo_hook"},
    "write:repo_hook": {"read:repo_hook"},
    "admin:org": {"write:org"},
    "write:org": {"read:org"},
    "user": {"read:user", "user:email"},
}


def with_implied(scopes: Iterable[str]) -> set[str]:
    """Scopes, and those that they hold.

    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    found: set[str] = set()
    todo = list(scopes)
    while todo:
        scope = todo.pop()
        found.add(scope)
        todo += _IMPLIED.get(scope, ())
    return found


@dataclass(frozen=True)
class Token:
    """A token, whose it is, and what it may do.

    `user`: "" for an installation's. `app`: client id of the application that got it. `repositories`: ids; None for all
    of the `owner`'s (of an installation or a fine-grained token).
    """

    value: str = field(repr=False)
    kind: Kind
    user: str = ""
    scopes: tuple[str, ...] = ()
    app: str = ""
    installation: int = 0
    owner: str = ""
    permissions: Permissions = field(default_factory=dict)
    repositories: frozenset[int] | None = None
    expires_at: dt.datetime | None = None

    @property
    def app_made(self) -> bool:
        """Did a person get it through an application?"""
        return self.kind in (Kind.OAUTH, Kind.USER)

    @property
    def outlived(self) -> bool:
        """Do deploy keys that it makes stay when it is deleted? What an App makes stays."""
        return self.kind in (Kind.USER, Kind.INSTALLATION)


def new_value(prefix: str) -> str:
    """A secret that nobody guesses."""
    return prefix + secrets.token_hex(18)


def enough(granted: str, wanted: str) -> bool:
    """Is the level `granted` at least `wanted`?"""
    return LEVELS.index(granted or "none") >= LEVELS.index(wanted)
