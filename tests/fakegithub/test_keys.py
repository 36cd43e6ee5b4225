"""Deploy keys: who may, what is refused, and with whom they go."""

import base64
import secrets
from typing import Any

import pytest

from tests.fakegithub.client import Client, app_jwt
from trimtab.clock import StepClock
from trimtab.fakegithub.server import FakeGitHub

KEYS = "/repos/acme/infrastructure/keys"


def public_key() -> str:
    """An ed25519 key that nobody has the other half of."""
    content = b"\0\0\0\x0bssh-ed25519\0\0\0 " + secrets.token_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(content).decode()}"


async def test_a_key_comes_and_goes(client: Client) -> None:
    key = public_key()
    made = await client.post(KEYS, {"title": "trimtab", "key": f"{key} a comment", "read_only": True})
    assert (made["title"], made["key"], made["read_only"], made["added_by"]) == ("trimtab", key, True, "ada")
    assert await client.get(KEYS) == [made]
    assert await client.get(f"{KEYS}/{made['id']}") == made
    assert (await client.ask("DELETE", f"{KEYS}/{made['id']}")).status == 204
    assert await client.get(KEYS) == []
    assert (await client.ask("DELETE", f"{KEYS}/{made['id']}")).status == 404


async def test_a_key_opens_one_door(client: Client) -> None:
    body = {"title": "trimtab", "key": public_key()}
    await client.post(KEYS, body)
    for path in (KEYS, "/repos/acme/shop/keys"):
        reply = await client.ask("POST", path, body)
        assert (reply.status, reply.body["errors"][0]["message"]) == (422, "key is already in use")


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "ssh-ed25519 %%"])
async def test_what_is_no_key(client: Client, key: str) -> None:
    reply = await client.ask("POST", KEYS, {"title": "x", "key": key})
    assert reply.status == 422
    assert reply.body["errors"][0]["message"].startswith("key is invalid")


async def test_an_organisation_may_forbid_them(github: FakeGitHub, client: Client) -> None:
    await client.post(KEYS, {"title": "earlier", "key": public_key()})
    github.world.organisations["acme"].deploy_keys = False
    reply = await client.ask("POST", KEYS, {"title": "x", "key": public_key()})
    assert reply.status == 422
    assert reply.body["errors"][0]["message"] == "Deploy keys are disabled for this repository"
    assert [one["enabled"] for one in await client.get(KEYS)] == [False], "those that are there open nothing"


async def test_only_who_administers_may(github: FakeGitHub, client: Client) -> None:
    body: dict[str, Any] = {"title": "x", "key": public_key()}
    for login, scopes in (("bob", ("repo",)), ("mallory", ("repo",)), ("ada", ("read:org",))):
        token = github.world.personal_token(login, *scopes)
        assert (await client.ask("POST", KEYS, body, as_=token)).status == 404
    read = github.world.fine_grained_token("ada", "acme", permissions={"administration": "read"})
    assert await client.get(KEYS, as_=read) == []
    reply = await client.ask("POST", KEYS, body, as_=read)
    assert (reply.status, reply.body["message"]) == (403, "Resource not accessible by personal access token")
    assert reply.headers["X-Accepted-GitHub-Permissions"] == "administration=write"


async def test_an_archived_repository_is_only_read(github: FakeGitHub, client: Client) -> None:
    github.world.repositories["acme/infrastructure"].archived = True
    reply = await client.ask("POST", KEYS, {"title": "x", "key": public_key()})
    assert (reply.status, reply.body["message"]) == (403, "Repository was archived so is read-only.")


async def test_keys_go_with_the_token_that_made_them(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    """But not those that an App made, for a person or for itself."""
    world = github.world
    app = world.github_app("acme", default_permissions={"administration": "write"})
    installation = world.install(app, "acme")
    path = f"/app/installations/{installation.id}/access_tokens"
    tokens = {
        "classic": world.personal_token("ada", "repo"),
        "oauth": world.token("ada", "repo"),
        "fine-grained": world.fine_grained_token("ada", "acme", permissions={"administration": "write"}),
        "user": world.user_token(app, "ada")[0],
        "installation": (await client.post(path, as_=app_jwt(app, clock)))["token"],
    }
    for title, token in tokens.items():
        await client.post(KEYS, {"title": title, "key": public_key()}, as_=token)
    for token in tokens.values():
        world.forget(token)
    assert [one["title"] for one in await client.get(KEYS)] == ["user", "installation"]
    assert (await client.ask("DELETE", f"/app/installations/{installation.id}", as_=app_jwt(app, clock))).status == 204
    assert len(await client.get(KEYS)) == 2
