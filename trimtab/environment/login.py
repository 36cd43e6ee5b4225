"""Who may log in and what they may do then, in Argo CD's words: `dex.config`, `oidc.config`, `policy.csv`."""

import json
from collections.abc import Iterable

from trimtab.environment import names
from trimtab.environment.environment import Engine, Environment

READERS = "role:readonly"
"""Of teams that may log in and that no role is given to: an empty page helps nobody."""


def dex_config(env: Environment, *, client_id: str, organization_id: int, engine: Engine) -> str:
    """One connector: GitHub, for the organization's teams only. `organization_id` binds it to the organization
    itself, whoever takes its name later; Dex does not know that field.
    """
    lines = [
        "connectors:",
        "- type: github",
        "  id: github",
        "  name: GitHub",
        "  config:",
        f"    clientID: {_text(client_id)}",
        f"    clientSecret: ${names.GITHUB_SECRET}",
        *(f"    {line}" for line in _endpoints(env, engine)),
        "    teamNameField: slug",
        "    orgs:",
        f"    - name: {_text(env.organization)}",
    ]
    if engine == "trimtab" and organization_id:
        lines.append(f"      id: {organization_id}")
    lines += ["      teams:", *(f"      - {_text(team)}" for team in env.teams)]
    return "\n".join(lines) + "\n"


def oidc_config(env: Environment) -> str:
    """A provider of OpenID Connect, whose groups count as they come."""
    lines = [
        f"name: {_text(env.login.name or 'SSO')}",
        f"issuer: {_text(env.login.issuer)}",
        f"clientID: {_text(env.login.client_id)}",
        f"clientSecret: ${names.OIDC_SECRET}",
        "requestedScopes: [openid, profile, email, groups]",
    ]
    return "\n".join(lines) + "\n"


def admin_enabled(env: Environment) -> str:
    """The account with a password is a way around the teams."""
    return "true" if env.login.admin else "false"


def policy_lines(env: Environment) -> str:
    """Teams and groups to roles; a team that none is given may look."""
    given = {team for one in env.roles for team in one.teams}
    lines = [f"g, {group}, role:{one.role}" for one in env.roles for group in _groups(env, one.teams, one.groups)]
    lines += [f"g, {env.organization}:{team}, {READERS}" for team in env.teams if team not in given]
    return "".join(f"{line}\n" for line in lines)


def callback_urls(env: Environment) -> tuple[str, ...]:
    """Where GitHub sends people back to: the server, and the page of `trimtab setup` (any port counts on loopback)."""
    return (f"{env.url}/api/dex/callback", "http://127.0.0.1/authorized")


def _groups(env: Environment, teams: Iterable[str], groups: Iterable[str]) -> list[str]:
    return [*(f"{env.organization}:{team}" for team in teams), *groups]


def _endpoints(env: Environment, engine: Engine) -> list[str]:
    if not env.is_enterprise:
        return []
    if engine == "argocd":
        return [f"hostName: {_text(env.web_url.partition('://')[2])}"]
    found = [f"webURL: {_text(env.web_url)}", f"apiURL: {_text(env.api_url)}"]
    return [*found, f"rootCA: {_text(env.github.ca)}"] if env.github.ca else found


def _text(value: str) -> str:
    """As YAML: in quotes where it may be anything, since JSON's strings are YAML's."""
    plain = value.replace("-", "").replace("_", "").replace(".", "")
    return value if plain.isalnum() and value[:1].isalpha() and value.lower() not in _WORDS else json.dumps(value)


_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
