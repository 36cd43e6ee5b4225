"""GitHub Apps by their API: JWTs, installations, tokens and how they are narrowed, the App's hook."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.fakegithub.client import Client, app_jwt
from tests.fakegithub.listener import Listener
from trimtab.clock import StepClock
from trimtab.fakegithub.applications import GitHubApp, Installation
from trimtab.fakegithub.server import FakeGitHub

PERMISSIONS = {"contents": "write", "administration": "write", "members": "read"}
REPOSITORY = "/repos/acme/infrastructure"


@pytest.fixture
def app(github: FakeGitHub, listener: Listener) -> GitHubApp:
    return github.world.github_app(
        "acme",
        hook_attributes={"url": listener.url},
        default_permissions=PERMISSIONS,
        default_events=["push", "membership", "organization"],
    )


@pytest.fixture
def installation(github: FakeGitHub, app: GitHubApp) -> Installation:
    return github.world.install(app, "acme", repositories=("infrastructure",))


async def token(client: Client, installation: Installation, clock: StepClock, **narrowed: Any) -> Any:
    path = f"/app/installations/{installation.id}/access_tokens"
    return await client.post(path, narrowed or None, as_=app_jwt(installation.app, clock))


async def test_an_app_finds_its_installation(
    client: Client, app: GitHubApp, installation: Installation, clock: StepClock
) -> None:
    for issuer in (app.client_id, str(app.id)):
        signed = app_jwt(app, clock, iss=issuer)
        assert (await client.get("/app", as_=signed))["installations_count"] == 1
        found = await client.get(f"{REPOSITORY}/installation", as_=signed)
        assert (found["id"], found["repository_selection"]) == (installation.id, "selected")
        assert await client.get("/orgs/acme/installation", as_=signed) == found
        assert await client.get("/app/installations", as_=signed) == [found]
        assert await client.get(f"/app/installations/{installation.id}", as_=signed) == found
        assert (await client.ask("GET", "/repos/acme/shop/installation", as_=signed)).status == 404


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        ({"exp": 661}, 401, "too far in the future"),
        ({"exp": 0}, 401, "must be a numeric value"),
        ({"exp": "soon"}, 401, "must be a numeric value"),
        ({"iat": 5}, 401, "'Issued at' claim"),
        ({"iss": "Iv23nobody"}, 404, "Integration not found"),
    ],
)
async def test_what_a_jwt_must_not_say(
    client: Client, app: GitHubApp, clock: StepClock, claims: dict[str, Any], status: int, words: str
) -> None:
    """Numbers are seconds from now."""
    now = int(clock.now().timestamp())
    said = {key: now + value if isinstance(value, int) else value for key, value in claims.items()}
    reply = await client.ask("GET", "/app", as_=app_jwt(app, clock, **said))
    assert reply.status == status
    assert words in reply.body["message"]


async def test_a_jwt_of_another_key_or_algorithm(
    github: FakeGitHub, client: Client, app: GitHubApp, clock: StepClock
) -> None:
    other = github.world.github_app("acme", "Other")
    forged = app_jwt(other, clock, iss=app.client_id)
    now = int(clock.now().timestamp())
    claims = {"iss": app.client_id, "iat": now, "exp": now + 60}
    weak = OctKey.import_key(app.client_id * 4)
    public = jwt.encode({"alg": "HS256"}, claims, weak, algorithms=["HS256"])
    for value in (forged, public, "a.b.c"):
        reply = await client.ask("GET", "/app", as_=value)
        assert (reply.status, reply.body["message"]) == (401, "A JSON web token could not be decoded")


async def test_a_token_lives_for_an_hour(client: Client, installation: Installation, clock: StepClock) -> None:
    made = await token(client, installation, clock)
    assert made["permissions"] == {"metadata": "read", **PERMISSIONS}
    assert made["expires_at"] == "2026-01-01T01:00:00Z"
    assert "GitHub-Authentication-Token-Expiration" not in (await client.ask("GET", "/meta")).headers
    found = await client.get("/installation/repositories", as_=made["token"])
    assert [one["full_name"] for one in found["repositories"]] == ["acme/infrastructure"]
    clock.step(3600)
    assert (await client.ask("GET", "/installation/repositories", as_=made["token"])).status == 401


async def test_a_token_is_narrowed(github: FakeGitHub, client: Client, app: GitHubApp, clock: StepClock) -> None:
    installation = github.world.install(app, "acme")
    narrowed = {"repositories": ["shop"], "permissions": {"contents": "read"}}
    made = await token(client, installation, clock, **narrowed)
    assert [one["name"] for one in made["repositories"]] == ["shop"]
    assert made["permissions"] == {"metadata": "read", "contents": "read"}
    assert (await client.ask("GET", REPOSITORY, as_=made["token"])).status == 404
    assert (await client.ask("GET", "/repos/acme/shop", as_=made["token"])).status == 200
    reply = await client.ask("GET", "/repos/acme/shop/keys", as_=made["token"])
    assert (reply.status, reply.body["message"]) == (403, "Resource not accessible by integration")
    path = f"/app/installations/{installation.id}/access_tokens"
    for wrong in ({"permissions": {"checks": "write"}}, {"repositories": ["nowhere"]}):
        assert (await client.ask("POST", path, wrong, as_=app_jwt(app, clock))).status == 422


async def test_a_token_ends_when_it_is_told_to(client: Client, installation: Installation, clock: StepClock) -> None:
    made = await token(client, installation, clock)
    assert (await client.ask("DELETE", "/installation/token", as_=made["token"])).status == 204
    assert (await client.ask("DELETE", "/installation/token", as_=made["token"])).status == 401


async def test_uninstalling_ends_all(
    github: FakeGitHub, client: Client, installation: Installation, listener: Listener, clock: StepClock
) -> None:
    made = await token(client, installation, clock)
    signed = app_jwt(installation.app, clock)
    assert (await client.ask("DELETE", f"/app/installations/{installation.id}", as_=signed)).status == 204
    assert (await client.ask("GET", f"/app/installations/{installation.id}", as_=signed)).status == 404
    assert (await client.ask("GET", REPOSITORY, as_=made["token"])).status == 401
    await github.delivered()
    assert sorted(one.payload["action"] for one in listener.of("installation")) == ["created", "deleted"]


async def test_a_suspended_installation(client: Client, installation: Installation, clock: StepClock) -> None:
    made = await token(client, installation, clock)
    installation.suspended = True
    reply = await client.ask("GET", REPOSITORY, as_=made["token"])
    assert (reply.status, reply.body["message"]) == (403, "This installation has been suspended")
    path = f"/app/installations/{installation.id}/access_tokens"
    assert (await client.ask("POST", path, as_=app_jwt(installation.app, clock))).status == 403
    found = await client.get(f"{REPOSITORY}/installation", as_=app_jwt(installation.app, clock))
    assert found["suspended_at"] is not None


async def test_the_hook_of_an_app(
    github: FakeGitHub, client: Client, installation: Installation, listener: Listener, clock: StepClock
) -> None:
    signed = app_jwt(installation.app, clock)
    changed = {"url": listener.url, "content_type": "json", "secret": "another", "insecure_ssl": "0"}
    reply = await client.ask("PATCH", "/app/hook/config", changed, as_=signed)
    assert reply.body == {**changed, "secret": "********"}
    assert await client.get("/app/hook/config", as_=signed) == reply.body
    github.world.commit("acme/infrastructure", {"a.txt": "a"}, user="bob")
    github.world.commit("acme/shop", {"a.txt": "a"}, user="bob")
    await github.delivered()
    [push] = listener.of("push")
    assert push.signed_with("another")
    delivery = next(one for one in await client.get("/app/hook/deliveries", as_=signed) if one["event"] == "push")
    assert delivery["installation_id"] == installation.id
    path = f"/app/hook/deliveries/{delivery['id']}"
    assert (await client.get(path, as_=signed))["request"]["payload"] == push.payload
    assert (await client.ask("POST", f"{path}/attempts", as_=signed)).status == 202
    await github.delivered()
    assert [one.headers["X-GitHub-Delivery"] for one in listener.of("push")] == [delivery["guid"]] * 2


async def test_an_app_hears_who_leaves(github: FakeGitHub, installation: Installation, listener: Listener) -> None:
    team = github.world.teams[0]
    github.world.join(team, "eve")
    github.world.remove("acme", "bob")
    github.world.choose(installation, None)
    await github.delivered()
    heard = [(one.payload["action"], one.payload["member"]["login"]) for one in listener.of("membership")]
    assert sorted(heard) == [("added", "eve"), ("removed", "bob")]
    assert listener.of("organization")[0].payload["membership"]["user"]["login"] == "bob"
    [added] = listener.of("installation_repositories")
    assert [one["name"] for one in added.payload["repositories_added"]] == ["shop"]
    assert installation.repositories is None


async def test_an_app_hears_when_a_person_takes_its_access_back(
    github: FakeGitHub, client: Client, app: GitHubApp, listener: Listener
) -> None:
    github.world.grant(app, "bob", redirect_uri="", scope="", challenge="")
    token, _ = github.world.user_token(app, "bob")
    github.world.revoke("bob")
    assert (await client.ask("GET", "/user", as_=token)).status == 401
    await github.delivered()
    assert listener.of("github_app_authorization")[0].payload["sender"]["login"] == "bob"


async def test_an_installation_reads_teams(client: Client, installation: Installation, clock: StepClock) -> None:
    made = (await token(client, installation, clock))["token"]
    path = "/orgs/acme/teams/platform/memberships"
    assert (await client.get(f"{path}/bob", as_=made))["state"] == "active"
    assert (await client.ask("GET", f"{path}/eve", as_=made)).status == 404
    assert (await client.get("/orgs/acme/memberships/ada", as_=made))["role"] == "admin"
    assert [one["name"] for one in await client.get("/orgs/acme/teams/platform/repos", as_=made)] == ["infrastructure"]
    narrow = (await token(client, installation, clock, permissions={"contents": "read"}))["token"]
    assert (await client.ask("GET", f"{path}/bob", as_=narrow)).status == 403
    assert (await client.ask("GET", "/user", as_=made)).status == 403
