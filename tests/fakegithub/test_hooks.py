"""Webhooks of repositories: made, pinged, told, signed, and their deliveries repeated."""

from pathlib import Path
from typing import Any

from tests.fakegithub.client import Client
from tests.fakegithub.listener import Listener
from tests.servers.authority import Authority
from trimtab.fakegithub.deliveries import signed
from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.server import FakeGitHub

HOOKS = "/repos/acme/infrastructure/hooks"
REPOSITORY = "acme/infrastructure"


def hook(url: str, **config: str) -> dict[str, Any]:
    """What a client sends."""
    return {"name": "web", "events": ["push"], "config": {"url": url, "content_type": "json", **config}}


async def test_a_hook_is_made_pinged_and_told(github: FakeGitHub, client: Client, listener: Listener) -> None:
    made = await client.post(HOOKS, hook(listener.url, secret="s3cret", insecure_ssl="0"))
    assert made["config"]["secret"] == "********"
    sha = github.world.commit(REPOSITORY, {"a.txt": "a"}, user="bob", message="Add a")
    await github.delivered()
    [ping], [push] = listener.of("ping"), listener.of("push")
    assert ping.payload["hook_id"] == made["id"]
    assert all(one.signed_with("s3cret") for one in (ping, push))
    assert push.headers["X-GitHub-Hook-ID"] == str(made["id"])
    assert (push.payload["after"], push.payload["sender"]["login"]) == (sha, "bob")
    assert push.payload["head_commit"]["added"] == ["a.txt"]
    deliveries = await client.get(f"{made['url'].removeprefix(client.url)}/deliveries")
    assert {(one["event"], one["status"], one["status_code"]) for one in deliveries} == {
        ("ping", "OK", 200),
        ("push", "OK", 200),
    }
    assert (await client.get(f"{HOOKS}/{made['id']}"))["last_response"]["code"] == 200


async def test_a_delivery_that_failed_is_attempted_again(
    github: FakeGitHub, client: Client, listener: Listener
) -> None:
    made = await client.post(HOOKS, hook(listener.url))
    await github.delivered()
    listener.status = 503
    github.world.commit(REPOSITORY, {"a.txt": "a"}, user="bob")
    await github.delivered()
    path = f"{HOOKS}/{made['id']}/deliveries"
    failed = (await client.get(path))[0]
    assert (failed["status"], failed["status_code"]) == ("Invalid HTTP Response: 503", 503)
    listener.status = 200
    assert (await client.ask("POST", f"{path}/{failed['id']}/attempts")).status == 202
    await github.delivered()
    again, first = (await client.get(path))[:2]
    assert (again["guid"], again["redelivery"], again["status"]) == (first["guid"], True, "OK")
    first_heard, second_heard = listener.of("push")
    assert first_heard.content == second_heard.content
    whole = await client.get(f"{path}/{again['id']}")
    assert whole["request"]["headers"]["X-GitHub-Delivery"] == first["guid"]
    assert whole["response"]["payload"] == "heard"


async def test_deliveries_may_be_held_and_swapped(github: FakeGitHub, listener: Listener) -> None:
    github.world.hook(github.world.repositories[REPOSITORY], listener.url)
    await github.delivered()
    github.deliveries.held = True
    shas = [github.world.commit(REPOSITORY, {"a.txt": str(one)}, user="bob") for one in range(2)]
    await github.delivered()
    assert listener.of("push") == []
    github.deliveries.release(reverse=True)
    await github.delivered()
    assert [one.payload["after"] for one in listener.of("push")] == shas[::-1]


async def test_changing_and_deleting(github: FakeGitHub, client: Client, listener: Listener) -> None:
    made = await client.post(HOOKS, hook(listener.url, secret="old"))
    path = f"{HOOKS}/{made['id']}"
    changed = await client.ask(
        "PATCH", path, {"config": {"url": listener.url, "secret": "new", "content_type": "form"}}
    )
    assert changed.status == 200
    assert (await client.ask("POST", f"{path}/pings")).status == 204
    await github.delivered()
    assert listener.of("ping")[-1].signed_with("new")
    assert (await client.ask("PATCH", path, {"active": False})).body["active"] is False
    github.world.commit(REPOSITORY, {"a.txt": "a"}, user="bob")
    await github.delivered()
    assert listener.of("push") == []
    assert (await client.ask("DELETE", path)).status == 204
    assert await client.get(HOOKS) == []


async def test_what_is_refused(github: FakeGitHub, client: Client, listener: Listener) -> None:
    await client.post(HOOKS, hook(listener.url))
    twice = await client.ask("POST", HOOKS, hook(listener.url))
    assert twice.body["errors"][0]["message"] == "Hook already exists on this repository"
    assert (await client.ask("POST", HOOKS, hook("argocd.example.com/api/webhook"))).status == 422
    github.world.public_hooks_only = True
    reply = await client.ask("POST", HOOKS, hook("https://argocd.other.localhost/api/webhook"))
    assert reply.status == 422
    assert "isn't reachable over the public Internet" in reply.body["errors"][0]["message"]
    only_repo_hooks = github.world.personal_token("ada", "admin:repo_hook")
    reply = await client.ask("POST", HOOKS, hook("https://argocd.example.com/"), as_=only_repo_hooks)
    assert reply.status == 404, "a private repository is not there without the scope `repo`"


async def test_certificates_are_verified(github: FakeGitHub, client: Client, tmp_path: Path) -> None:
    authority = Authority()
    async with Listener(authority.server(tmp_path, "argocd.acme.localhost")) as listener:
        assert listener.url.startswith("https://")
        made = await client.post(HOOKS, hook(listener.url))
        await github.delivered()
        path = f"{HOOKS}/{made['id']}"
        assert (await client.get(f"{path}/deliveries"))[0]["status"] == "failed to connect to host"
        github.deliveries.trust = authority.pem
        await client.ask("POST", f"{path}/pings")
        await github.delivered()
        assert len(listener.of("ping")) == 1
        github.deliveries.trust = ""
        config = {"url": listener.url, "insecure_ssl": "1"}
        assert (await client.ask("PATCH", path, {"config": config})).status == 200
        await client.ask("POST", f"{path}/pings")
        await github.delivered()
        assert len(listener.of("ping")) == 2


def test_the_signature_is_githubs(github: FakeGitHub) -> None:
    """The example of https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    now = github.world.clock.now()
    target = Hook(1, ("repository", 1), "https://example.com", now, now, secret="It's a Secret to Everybody")
    headers = signed(Delivery(1, "g", "ping", {}, now), target, body=b"Hello, World!", content_type="text/plain")
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert headers["X-Hub-Signature-256"] == expected
