"""The login configuration out of the data of argocd-cm."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.sso import OIDC_SCOPES, Decode, Oidc, Problem, Provider, Reading, Secrets, SignOnConfig
from trimtab.access.sso_dex import Found, read_connectors
from trimtab.access.sso_section import Section
from trimtab.errors import TrimtabError

OIDC_ID = "oidc"
"""The id of the provider of `oidc.config`."""
_IGNORED = ("domainHint", "refreshTokenThreshold", "userInfoCacheExpiration", "enablePKCEAuthentication")


def read_sign_on(config: Mapping[str, str], *, secrets: Secrets, decode: Decode) -> Reading:
    """Never raises: what cannot be read is among the problems."""
    problems: list[Problem] = []
    reader = _Reader(config, secrets, decode, problems)
    dex, oidc = reader.dex(), reader.oidc()
    unreadable = dex.unreadable | oidc.unreadable
    urls = reader.urls()
    providers = _distinct(dex.providers, oidc.providers, problems, unreadable)
    if providers and not urls and "url" not in reader.broken:
        problems.append(Problem("url", "is missing: single sign-on has to know where people reach this server"))
    return Reading(
        config=SignOnConfig(urls=urls, providers=providers),
        problems=tuple(problems),
        unreadable=frozenset(unreadable),
        unreadable_keys=frozenset(reader.broken),
    )


class _Reader:
    def __init__(self, config: Mapping[str, str], secrets: Secrets, decode: Decode, problems: list[Problem]) -> None:
        self._config = config
        self._secrets = secrets
        self._decode = decode
        self._problems = problems
        self.broken: set[str] = set()

    def dex(self) -> Found:
        value = self._decoded("dex.config", self._config.get("dex.config", ""))
        return read_connectors(value, secrets=self._secrets, problems=self._problems)

    def oidc(self) -> Found:
        value = self._decoded("oidc.config", self._config.get("oidc.config", ""))
        if value is None:
            return Found([], set())
        section = Section(value, where="oidc.config: ", secrets=self._secrets, problems=self._problems)
        provider = _oidc(section)
        if self._config.get("oidc.tls.insecure.skip.verify") == "true":
            section.remark(
                "rootCA", "certificates are checked in spite of oidc.tls.insecure.skip.verify: put the CA here"
            )
        return Found([], {OIDC_ID}) if section.fatal else Found([provider], set())

    def urls(self) -> tuple[str, ...]:
        """`url` and `additionalUrls`."""
        more = self._decoded("additionalUrls", self._config.get("additionalUrls", "")) or []
        section = Section(
            {"url": self._config.get("url"), "additionalUrls": more}, where="", secrets=_none, problems=[]
        )
        found = [section.text("url"), *section.texts("additionalUrls")]
        good = [url.rstrip("/") for url in found if url and _is_web(url)]
        if section.fatal or len(good) != len([url for url in found if url]):
            self.broken.add("url")
            self._problems.append(
                Problem("url", "url and additionalUrls have to be URLs like https://argocd.example.com")
            )
        return tuple(good)

    def _decoded(self, key: str, text: str) -> Any:
        if not text.strip():
            return None
        try:
            return self._decode(text, key)
        except TrimtabError as error:
            self.broken.add(key if key != "additionalUrls" else "url")
            self._problems.append(Problem(key, error.message))
            return None


def _oidc(section: Section) -> Oidc:
    section.ignore(*_IGNORED)
    if section.mapping("azure"):
        section.problem("azure", "workload identity is not supported yet: set clientSecret")
    if not section.url("issuer"):
        section.problem("issuer", "is missing")
    client_id, cli_client_id = section.text("clientID", required=True), section.text("cliClientID")
    logout_url = section.text("logoutURL")
    if logout_url and not _is_web(logout_url):
        section.problem("logoutURL", "has to be a URL like https://host/logout")
    provider = Oidc(
        id=OIDC_ID,
        name=section.text("name", "SSO"),
        # An issuer is compared letter by letter, so a slash at its end stays.
        issuer=section.text("issuer"),
        client_id=client_id,
        client_secret=section.text("clientSecret"),
        cli_client_id=cli_client_id,
        scopes=section.texts("requestedScopes") or OIDC_SCOPES,
        claims=section.mapping("requestedIDTokenClaims"),
        user_info_groups=section.flag("enableUserInfoGroups"),
        user_info_path=section.text("userInfoPath"),
        audiences=section.texts("allowedAudiences") or tuple(filter(None, (client_id, cli_client_id))),
        logout_url=logout_url,
        root_ca=section.text("rootCA"),
    )
    if section.flag("skipAudienceCheckWhenTokenHasNoAudience"):
        section.remark("skipAudienceCheckWhenTokenHasNoAudience", "is not followed: a token has to name its audience")
    for key in section.unknown():
        section.remark(key, "is not known: it is ignored")
    return provider


def _distinct(
    dex: list[Provider], oidc: list[Provider], problems: list[Problem], unreadable: set[str]
) -> tuple[Provider, ...]:
    if any(one.id == OIDC_ID for one in dex) and oidc:
        problems.append(Problem("dex.config", f"a connector cannot have the id {OIDC_ID} beside oidc.config"))
        unreadable.add(OIDC_ID)
        return tuple(one for one in dex if one.id != OIDC_ID)
    return (*dex, *oidc)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and url.isprintable() and " " not in url and "\\" not in url


def _none(_secret: str, _key: str) -> None:
    return None
