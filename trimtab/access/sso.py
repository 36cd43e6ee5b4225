"""Who may log in by single sign-on: `dex.config`, `oidc.config` and `url` of argocd-cm, read into values.

    url, additionalUrls      where people reach the server: the only places that a login may return to
    dex.config               connectors: GitHub, and OpenID Connect
    oidc.config              one OpenID Connect provider

Nothing is guessed: what cannot be read is a problem that names its key, and lets nobody in.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

Source = Literal["dex.config", "oidc.config"]
Secrets = Callable[[str, str], str | None]
"""(name of a Secret, key) → its value; None where there is none that may be used."""
Decode = Callable[[str, str], Any]
"""(YAML, what to call it in errors) → JSON value. Raises TrimtabError."""


GITHUB_WEB = "https://github.com"
GITHUB_API = "https://api.github.com"
OIDC_SCOPES = ("openid", "profile", "email", "groups")


class Organisation(Struct, frozen=True, kw_only=True):
    """An organisation whose members may log in; with `teams`, only members of one of these. `id` 0: not given."""

    name: str
    id: int = 0
    teams: tuple[str, ...] = ()


class GitHub(Struct, frozen=True, kw_only=True):
    """A connector of type github. Without organisations, everybody with an account there may log in, as with Dex."""

    id: str
    name: str
    client_id: str
    client_secret: str
    web_url: str = GITHUB_WEB
    api_url: str = GITHUB_API
    root_ca: str = ""
    orgs: tuple[Organisation, ...] = ()
    load_all_groups: bool = False
    team_name_field: Literal["name", "slug", "both"] = "name"
    use_login_as_id: bool = False
    source: Source = "dex.config"


class Oidc(Struct, frozen=True, kw_only=True):
    """An OpenID Connect provider. `audiences`: whose bearer tokens the API takes; `groups`: does it tell groups?"""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    cli_client_id: str = ""
    scopes: tuple[str, ...] = OIDC_SCOPES
    claims: Mapping[str, Any] = {}
    user_info_groups: bool = False
    user_info_path: str = ""
    audiences: tuple[str, ...] = ()
    logout_url: str = ""
    root_ca: str = ""
    groups: bool = True
    source: Source = "oidc.config"


Provider = GitHub | Oidc


class SignOnConfig(Struct, frozen=True, kw_only=True):
    """`urls` have no slash at the end; the first is the one to use unless a request came by another."""

    urls: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()

    def provider(self, name: str) -> Provider | None:
        """By its id."""
        return next((one for one in self.providers if one.id == name), None)


class Problem(Struct, frozen=True):
    """`where` is the path to a key (`dex.config: connectors[0].config.orgs`), `what` says what to do about it.

    `fatal`: what it is about is not in force; else it is only worth knowing.
    """

    where: str
    what: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Reading(Struct, frozen=True, kw_only=True):
    """What could be read, and what could not: ids of providers in `unreadable`, or whole keys in `unreadable_keys`."""

    config: SignOnConfig = SignOnConfig()
    problems: tuple[Problem, ...] = ()
    unreadable: frozenset[str] = frozenset()
    unreadable_keys: frozenset[str] = frozenset()

    @property
    def broken(self) -> bool:
        return any(problem.fatal for problem in self.problems)


def in_force(good: SignOnConfig, reading: Reading) -> SignOnConfig:
    """While the newest configuration is broken: the last good one, and nobody whom the broken one would not let in.

    What the broken one takes away is away already, as far as it can be read; what it adds is not there yet.
    """
    if not reading.broken:
        return reading.config
    kept = (_kept(provider, reading) for provider in good.providers)
    urls = reading.config.urls if "url" not in reading.unreadable_keys else good.urls
    return SignOnConfig(
        urls=urls,
        providers=tuple(provider for provider in kept if provider is not None),
    )


def _kept(good: Provider, reading: Reading) -> Provider | None:
    if good.id in reading.unreadable or good.source in reading.unreadable_keys:
        return good
    new = reading.config.provider(good.id)
    if isinstance(good, GitHub) and isinstance(new, GitHub):
        return _narrowed(good, new)
    return new if new == good else None


def _narrowed(good: GitHub, new: GitHub) -> GitHub | None:
    if not good.orgs:
        return new if new.web_url == good.web_url else None
    if not new.orgs:
        return good
    both = (
        (mine, theirs) for mine in good.orgs for theirs in new.orgs if (mine.name, mine.id) == (theirs.name, theirs.id)
    )
    orgs = tuple(org for org in (_common(mine, theirs) for mine, theirs in both) if org is not None)
    return msgspec.structs.replace(good, orgs=orgs) if orgs else None


def _common(mine: Organisation, theirs: Organisation) -> Organisation | None:
    if not mine.teams or not theirs.teams:
        return theirs if theirs.teams else mine
    teams = tuple(team for team in mine.teams if team in theirs.teams)
    return msgspec.structs.replace(mine, teams=teams) if teams else None
