"""Who is who: what tokens of each kind are told of people, organisations, teams and repositories."""

import datetime as dt
from typing import Any

import aiohttp
import pytest

from tests.fakegithub.client import Client
from trimtab.clock import StepClock
from trimtab.fakegithub.server import FakeGitHub

REPOSITORY = "/repos/acme/infrastructure"


async def test_what_a_person_is_told(github: FakeGitHub, client: Client) -> None:
    bob = github.world.personal_token("bob", "read:org", "repo", "user:email")
    assert (await client.get("/user", as_=bob))["login"] == "bob"
    assert [one["login"] for one in await client.get("/user/orgs", as_=bob)] == ["acme"]
    assert [one["slug"] for one in await client.get("/user/teams", as_=bob)] == ["platform"]
    membership = await client.get("/user/memberships/orgs/acme", as_=bob)
    assert (membership["state"], membership["role"]) == ("active", "member")
    assert [one["role"] for one in await client.get("/user/memberships/orgs?state=active")] == ["admin"]
    assert (await client.get("/users/ada", as_=bob))["name"] == "Ada"
    assert [one["primary"] for one in await client.get("/user/emails", as_=bob)] == [False, True]
    assert (await client.get("/orgs/acme/teams/platform", as_=bob))["repos_count"] == 1
    assert [one["slug"] for one in await client.get("/orgs/acme/teams", as_=bob)] == ["platform"]
    repository = await client.get(REPOSITORY, as_=bob)
    assert (repository["permissions"]["push"], repository["permissions"]["admin"]) == (True, False)


async def test_policies_are_shown_to_owners(client: Client, github: FakeGitHub) -> None:
    assert (await client.get("/orgs/acme"))["deploy_keys_enabled_for_repositories"] is True
    bob = github.world.personal_token("bob", "read:org")
    assert "deploy_keys_enabled_for_repositories" not in await client.get("/orgs/acme", as_=bob)
    assert (await client.ask("GET", "/orgs/nobody")).status == 404


async def test_strangers_see_nothing(github: FakeGitHub, client: Client) -> None:
    mallory = github.world.personal_token("mallory", "repo", "read:org")
    for path in (REPOSITORY, "/orgs/acme/teams/platform", "/orgs/acme/memberships/bob", "/user/memberships/orgs/acme"):
        assert (await client.ask("GET", path, as_=mallory)).status == 404
    async with Client(github.api_url) as stranger:
        assert (await stranger.ask("GET", REPOSITORY)).status == 404
        assert (await stranger.ask("GET", "/user")).status == 401
        github.world.repositories["acme/infrastructure"].private = False
        assert (await stranger.ask("GET", REPOSITORY)).status == 200
        assert (await stranger.ask("POST", f"{REPOSITORY}/git/blobs", {"content": "a"})).status == 401


@pytest.mark.parametrize("path", ["/user/orgs", "/user/teams", "/orgs/acme/teams/platform"])
async def test_a_scope_is_missing(github: FakeGitHub, client: Client, path: str) -> None:
    reply = await client.ask("GET", path, as_=github.world.personal_token("bob"))
    assert (reply.status, reply.headers["X-OAuth-Scopes"]) == (403, "")


async def test_an_organisation_keeps_an_oauth_app_out(github: FakeGitHub, client: Client) -> None:
    world = github.world
    app = world.app("https://argocd.acme.example/api/dex/callback")
    token = world.token("bob", "repo", "read:org", app=app.client_id)
    acme = world.organisations["acme"]
    acme.approved_apps = set()
    assert await client.get("/user/orgs", as_=token) == []
    assert (await client.ask("GET", "/user/memberships/orgs/acme", as_=token)).status == 404
    reply = await client.ask("GET", REPOSITORY, as_=token)
    assert reply.status == 403
    assert "OAuth App access restrictions" in reply.body["message"]
    acme.approved_apps = {app.client_id}
    assert (await client.ask("GET", REPOSITORY, as_=token)).status == 200


async def test_tokens_end(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    token = github.world.personal_token("ada", "repo", seconds=86400)
    reply = await client.ask("GET", "/user", as_=token)
    ends = reply.headers["GitHub-Authentication-Token-Expiration"]
    assert dt.datetime.strptime(ends, "%Y-%m-%d %H:%M:%S %Z").date() == dt.date(2026, 1, 2)
    clock.step(86400)
    reply = await client.ask("GET", "/user", as_=token)
    assert (reply.status, reply.body["message"]) == (401, "Bad credentials")


async def exchange(github: FakeGitHub, **form: str) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{github.url}/login/oauth/access_token", data=form, headers={"Accept": "application/json"}
        ) as response,
    ):
        return await response.json()


async def test_the_token_of_an_apps_user(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    world = github.world
    callback = "http://127.0.0.1/callback"
    app = world.github_app(
        "acme", callback_urls=[callback], default_permissions={"members": "read", "contents": "read"}
    )
    installation = world.install(app, "acme", repositories=("infrastructure",))
    code = world.grant(app, "bob", redirect_uri=callback, scope="repo", challenge="")
    own = {"client_id": app.client_id, "client_secret": app.client_secret}
    got = await exchange(github, code=code, **own)
    token = got["access_token"]
    assert (token[:4], got["refresh_token"][:4], got["scope"], got["expires_in"]) == ("ghu_", "ghr_", "", 28800)
    assert [one["slug"] for one in await client.get("/user/teams", as_=token)] == ["platform"]
    found = await client.get("/user/installations", as_=token)
    assert [one["id"] for one in found["installations"]] == [installation.id]
    assert (await client.ask("GET", REPOSITORY, as_=token)).status == 200
    assert (await client.ask("GET", "/repos/acme/shop", as_=token)).status == 404, "it is not installed there"
    assert (await client.ask("GET", "/user/installations")).status == 403, "a token of ada's own is no App's"
    assert "X-OAuth-Scopes" not in (await client.ask("GET", "/user", as_=token)).headers
    clock.step(28800)
    assert (await client.ask("GET", "/user", as_=token)).status == 401
    renewed = await exchange(github, grant_type="refresh_token", refresh_token=got["refresh_token"], **own)
    assert (await client.get("/user", as_=renewed["access_token"]))["login"] == "bob"
    again = await exchange(github, grant_type="refresh_token", refresh_token=got["refresh_token"], **own)
    assert again["error"] == "bad_refresh_token"
    world.uninstall(installation)
    assert await client.get("/user/teams", as_=renewed["access_token"]) == []


async def test_owners_see_what_is_installed(github: FakeGitHub, client: Client) -> None:
    world = github.world
    installation = world.install(world.github_app("acme"), "acme")
    found = await client.get("/orgs/acme/installations")
    assert [one["id"] for one in found["installations"]] == [installation.id]
    bob = world.personal_token("bob", "read:org")
    assert (await client.ask("GET", "/orgs/acme/installations", as_=bob)).status == 403
