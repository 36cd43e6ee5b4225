"""The login configuration as people write it: what is read, and what is told of mistakes."""

from typing import Any

import pytest

from trimtab.access.sso import GitHub, Oidc, Organisation, Provider, Reading, SignOnConfig, in_force
from trimtab.access.sso_read import read_sign_on
from trimtab.access.sso_section import wrong_with_url
from trimtab.render import yaml

SECRETS = {("argocd-secret", "dex.github.clientSecret"): "s3cret\n", ("okta", "client-secret"): "okta-s3cret"}
GITHUB = """
connectors:
- type: github
  id: github
  name: GitHub
  config:
    clientID: Ov23abc
    clientSecret: $dex.github.clientSecret
    orgs:
    - name: acme
      id: 4711
      teams: [platform, ops]
    - name: guests
    teamNameField: slug
"""
OIDC = """
name: Okta
issuer: https://acme.okta.com
clientID: 0oa123
clientSecret: $okta:client-secret
requestedScopes: [openid, groups]
"""


def read(**config: str) -> Reading:
    data = {"url": "https://argocd.example.com/", **{key.replace("__", "."): text for key, text in config.items()}}
    return read_sign_on(
        {key: text for key, text in data.items() if text},
        secrets=lambda name, key: SECRETS.get((name, key)),
        decode=lambda text, origin: yaml.load(text, origin=origin),
    )


def problems(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems if problem.fatal]


def connector(config: str, kind: str = "github") -> str:
    lines = "\n".join(f"    {line}" for line in config.strip().splitlines())
    return f"connectors:\n- type: {kind}\n  id: it\n  name: It\n  config:\n{lines}\n"


def test_a_github_connector() -> None:
    reading = read(dex__config=GITHUB)
    assert problems(reading) == []
    orgs = (Organisation(name="acme", id=4711, teams=("platform", "ops")), Organisation(name="guests"))
    assert reading.config.providers == (
        GitHub(
            id="github",
            name="GitHub",
            client_id="Ov23abc",
            client_secret="s3cret",
            orgs=orgs,
            team_name_field="slug",
        ),
    )
    assert reading.config.urls == ("https://argocd.example.com",)


def test_github_enterprise() -> None:
    found = _only(
        read(dex__config=connector("clientID: a\nclientSecret: b\nhostName: git.acme.com\norgs: [{name: x}]"))
    )
    assert isinstance(found, GitHub)
    assert (found.web_url, found.api_url) == ("https://git.acme.com", "https://git.acme.com/api/v3")


def test_oidc_config() -> None:
    found = _only(read(oidc__config=OIDC))
    assert isinstance(found, Oidc)
    assert (found.id, found.client_secret, found.scopes) == ("oidc", "okta-s3cret", ("openid", "groups"))
    assert found.audiences == ("0oa123",)


def test_an_oidc_connector_of_dex_tells_groups_only_when_told_to() -> None:
    common = "clientID: a\nissuer: https://idp.acme.com/realm/\n"
    quiet = _only(read(dex__config=connector(common, "oidc")))
    loud = _only(read(dex__config=connector(f"{common}insecureEnableGroups: true", "oidc")))
    assert isinstance(quiet, Oidc)
    assert isinstance(loud, Oidc)
    assert (quiet.groups, loud.groups) == (False, True)
    assert quiet.issuer == "https://idp.acme.com/realm/", "compared letter by letter"
    assert quiet.audiences == (), "its own tokens are not the API's"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("connectors: 7", "dex.config: connectors: has to be a list"),
        ("[]", "dex.config: has to be a mapping"),
        ("connectors: [{type: github, name: x}]", "dex.config: connectors[0].id: is missing"),
        ("connectors: [{type: saml, id: x}]", "dex.config: connectors[0].type: saml is not served without Dex"),
        ("connectors: [7]", "dex.config: connectors[0]: has to be a mapping"),
        (connector("clientSecret: b"), "dex.config: connectors[0].config.clientID: is missing"),
        (connector("clientID: a\nclientSecret: $gone"), "connectors[0].config.clientSecret: $gone is not there"),
        (connector("clientID: a\nclientSecret: $"), "connectors[0].config.clientSecret: begins with $"),
        (connector("clientID: a\nclientSecret: [b]"), "connectors[0].config.clientSecret: has to be a string"),
        (connector("clientID: a\nclientSecret: b\norg: x"), "connectors[0].config.org: is the old form"),
        (connector("clientID: a\nclientSecret: b\norgs: [x]"), "connectors[0].config.orgs[0]: has to be a mapping"),
        (connector("clientID: a\nclientSecret: b\norgs: [{name: x, id: y}]"), "orgs[0].id: has to be a whole number"),
        (connector("clientID: a\nclientSecret: b\norgs: [{name: x, team: y}]"), "orgs[0].team: is not known"),
        (connector("clientID: a\nclientSecret: b\norgs: [{teams: [x]}]"), "orgs[0].name: is missing"),
        (connector("clientID: a\nclientSecret: b\norganisations: [x]"), "config.organisations: is not supported"),
        (connector("clientID: a\nclientSecret: b\nhostName: https://x"), "config.hostName: has to be a host name"),
        (connector("clientID: a\nclientSecret: b\nwebURL: http://x"), "config.webURL: has to be https"),
        (connector("clientID: a\nclientSecret: b\nteamNameField: id"), "config.teamNameField: has to be name, slug"),
        (connector("clientID: a\nissuer: https://x\nhostedDomains: [y]", "oidc"), "config.hostedDomains: is not supp"),
        ("connectors: [", "dex.config: "),
        (GITHUB + GITHUB.split("connectors:")[1], "dex.config: connectors[1].id: github is there twice"),
    ],
)
def test_mistakes_in_dex_config_let_nobody_in(config: str, problem: str) -> None:
    reading = read(dex__config=config)
    assert reading.config.providers == ()
    assert any(problem in found for found in problems(reading)), problems(reading)
    assert reading.broken


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("clientID: a", "oidc.config: issuer: is missing"),
        ("issuer: https://x", "oidc.config: clientID: is missing"),
        ("issuer: http://idp.acme.com\nclientID: a", "oidc.config: issuer: has to be https"),
        ("issuer: https://user@x\nclientID: a", "oidc.config: issuer: must have no user"),
        ("issuer: https://x\nclientID: a\nlogoutURL: javascript:x", "oidc.config: logoutURL: has to be a URL"),
        ("issuer: https://x\nclientID: a\nrequestedScopes: openid", "oidc.config: requestedScopes: has to be a list"),
        ("issuer: https://x\nclientID: a\nazure: {useWorkloadIdentity: true}", "oidc.config: azure: workload identity"),
        ("- a", "oidc.config: has to be a mapping"),
    ],
)
def test_mistakes_in_oidc_config_let_nobody_in(config: str, problem: str) -> None:
    reading = read(oidc__config=config)
    assert reading.config.providers == ()
    assert any(problem in found for found in problems(reading)), problems(reading)


