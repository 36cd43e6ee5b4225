"""Logging in with GitHub, through the fake one's pages and API: who gets in, and who is out again."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.auth_sso.place import Place, a_place
from tests.server.auth_sso.visitor import Visitor, query_of
from tests.servers.authority import Authority
from trimtab.fakegithub.applications import OAuthApp
from trimtab.fakegithub.server import FakeGitHub
from trimtab.fakegithub.trouble import Trouble
from trimtab.server.auth import provider_web

NO = "You are in none of the organisations"


def dex(github: FakeGitHub, app: OAuthApp, *orgs: dict[str, Any], **more: Any) -> str:
    """`dex.config` with one connector."""
    config = {
        "clientID": app.client_id,
        "clientSecret": app.client_secret,
        "webURL": github.url,
        "apiURL": github.api_url,
        "orgs": list(orgs) or [{"name": "acme"}],
        **more,
    }
    return json.dumps({"connectors": [{"type": "github", "id": "github", "name": "GitHub", "config": config}]})


@pytest.fixture
def configured(place: Place, github: FakeGitHub, app: OAuthApp) -> None:
    place.configure(dex__config=dex(github, app))


@pytest.mark.usefixtures("configured")
async def test_a_member_gets_in(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    arrival = await ada.log_in("ada", return_url="/applications?search=shop")
    assert (arrival.status, arrival.location) == (303, "/applications?search=shop")
    assert await ada.me() == {
        "loggedIn": True,
        "username": "ada@example.com",
        "iss": f"{place.url}/api/dex",
        "groups": ["acme:Platform Crew"],
    }


@pytest.mark.usefixtures("configured")
async def test_the_session_names_the_user_as_dex_does(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    await ada.log_in("ada")
    token = ada.cookie("argocd.token")
    payload = json.loads(_unpadded(token.split(".")[1]))
    number = str(github.world.users["ada"].id)
    assert payload["federated_claims"] == {"connector_id": "github", "user_id": number}
    assert "gho_" not in token
    assert not any(one in json.dumps(payload) for one in github.world.tokens)


@pytest.mark.usefixtures("configured")
async def test_the_token_works_as_bearer(place: Place, ada: Visitor, visitors: Callable[[str], Visitor]) -> None:
    await ada.log_in("ada")
    program = visitors(place.url)
    found = await program.me(authorization=f"Bearer {ada.cookie('argocd.token')}")
    assert found["loggedIn"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("login", "words"),
    [("mallory", NO), ("eve", "Your membership of acme is pending"), ("admin", "is the name of an account")],
)
async def test_who_is_not_let_in(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor, login: str, words: str
) -> None:
    place.configure(dex__config=dex(github, app, useLoginAsID=True))
    arrival = await ada.log_in(login)
    assert arrival.status == 403
    assert words in arrival.text
    assert not ada.cookie("argocd.token")
    assert not ada.cookie("argocd.login")
    assert await ada.me() == {"loggedIn": False}


async def test_only_the_teams_of_the_right_organisation_count(
    place: Place, github: FakeGitHub, app: OAuthApp, visitors: Callable[[str], Visitor]
) -> None:
    github.world.organisation("acme-evil", "mallory", "bob")
    github.world.team("acme-evil", "Platform Crew", "mallory", "bob")
    place.configure(dex__config=dex(github, app, {"name": "acme", "teams": ["platform-crew"]}, teamNameField="slug"))
    for login, status in (("ada", 303), ("bob", 403), ("mallory", 403)):
        arrival = await visitors(place.url).log_in(login)
        assert (login, arrival.status) == (login, status)


@pytest.mark.parametrize(
    ("field", "groups"),
    [
        ("name", ["acme:Platform Crew"]),
        ("slug", ["acme:platform-crew"]),
        ("both", ["acme:Platform Crew", "acme:platform-crew"]),
    ],
)
async def test_groups_are_named_as_told(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor, field: str, groups: list[str]
) -> None:
    place.configure(dex__config=dex(github, app, teamNameField=field))
    await ada.log_in("ada")
    assert (await ada.me())["groups"] == groups


async def test_an_organisation_is_known_by_its_id(
    place: Place, github: FakeGitHub, app: OAuthApp, visitors: Callable[[str], Visitor]
) -> None:
    """It takes another name, and somebody else registers the old one: its own members get in, the others do not."""
    acme = github.world.organisations["acme"]
    place.configure(dex__config=dex(github, app, {"name": "acme", "id": acme.id}))
    github.world.rename("acme", "acme-group")
    github.world.organisation("acme", "mallory")
    github.world.team("acme", "Platform Crew", "mallory")
    member = visitors(place.url)
    assert (await member.log_in("ada")).status == 303
    assert (await member.me())["groups"] == ["acme:Platform Crew"]
    assert (await visitors(place.url).log_in("mallory")).status == 403


@pytest.mark.usefixtures("configured")
async def test_a_session_does_not_pass_to_a_new_organisation_of_the_old_name(
    place: Place, github: FakeGitHub, ada: Visitor
) -> None:
    await ada.log_in("bob")
    del github.world.organisations["acme"]
    github.world.teams.clear()
    github.world.organisation("acme", "bob")
    place.clock.step(61)
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_a_member_who_is_removed_is_out_within_a_minute(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    await ada.log_in("ada")
    github.world.remove("acme", "ada")
    place.clock.step(59)
    assert (await ada.me())["loggedIn"]
    place.clock.step(1)
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_a_stream_that_is_open_ends_within_a_minute_too(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    await ada.log_in("ada")
    async with ada.session.get(f"{place.url}/silent") as response:
        assert await response.content.readline() == b'{"result":"hello"}\n'
        place.clock.step(60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await response.content.readline()
        github.world.remove("acme", "ada")
        place.clock.step(60)
        assert await response.content.read() == b""
    assert (await ada.get("/silent")).status == 401


@pytest.mark.usefixtures("configured")
async def test_a_change_of_teams_counts_within_a_minute(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    await ada.log_in("ada")
    github.world.team("acme", "Admins", "ada")
    place.clock.step(60)
    assert (await ada.me())["groups"] == ["acme:Platform Crew", "acme:Admins"]


@pytest.mark.usefixtures("configured")
async def test_all_pages_of_teams_are_read(github: FakeGitHub, ada: Visitor) -> None:
    for number in range(230):
        github.world.team("acme", f"Team {number}", "ada")
    await ada.log_in("ada")
    groups = (await ada.me())["groups"]
    assert (len(groups), groups[-1]) == (231, "acme:Team 229")


@pytest.mark.usefixtures("configured")
async def test_who_takes_the_access_back_is_out(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    await ada.log_in("ada")
    github.world.revoke("ada")
    place.clock.step(60)
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_github_is_asked_once_a_minute_however_many_calls_there_are(
    place: Place, github: FakeGitHub, ada: Visitor
) -> None:
    await ada.log_in("ada")
    github.requests.clear()
    for _ in range(5):
        await ada.me()
    assert github.requests == []
    place.clock.step(60)
    for _ in range(5):
        await ada.me()
    assert sorted(github.requests) == ["/api/v3/user", "/api/v3/user/memberships/orgs", "/api/v3/user/teams"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("trouble", [Trouble.DOWN, Trouble.LIMITED, Trouble.NONSENSE])
async def test_sessions_outlast_a_short_trouble_of_github_and_no_long_one(
    place: Place, github: FakeGitHub, ada: Visitor, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    await ada.log_in("ada")
    github.trouble = trouble
    place.clock.step(60)
    assert (await ada.me())["loggedIn"]
    assert "the session of ada is kept for at most 600 s" in caplog.text
    place.clock.step(599)
    assert (await ada.me())["loggedIn"]
    place.clock.step(1)
    assert await ada.me() == {"loggedIn": False}
    github.trouble = Trouble.NONE
    place.clock.step(10)
    assert (await ada.me())["loggedIn"]


@pytest.mark.usefixtures("configured")
async def test_one_session_waits_for_a_silent_github_and_the_others_go_on(
    place: Place, github: FakeGitHub, visitors: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [visitors(place.url) for _ in range(3)]
    for one in people:
        await one.log_in("ada")
    monkeypatch.setattr(provider_web, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    github.trouble = Trouble.SILENT
    github.requests.clear()
    place.clock.step(60)
    for one in people:
        assert (await one.me())["loggedIn"]
    assert len(github.requests) == 3, "one session asked its three questions"
    place.clock.step(600)
    for one in people:
        assert not (await one.me())["loggedIn"]


@pytest.mark.usefixtures("configured")
async def test_another_replica_takes_the_session_and_asks_github_itself(
    place: Place, github: FakeGitHub, ada: Visitor, visitors: Callable[[str], Visitor]
) -> None:
    await ada.log_in("ada")
    token = ada.cookie("argocd.token")
    async with a_place(place.configuration) as other:
        assert (await visitors(other.url).me(authorization=f"Bearer {token}"))["loggedIn"]
    github.world.remove("acme", "ada")
    async with a_place(place.configuration) as other:
        assert not (await visitors(other.url).me(authorization=f"Bearer {token}"))["loggedIn"]


@pytest.mark.usefixtures("configured")
async def test_another_replica_finishes_the_login(
    place: Place, github: FakeGitHub, ada: Visitor, visitors: Callable[[str], Visitor]
) -> None:
    back = await ada.consent(await ada.begin(), "ada")
    async with a_place(place.configuration) as other:
        arrival = await ada.get(back.replace(place.url, other.url))
    assert (arrival.status, arrival.location) == (303, "/")


@pytest.mark.usefixtures("configured")
async def test_a_connector_that_is_taken_away_takes_its_sessions_along(place: Place, ada: Visitor) -> None:
    await ada.log_in("ada")
    place.configure()
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_fewer_organisations_count_at_once(place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor) -> None:
    await ada.log_in("ada")
    place.configure(dex__config=dex(github, app, {"name": "acme", "teams": ["Admins"]}))
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_one_login_after_another(place: Place, visitors: Callable[[str], Visitor]) -> None:
    """What GitHub wants the first one's browser to keep does not come along with the second."""
    for login in ("ada", "bob"):
        assert (await visitors(place.url).log_in(login)).status == 303


