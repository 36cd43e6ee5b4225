"""`dex.config`: its connectors, of the types that are served here. The rest of what Dex can be told has no meaning."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from trimtab.access.sso import GITHUB_API, GITHUB_WEB, GitHub, Oidc, Organisation, Problem, Provider, Secrets
from trimtab.access.sso_section import Section, wrong_with_url


class Found(Struct):
    """`unreadable`: ids of the providers that are there and cannot be used."""

    providers: list[Provider]
    unreadable: set[str]


def read_connectors(value: object, *, secrets: Secrets, problems: list[Problem]) -> Found:
    """The connectors of `dex.config`'s value."""
    found = Found([], set())
    root = Section(value, where="dex.config: ", secrets=secrets, problems=problems)
    seen: set[str] = set()
    for connector in root.sections("connectors"):
        name, provider = _connector(connector)
        if name in seen:
            connector.problem("id", f"{name} is there twice: give each connector an id of its own")
            provider = None
        seen.add(name)
        if provider is None or connector.fatal:
            found.unreadable.add(name)
        else:
            found.providers.append(provider)
    found.providers = [one for one in found.providers if one.id not in found.unreadable]
    return found


def _connector(connector: Section) -> tuple[str, Provider | None]:
    kind = connector.text("type", required=True)
    identifier = connector.text("id", required=True)
    name = connector.text("name", identifier)
    reader = READERS.get(kind)
    if reader is None:
        if kind:
            served = " or ".join(READERS)
            connector.problem("type", f"{kind} is not served without Dex: use {served}, or oidc.config")
        return identifier, None
    config = connector.section("config")
    provider = reader(config, identifier, name)
    for key in config.unknown():
        # It may be there to keep somebody out.
        config.problem(key, f"is not supported for type {kind}: remove it if nobody's access depends on it")
    return identifier, None if config.fatal else provider


def _github(config: Section, identifier: str, name: str) -> GitHub:
    config.ignore("redirectURI", "preferredEmailDomain")
    if config.text("org"):
        config.problem("org", "is the old form: write orgs: [{name: …}]")
    web_url, api_url = _github_urls(config)
    field = config.text("teamNameField", "name")
    if field not in ("name", "slug", "both"):
        config.problem("teamNameField", "has to be name, slug or both")
    orgs = tuple(_organisation(section, config) for section in config.sections("orgs"))
    if not orgs:
        config.remark("orgs", f"names no organisation: everybody with an account at {web_url} may log in")
    return GitHub(
        id=identifier,
        name=name,
        client_id=config.text("clientID", required=True),
        client_secret=config.text("clientSecret", required=True),
        web_url=web_url,
        api_url=api_url,
        root_ca=config.text("rootCA"),
        orgs=orgs,
        load_all_groups=config.flag("loadAllGroups"),
        team_name_field="slug" if field == "slug" else "both" if field == "both" else "name",
        use_login_as_id=config.flag("useLoginAsID"),
    )


def _github_urls(config: Section) -> tuple[str, str]:
    """(pages, API): of github.com, of the GitHub Enterprise at `hostName`, or as `webURL` and `apiURL` say."""
    host = config.text("hostName")
    if host and ("/" in host or wrong_with_url(f"https://{host}")):
        config.problem("hostName", "has to be a host name, without https://")
        host = ""
    web = config.url("webURL", f"https://{host}" if host else GITHUB_WEB)
    api = config.url("apiURL", f"{web}/api/v3" if host else GITHUB_API)
    return web, api


def _organisation(section: Section, config: Section) -> Organisation:
    name = section.text("name", required=True)
    organisation = Organisation(name=name, id=section.number("id"), teams=section.texts("teams"))
    for key in section.unknown():
        section.problem(key, "is not known: write name, id and teams")
    config.fatal = config.fatal or section.fatal
    return organisation


def _oidc(config: Section, identifier: str, name: str) -> Oidc:
    config.ignore("redirectURI", "insecureSkipEmailVerified", "basicAuthUnsupported")
    groups = config.flag("insecureEnableGroups")
    scopes = tuple(dict.fromkeys(("openid", *(config.texts("scopes") or ("profile", "email")))))
    issuer = config.url("issuer")
    if not issuer:
        config.problem("issuer", "is missing")
    return Oidc(
        id=identifier,
        name=name,
        # An issuer is compared letter by letter, so a slash at its end stays.
        issuer=config.text("issuer"),
        client_id=config.text("clientID", required=True),
        client_secret=config.text("clientSecret"),
        scopes=scopes,
        user_info_groups=groups and config.flag("getUserInfo"),
        root_ca=config.text("rootCA"),
        groups=groups,
        source="dex.config",
    )


READERS: Mapping[str, Callable[[Section, str, str], Provider]] = {"github": _github, "oidc": _oidc}
"""The types of connectors."""