def test_what_is_only_worth_knowing_breaks_nothing() -> None:
    reading = read(
        dex__config=connector("clientID: a\nclientSecret: b"),
        oidc__config=f"{OIDC}enableRefresh: true\nskipAudienceCheckWhenTokenHasNoAudience: true\n",
    )
    assert not reading.broken
    assert len(reading.config.providers) == 2
    assert [problem.where for problem in reading.problems] == [
        "dex.config: connectors[0].config.orgs",
        "oidc.config: skipAudienceCheckWhenTokenHasNoAudience",
        "oidc.config: enableRefresh",
    ]


def test_the_url_has_to_be_known() -> None:
    assert problems(read(url="", dex__config=GITHUB)) == [
        "url: is missing: single sign-on has to know where people reach this server"
    ]
    assert problems(read(url="")) == []
    assert "have to be URLs" in problems(read(url="argocd.example.com"))[0]
    assert "have to be URLs" in problems(read(additionalUrls="https://x"))[0]


def test_no_secret_is_in_any_problem() -> None:
    reading = read(dex__config=GITHUB.replace("teamNameField: slug", "teamNameField: 7"), oidc__config=OIDC)
    assert "s3cret" not in str(reading.problems)


@pytest.mark.parametrize(
    "good", ["https://x", "https://x:8443/path", "http://127.0.0.1:5556/dex", "http://localhost", "http://[::1]:1"]
)
def test_addresses_that_secrets_may_go_to(good: str) -> None:
    assert wrong_with_url(good) == ""


@pytest.mark.parametrize(
    "bad",
    [
        "http://x",
        "http://127.0.0.1.evil.example",
        "ftp://x",
        "x",
        "https://",
        "https://a b",
        "https://x?y",
        "https://x#y",
        "https://[x",
        "https://x:99999",
    ],
)
def test_addresses_that_no_secret_may_go_to(bad: str) -> None:
    assert wrong_with_url(bad)


def test_while_it_is_broken_the_last_good_one_is_in_force_less_what_is_taken_away() -> None:
    good = read(dex__config=GITHUB, oidc__config=OIDC).config
    cases: dict[str, tuple[dict[str, str], list[Any]]] = {
        "nothing can be read": ({"dex__config": "{", "oidc__config": OIDC}, list(good.providers)),
        "the other one is broken": ({"dex__config": GITHUB, "oidc__config": "{"}, list(good.providers)),
        "a connector is gone, and the other broken": ({"oidc__config": "x: 1"}, [good.providers[1]]),
    }
    for name, (config, expected) in cases.items():
        reading = read(**config)
        assert reading.broken, name
        assert list(in_force(good, reading).providers) == expected, name


def test_while_it_is_broken_organisations_and_teams_are_narrowed() -> None:
    good = read(dex__config=GITHUB).config
    fewer = GITHUB.replace("teams: [platform, ops]", "teams: [ops, more]").replace("- name: guests", "- name: others")
    found = in_force(good, read(dex__config=fewer, oidc__config="x: 1")).providers
    assert isinstance(found[0], GitHub)
    assert found[0].orgs == (Organisation(name="acme", id=4711, teams=("ops",)),)
    nobody = GITHUB.replace("teams: [platform, ops]", "teams: [more]").replace("- name: guests", "- name: others")
    assert in_force(good, read(dex__config=nobody, oidc__config="x: 1")).providers == ()


def test_nothing_good_and_nothing_broken_is_nothing() -> None:
    assert in_force(SignOnConfig(), read()) == SignOnConfig(urls=("https://argocd.example.com",))


def _only(reading: Reading) -> Provider:
    assert problems(reading) == []
    (found,) = reading.config.providers
    return found
