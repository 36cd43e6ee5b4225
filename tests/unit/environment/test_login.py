"""What login is configured to be, read by the very code that serves it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.environment.builders import an_environment
from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.access.sso import GitHub, Oidc, Organisation, Provider
from trimtab.access.sso_read import read_sign_on
from trimtab.access.subject import Subject
from trimtab.environment.environment import Engine, Environment, GitHubSettings, Login, RoleOf
from trimtab.environment.objects import login_map, roles_map
from trimtab.render.yaml import load


def providers(env: Environment, *, engine: Engine = "trimtab") -> list[Provider]:
    data = login_map(env, client_id="Iv1.77", organization_id=1001, engine=engine)["data"]
    reading = read_sign_on(
        data, secrets=lambda secret, key: f"{secret}/{key}", decode=lambda text, origin: load(text, origin=origin)
    )
    assert [str(problem) for problem in reading.problems] == []
    assert reading.config.urls == (env.url,)
    return list(reading.config.providers)


def test_only_the_teams_of_the_organization_get_in() -> None:
    [found] = providers(an_environment(teams=("platform", "shop")))
    assert isinstance(found, GitHub)
    assert found.orgs == (Organisation(name="acme", id=1001, teams=("platform", "shop")),)
    assert (found.client_id, found.client_secret) == ("Iv1.77", "argocd-secret/dex.github.clientSecret")
    assert found.team_name_field == "slug"


def test_github_enterprise_is_asked_where_it_is() -> None:
    settings = GitHubSettings(url="https://ghe.acme.example", ca="-----BEGIN CERTIFICATE-----\nx\n")
    [found] = providers(an_environment(github=settings))
    assert isinstance(found, GitHub)
    assert (found.web_url, found.api_url) == ("https://ghe.acme.example", "https://ghe.acme.example/api/v3")
    assert found.root_ca == settings.ca


def test_dex_is_told_only_what_it_knows() -> None:
    [found] = providers(an_environment(), engine="argocd")
    assert isinstance(found, GitHub)
    assert found.orgs == (Organisation(name="acme", teams=("platform",)),)


def test_openid_connect() -> None:
    login = Login(type="oidc", issuer="https://sso.acme.example", client_id="trimtab", name="Acme")
    [found] = providers(an_environment(login=login, teams=()))
    assert isinstance(found, Oidc)
    assert (found.issuer, found.client_secret) == ("https://sso.acme.example", "argocd-secret/oidc.clientSecret")


def test_the_account_with_a_password_is_off_unless_it_is_wanted() -> None:
    def enabled(login: Login) -> Any:
        made = login_map(an_environment(login=login), client_id="", organization_id=0, engine="trimtab")
        return made["data"]["admin.enabled"]

    assert (enabled(Login()), enabled(Login(admin=True))) == ("false", "true")


@given(st.lists(st.from_regex(r"[A-Za-z0-9][-A-Za-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=3, unique=True))
def test_any_name_survives_the_way_through_yaml(teams: list[str]) -> None:
    """`no`, `1e3` and `0777` are names of teams, too."""
    [found] = providers(an_environment(teams=tuple(teams), organization=teams[0]))
    assert isinstance(found, GitHub)
    assert found.orgs == (Organisation(name=teams[0], id=1001, teams=tuple(teams)),)


def test_teams_have_the_roles_that_they_are_given_and_others_may_look() -> None:
    env = an_environment(teams=("platform", "shop"), roles=(RoleOf(role="admin", teams=("platform",)),))
    rules, problems = parse_policy(roles_map(env)["data"])
    assert not problems
    by = Enforcer(rules)

    def may(team: str, action: str) -> bool:
        judge = by.judge(Subject(name="ada", groups=(f"acme:{team}",)), "applications", action)
        return judge("default/web")

    assert (may("platform", "delete"), may("shop", "get"), may("shop", "delete")) == (True, True, False)
    assert not may("strangers", "get")
