"""Pull requests, and what is told of commits: statuses, deployments, comments."""

from typing import Any

from tests.fakegithub.client import Client
from tests.fakegithub.listener import Listener
from trimtab.fakegithub.server import FakeGitHub

REPOSITORY = "/repos/acme/infrastructure"
PULLS = f"{REPOSITORY}/pulls"


async def a_pull(github: FakeGitHub, client: Client, *, branch: str = "setup", file: str = "a.txt") -> Any:
    """An open pull request of one commit."""
    sha = (await client.get(f"{REPOSITORY}/git/ref/heads/main"))["object"]["sha"]
    await client.post(f"{REPOSITORY}/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
    github.world.commit("acme/infrastructure", {file: branch}, user="bob", branch=branch)
    return await client.post(PULLS, {"title": "Set up", "head": branch, "base": "main", "body": "Please"})


async def test_a_pull_request_is_opened_found_and_merged(
    github: FakeGitHub, client: Client, listener: Listener
) -> None:
    world = github.world
    world.hook(world.repositories["acme/infrastructure"], listener.url, events=("push", "pull_request"))
    world.protect("acme/infrastructure", "main")
    made = await a_pull(github, client)
    assert (made["number"], made["state"], made["changed_files"], made["mergeable"]) == (1, "open", 1, True)
    assert [one["number"] for one in await client.get(f"{PULLS}?head=acme:setup&base=main")] == [1]
    assert await client.get(f"{PULLS}?head=acme:other") == []
    twice = await client.ask("POST", PULLS, {"title": "Again", "head": "setup", "base": "main"})
    assert twice.body["errors"][0]["message"] == "A pull request already exists for acme:setup."
    sha = world.commit("acme/infrastructure", {"b.txt": "b"}, user="bob", branch="setup")
    assert (await client.get(f"{PULLS}/1"))["head"]["sha"] == sha, "it follows its branch"
    assert [one["number"] for one in await client.get(f"{REPOSITORY}/commits/{sha}/pulls")] == [1]
    merged = await client.ask("PUT", f"{PULLS}/1/merge", {"sha": sha})
    assert (merged.status, merged.body["merged"]) == (200, True)
    assert (await client.get(f"{REPOSITORY}/commits/main"))["sha"] == merged.body["sha"]
    assert [one["number"] for one in await client.get(f"{REPOSITORY}/commits/{merged.body['sha']}/pulls")] == [1]
    assert (await client.get(f"{PULLS}?state=closed"))[0]["merged_at"] is not None
    await github.delivered()
    assert sorted(one.payload["action"] for one in listener.of("pull_request")) == ["closed", "opened"]


async def test_pull_requests_that_cannot_be(github: FakeGitHub, client: Client) -> None:
    none = await client.ask("POST", PULLS, {"title": "x", "head": "main", "base": "main"})
    assert none.body["errors"][0]["message"] == "No commits between main and main"
    missing = await client.ask("POST", PULLS, {"title": "x", "head": "nowhere", "base": "main"})
    assert (missing.status, missing.body["errors"][0]["field"]) == (422, "head")
    await a_pull(github, client)
    github.world.commit("acme/infrastructure", {"a.txt": "something else"}, user="ada")
    conflict = await client.ask("PUT", f"{PULLS}/1/merge")
    assert (conflict.status, conflict.body["message"]) == (405, "Merge conflict")
    assert (await client.ask("PATCH", f"{PULLS}/1", {"state": "closed", "title": "Never"})).body["title"] == "Never"
    assert (await client.ask("PUT", f"{PULLS}/1/merge")).status == 405
    assert (await client.ask("GET", f"{PULLS}/2")).status == 404


async def test_statuses_of_a_commit(client: Client) -> None:
    sha = (await client.get(f"{REPOSITORY}/commits/main"))["sha"]
    path = f"{REPOSITORY}/statuses/{sha}"
    for state, context in (("pending", "trimtab/shop"), ("success", "trimtab/shop"), ("failure", "trimtab/web")):
        made = await client.post(path, {"state": state, "context": context, "description": "d", "target_url": None})
        assert made["creator"]["login"] == "ada"
    combined = await client.get(f"{REPOSITORY}/commits/main/status")
    assert (combined["state"], combined["total_count"]) == ("failure", 2)
    listed = await client.get(f"{REPOSITORY}/commits/{sha}/statuses")
    assert [one["state"] for one in listed] == ["failure", "success", "pending"]
    long = await client.ask("POST", path, {"state": "success", "description": "x" * 141})
    assert "too long" in long.body["errors"][0]["message"]
    assert (await client.ask("POST", path, {"state": "good"})).status == 422
    assert (await client.ask("POST", f"{REPOSITORY}/statuses/{'0' * 40}", {"state": "success"})).status == 422


async def test_deployments(github: FakeGitHub, client: Client) -> None:
    path = f"{REPOSITORY}/deployments"
    body = {"ref": "main", "environment": "production", "auto_merge": False, "required_contexts": []}
    first = await client.post(path, body)
    done = {"state": "success", "log_url": "https://argocd.acme.example", "description": "Synced"}
    status = await client.post(f"{path}/{first['id']}/statuses", done)
    assert (status["state"], status["environment"], status["log_url"]) == ("success", "production", done["log_url"])
    second = await client.post(path, body)
    await client.post(f"{path}/{second['id']}/statuses", {"state": "success"})
    states = [one["state"] for one in await client.get(f"{path}/{first['id']}/statuses")]
    assert states == ["inactive", "success"]
    assert [one["id"] for one in await client.get(f"{path}?environment=production")] == [second["id"], first["id"]]
    assert await client.get(f"{path}?environment=staging") == []
    assert (await client.get(f"{path}/{first['id']}"))["production_environment"] is True
    await client.post(f"{REPOSITORY}/statuses/{first['sha']}", {"state": "pending"})
    assert (await client.ask("POST", path, {"ref": "main"})).status == 409
    assert (await client.ask("POST", path, {**body, "ref": "nowhere"})).status == 422


async def test_comments(github: FakeGitHub, client: Client) -> None:
    await a_pull(github, client)
    path = f"{REPOSITORY}/issues/1/comments"
    made = await client.post(path, {"body": "Planned: 3 changes"})
    app = github.world.github_app("acme", default_permissions={"pull_requests": "write"})
    bot = github.world.installation_token(github.world.install(app, "acme")).value
    own = await client.post(path, {"body": "Synced"}, as_=bot)
    assert own["user"] == {**own["user"], "login": "trimtab[bot]", "type": "Bot"}
    where = f"{REPOSITORY}/issues/comments/{own['id']}"
    assert (await client.ask("PATCH", where, {"body": "Healthy"}, as_=bot)).body["body"] == "Healthy"
    eve = github.world.personal_token("eve", "repo")
    assert (await client.ask("PATCH", where, {"body": "Hacked"}, as_=eve)).status == 403
    assert [one["body"] for one in await client.get(path)] == ["Planned: 3 changes", "Healthy"]
    assert (await client.ask("DELETE", f"{REPOSITORY}/issues/comments/{made['id']}")).status == 204
    assert len(await client.get(path)) == 1
    assert (await client.ask("POST", f"{REPOSITORY}/issues/9/comments", {"body": "x"})).status == 404