async def test_everybody_may_come_where_no_organisation_is_named(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """As with Dex. No organisation of somebody's own makes them a role."""
    for name in ("role", "admin", "mine"):
        github.world.organisation(name, "mallory")
        github.world.team(name, "admin", "mallory")
    config = json.loads(dex(github, app, loadAllGroups=True))
    del config["connectors"][0]["config"]["orgs"]
    place.configure(dex__config=json.dumps(config))
    assert "everybody with an account" in caplog.text
    await ada.log_in("mallory")
    assert (await ada.me())["groups"] == ["mine", "mine:admin"]


async def test_a_private_authority_is_trusted_when_it_is_given(
    place: Place, tmp_path: Path, visitors: Callable[[str], Visitor]
) -> None:
    authority = Authority()
    async with FakeGitHub(place.clock, tls=authority.server(tmp_path, "127.0.0.1")) as github:
        app = github.world.app(f"{place.url}/api/dex/callback")
        (tmp_path / "ca.pem").write_text(authority.pem)
        for root_ca, words in (
            (authority.pem, "does not confirm this login"),
            (str(tmp_path / "ca.pem"), "does not confirm this login"),
            ("", "GitHub cannot be reached"),
            ("/nowhere.pem", "rootCA is neither a certificate"),
        ):
            place.configure(dex__config=dex(github, app, rootCA=root_ca))
            visitor = visitors(place.url)
            state = query_of(await visitor.begin())["state"]
            assert words in (await visitor.get(f"/auth/callback?state={state}&code=x")).text


@pytest.mark.usefixtures("configured")
async def test_another_signing_key_ends_every_session(place: Place, ada: Visitor) -> None:
    await ada.log_in("ada")
    place.configuration.write("Secret", "argocd-secret", {"server.secretkey": "another-key-of-the-server"})
    assert await ada.me() == {"loggedIn": False}


@pytest.mark.usefixtures("configured")
async def test_github_is_sent_to_the_registered_uri_with_pkce(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    asked = query_of(await ada.begin())
    assert asked["redirect_uri"] == f"{place.url}/api/dex/callback"
    assert asked["scope"] == "read:org user:email"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43


async def test_a_wrong_client_secret_lets_nobody_in_and_is_shown_to_nobody(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    place.configure(dex__config=dex(github, app, clientSecret="wrong-but-secret"))
    arrival = await ada.log_in("ada")
    assert arrival.status == 403
    assert "does not confirm this login" in arrival.text
    assert "incorrect_client_credentials" in caplog.text
    assert "wrong-but-secret" not in caplog.text + arrival.text


async def test_github_that_is_down_lets_nobody_in(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor
) -> None:
    place.configure(dex__config=dex(github, app))
    back = await ada.consent(await ada.begin(), "ada")
    github.trouble = Trouble.DOWN
    arrival = await ada.get(back)
    assert (arrival.status, "GitHub answers 503" in arrival.text) == (503, True)


async def test_the_fake_refuses_what_github_refuses(place: Place, github: FakeGitHub, app: OAuthApp) -> None:
    """What the tests lean on: scopes, unknown tokens, foreign redirect URIs, form-encoded answers."""
    token = github.world.token("ada", "user:email")
    async with aiohttp.ClientSession() as session:
        for path, headers, status in (
            ("/user", {}, 401),
            ("/user", {"authorization": "Bearer gho_unknown"}, 401),
            ("/user/teams", {"authorization": f"Bearer {token}"}, 403),
            ("/user", {"authorization": f"Bearer {token}"}, 200),
        ):
            async with session.get(github.api_url + path, headers=headers) as response:
                assert response.status == status
        bearer = {"authorization": f"Bearer {token}"}
        async with session.get(f"{github.api_url}/user", headers=bearer) as response:
            assert response.headers["x-ratelimit-remaining"] == "4997"
            tag = {"if-none-match": response.headers["etag"]}
        async with session.get(f"{github.api_url}/user", headers=bearer | tag) as response:
            assert response.status == 304
        evil = f"{github.url}/login/oauth/authorize?client_id={app.client_id}&redirect_uri=https://evil.example"
        async with session.get(evil, allow_redirects=False) as response:
            assert response.headers["location"] == f"{app.callback}?error=redirect_uri_mismatch"
        async with session.post(f"{github.url}/login/oauth/access_token", data={"client_id": "x"}) as response:
            assert (await response.text()).startswith("error=incorrect_client_credentials")


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
