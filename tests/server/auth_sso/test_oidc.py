"""Logging in with a real OpenID Connect provider: npm's oidc-provider, with its pages."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.server.auth_sso.conftest import CLIENT
from tests.server.auth_sso.place import Place
from tests.server.auth_sso.visitor import Visitor, query_of
from trimtab.server.auth import login
from trimtab.server.auth.pkce import challenge_of
from trimtab.server.served import Served

VERIFIER = "a-verifier-that-only-the-command-line-knows-0123456789"


def oidc(issuer: str, **more: Any) -> str:
    """`oidc.config` for that provider."""
    found = {"name": "Company", "issuer": issuer, "clientID": CLIENT["client_id"], "clientSecret": "$oidc.clientSecret"}
    return json.dumps({**found, **more})


@pytest.fixture(autouse=True)
def configured(place: Place, issuer: str) -> None:
    place.secret(**{"oidc.clientSecret": str(CLIENT["client_secret"])})
    place.configure(oidc__config=oidc(issuer))


async def test_somebody_gets_in_with_their_groups(place: Place, issuer: str, ada: Visitor) -> None:
    arrival = await ada.log_in("ada", return_url="/applications")
    assert (arrival.status, arrival.location) == (303, "/applications")
    assert await ada.me() == {
        "loggedIn": True,
        "username": "ada@example.com",
        "iss": issuer,
        "groups": ["platform", "everybody"],
    }


async def test_the_login_page_is_asked_as_it_should_be(place: Place, issuer: str, ada: Visitor) -> None:
    page = await ada.begin()
    asked = query_of(page)
    assert page.startswith(f"{issuer}/auth?")
    assert asked["redirect_uri"] == f"{place.url}/auth/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"] == "openid profile email groups"
    assert asked["nonce"] != asked["state"]


async def test_who_cancels_is_told_so_and_the_state_is_used_up(ada: Visitor) -> None:
    back = await ada.consent(await ada.begin(), "ada", cancel=True)
    assert query_of(back)["error"] == "access_denied"
    arrival = await ada.get(back)
    assert (arrival.status, "The login was cancelled" in arrival.text) == (403, True)
    assert (await ada.get(back)).status == 400


async def test_a_code_counts_once(ada: Visitor) -> None:
    """Also at the provider: the state of another login does not help."""
    first = await ada.consent(await ada.begin(), "ada")
    assert (await ada.get(first)).status == 303
    assert (await ada.get(first)).status == 400
    second = await ada.begin()
    stolen = f"{first.split('?')[0]}?code={query_of(first)['code']}&state={query_of(second)['state']}"
    arrival = await ada.get(stolen)
    assert (arrival.status, "does not confirm this login" in arrival.text) == (403, True)


async def test_another_provider_cannot_answer(ada: Visitor) -> None:
    tampered = await ada.begin()
    arrival = await ada.get(f"/auth/callback?code=x&state={query_of(tampered)['state']}&iss=https://evil.example")
    assert (arrival.status, "another provider" in arrival.text) == (403, True)


async def test_a_wrong_client_secret_lets_nobody_in(
    place: Place, issuer: str, ada: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    place.configure(oidc__config=oidc(issuer, clientSecret="w" * 40))
    arrival = await ada.log_in("ada")
    assert arrival.status == 403
    assert "invalid_client" in caplog.text
    assert "w" * 40 not in caplog.text + arrival.text


async def test_a_user_who_is_called_like_an_account_is_not_taken_for_it(ada: Visitor) -> None:
    arrival = await ada.log_in("admin")
    assert (arrival.status, "is the name of an account" in arrival.text) == (403, True)


async def test_groups_come_from_the_claims_that_scopes_name(place: Place, ada: Visitor) -> None:
    place.scopes("[groups, email]")
    await ada.log_in("ada")
    assert (await ada.me())["groups"] == ["platform", "everybody", "ada@example.com"]
    place.scopes("[email]")
    assert (await ada.me())["groups"] == ["ada@example.com"]


async def test_groups_from_user_info(place: Place, issuer: str, ada: Visitor) -> None:
    place.configure(oidc__config=oidc(issuer, enableUserInfoGroups=True))
    await ada.log_in("ada")
    assert (await ada.me())["groups"] == ["platform", "everybody"]


async def test_the_session_ends_with_the_providers_word(place: Place, ada: Visitor) -> None:
    """Its ID tokens live ten minutes."""
    await ada.log_in("ada")
    place.clock.step(570)
    assert (await ada.me())["loggedIn"]
    place.clock.step(40)
    assert not (await ada.me())["loggedIn"]


async def test_a_connector_of_dex_config_leads_there_too(place: Place, issuer: str, ada: Visitor) -> None:
    config = {"issuer": issuer, "clientID": "argocd", "clientSecret": "$oidc.clientSecret"}
    connector = {"type": "oidc", "id": "company", "name": "Company", "config": config}
    place.configure(dex__config=json.dumps({"connectors": [connector]}))
    page = await ada.begin()
    assert query_of(page)["redirect_uri"] == f"{place.url}/api/dex/callback"


async def test_the_command_line_gets_the_session(
    place: Place, ada: Visitor, visitors: Callable[[str], Visitor]
) -> None:
    back = await ada.consent(await ada.begin(cli_port="40123", cli_challenge=challenge_of(VERIFIER)), "ada")
    arrival = await ada.get(back)
    assert arrival.location.startswith("http://127.0.0.1:40123/?code=")
    assert not ada.cookie("argocd.token"), "the browser stays as it was"
    code = query_of(arrival.location)["code"]
    wrong = await _exchange(place, code, "b" * 43)
    assert (wrong[0], wrong[1]["message"]) == (401, "the verifier is not that of the login; log in again")
    status, answer = await _exchange(place, code, VERIFIER)
    assert status == 200
    program = visitors(place.url)
    assert (await program.me(authorization=f"Bearer {answer['token']}"))["groups"] == ["platform", "everybody"]
    assert (await _exchange(place, code, VERIFIER))[0] == 401


async def test_the_code_for_the_command_line_lasts_a_minute(place: Place, ada: Visitor) -> None:
    back = await ada.consent(await ada.begin(cli_port="40123", cli_challenge=challenge_of(VERIFIER)), "ada")
    code = query_of((await ada.get(back)).location)["code"]
    place.clock.step(61)
    assert (await _exchange(place, code, VERIFIER))[0] == 401


async def test_the_command_line_hears_why_not(ada: Visitor) -> None:
    page = await ada.begin(cli_port="40123", cli_challenge=challenge_of(VERIFIER))
    arrival = await ada.get(await ada.consent(page, "ada", cancel=True))
    assert query_of(arrival.location) == {"error": "The login was cancelled."}


@pytest.mark.parametrize(
    "query", ["cli_port=80", "cli_port=x", "cli_port=40123&cli_challenge=short", "cli_challenge=x"]
)
async def test_a_command_line_has_to_ask_properly(ada: Visitor, query: str) -> None:
    assert (await ada.get(f"/auth/login?{query}")).status == 400


async def test_logging_out_leads_to_the_providers_page(
    place: Place, issuer: str, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def end(_served: Served, token: str) -> None:
        ended.append(token)

    monkeypatch.setattr(login, "end_session", end)
    logout = f"{issuer}/session/end?id_token_hint={{{{token}}}}&post_logout_redirect_uri={{{{logoutRedirectURL}}}}"
    place.configure(oidc__config=oidc(issuer, logoutURL=logout))
    await ada.log_in("ada")
    token = ada.cookie("argocd.token")
    arrival = await ada.get("/auth/logout")
    assert ended == [token]
    asked = query_of(arrival.location)
    assert arrival.location.startswith(f"{issuer}/session/end?")
    assert asked["post_logout_redirect_uri"] == place.url
    assert asked["id_token_hint"].count(".") == 2
    assert not ada.cookie("argocd.token")


async def _exchange(place: Place, code: str, verifier: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{place.url}/auth/cli/token", json={"code": code, "codeVerifier": verifier}) as response,
    ):
        return response.status, await response.json()
