"""What a token is, what it may, and what becomes of the keys made with it. Pure."""

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct

from trimtab.clock import parse_rfc3339


class TokenKind(Enum):
    """By the prefix that GitHub gives; the value is what people call it."""

    CLASSIC = "a personal access token (classic)"
    FINE_GRAINED = "a fine-grained personal access token"
    OAUTH = "a token of an OAuth app, such as gh's"
    APP_USER = "a GitHub App's token for a user"
    INSTALLATION = "a GitHub App's installation token"
    UNKNOWN = "a token of an unknown kind"


_PREFIXES = {
    "ghp_": TokenKind.CLASSIC,
    "github_pat_": TokenKind.FINE_GRAINED,
    "gho_": TokenKind.OAUTH,
    "ghu_": TokenKind.APP_USER,
    "ghs_": TokenKind.INSTALLATION,
}

_LASTING = frozenset({TokenKind.APP_USER, TokenKind.INSTALLATION})

_IMPLIED = {
    "repo": {"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events", "admin:repo_hook"},
    "admin:org": {"write:org", "manage_runners:org"},
    "write:org": {"read:org"},
    "admin:repo_hook": {"write:repo_hook"},
    "write:repo_hook": {"read:repo_hook"},
    "user": {"read:user", "user:email", "user:follow"},
}
"""Scope → what it contains, after GitHub's "Scopes for OAuth apps"; hooks of a repository are open to `repo`, too."""

_LEVELS = ("", "read", "write", "admin")


class Rights(Struct, frozen=True):
    """`missing` and `needless`: scopes, or permissions such as `administration: write`; sorted."""

    missing: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()


def kind_of(token: str) -> TokenKind:
    """By the prefix."""
    return next((kind for prefix, kind in _PREFIXES.items() if token.startswith(prefix)), TokenKind.UNKNOWN)


def key_dies_with(kind: TokenKind) -> bool:
    """Whether GitHub deletes a deploy key when the token that made it is deleted or revoked.

    After GitHub's "Managing deploy keys": keys made with personal access tokens and by OAuth apps go with them, those
    made by a GitHub App stay. Of a kind that is not known, the worse is expected.
    """
    return kind not in _LASTING


def judge_scopes(has: Iterable[str], wanted: Iterable[str]) -> Rights:
    """A classic or OAuth token's scopes against those wanted."""
    own = frozenset(has)
    needed = frozenset(wanted)
    reach = _reach(own)
    allowed = _reach(needed)
    return Rights(
        missing=tuple(sorted(needed - reach)),
        # A wider scope is not needless where nothing narrower of the token gives what is wanted.
        needless=tuple(sorted(one for one in own - allowed if not (_reach({one}) & needed) - _reach(own - {one}))),
    )


def judge_permissions(has: Mapping[str, str], wanted: Mapping[str, str]) -> Rights:
    """A GitHub App's, or a fine-grained token's permissions (name → read, write, admin) against those wanted.

    `metadata: read` comes with every token and is never needless.
    """
    more = {name: level for name, level in has.items() if _level(level) > _level(wanted.get(name, ""))}
    more.pop("metadata", None)
    lacking = {name: level for name, level in wanted.items() if _level(has.get(name, "")) < _level(level)}
    return Rights(missing=_words(lacking), needless=_words(more))


def scopes_of(headers: Mapping[str, str]) -> frozenset[str] | None:
    """From `x-oauth-scopes`; None for tokens that have permissions instead."""
    text = headers.get("x-oauth-scopes")
    return None if text is None else frozenset(part.strip() for part in text.split(",") if part.strip())


def expiry_of(headers: Mapping[str, str]) -> dt.datetime | None:
    """From `github-authentication-token-expiration`: `2026-12-31 23:59:59 UTC`, or with an offset. None if it lasts."""
    text = headers.get("github-authentication-token-expiration", "").strip().replace(" UTC", "+00:00")
    with contextlib.suppress(ValueError):
        found = parse_rfc3339(text.replace(" +", "+").replace(" -", "-"))
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return None


def _reach(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with all that they contain."""
    found: set[str] = set()
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope not in found:
            found.add(scope)
            waiting += _IMPLIED.get(scope, ())
    return frozenset(found)


def _level(name: str) -> int:
    return _LEVELS.index(name) if name in _LEVELS else 0


def _words(permissions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(f"{name}: {level}" for name, level in permissions.items()))
