"""The functions of each noun: what is sent, and what is made of the answer."""

from typing import Any

import pytest

from tests.servers.scripted import Reply, Scripted
from trimtab.github import comments, deployments, hooks, keys, meta, organization, pulls, repository, statuses, user
from trimtab.github.client import GitHub
from trimtab.github.errors import Forbidden, Invalid, NotFound
from trimtab.github.nouns import Comment, DeploymentStatus, Meta, Status

KEY = {
    "id": 1,
    "key": "ssh-ed25519 AAAA",
    "title": "t",
    "read_only": True,
    "verified": True,
    "url": "",
    "created_at": "",
}
HOOK = {
    "id": 5,
    "active": True,
    "events": ["push"],
    "config": {"url": "https://x", "content_type": "json", "secret": "********", "insecure_ssl": "0"},
}
SHA = "a" * 40
PULL = {
    "number": 4,
    "state": "open",
    "html_url": "u",
    "head": {"sha": SHA, "ref": "b"},
    "base": {"sha": SHA, "ref": "m"},
}
DEPLOYMENT = {"id": 9, "sha": SHA, "ref": SHA, "task": "deploy:shop", "environment": "production"}
WANTED = deployments.Wanted(sha=SHA, environment="production", task="deploy:shop", description="d" * 200)


async def test_deploy_keys(server: Scripted, github: GitHub) -> None:
    server.answer("GET /repos/acme/infra/keys", Reply.json([KEY]))
    server.answer("POST /repos/acme/infra/keys", Reply.json(KEY, 201))
    server.answer("DELETE /repos/acme/infra/keys/1", Reply(b"", 204))
    assert [one.id for one in await keys.list_keys(github, "acme/infra")] == [1]
    made = await keys.add_key(github, "acme/infra", title="t", key="ssh-ed25519 AAAA")
    assert (made.read_only, made.title) == (True, "t")
    assert server.requests[1].json() == {"title": "t", "key": "ssh-ed25519 AAAA", "read_only": True}
    await keys.delete_key(github, "acme/infra", 1)


async def test_hooks(server: Scripted, github: GitHub) -> None:
    server.answer("GET /repos/acme/infra/hooks", Reply.json([HOOK]))
    server.answer("POST /repos/acme/infra/hooks", Reply.json(HOOK, 201))
    server.answer("PATCH /repos/acme/infra/hooks/5", Reply.json(HOOK))
    server.answer("DELETE /repos/acme/infra/hooks/5", Reply(b"", 204))
    assert [one.config.url for one in await hooks.list_hooks(github, "acme/infra")] == ["https://x"]
    await hooks.create_hook(github, "acme/infra", url="https://x", secret="s")
    config = {"url": "https://x", "content_type": "json", "secret": "s", "insecure_ssl": "0"}
    assert server.requests[1].json() == {"name": "web", "active": True, "events": ["push"], "config": config}
    await hooks.update_hook(github, "acme/infra", 5, url="https://x", secret="s")
    assert server.requests[2].json() == {"active": True, "config": config}
    await hooks.delete_hook(github, "acme/infra", 5)


DELIVERY = {
    "id": 12, "guid": "g", "delivered_at": "2026-11-30T12:00:00Z", "redelivery": False, "duration": 0.1,
    "status": "OK", "status_code": 200, "event": "push", "action": None, "installation_id": None, "repository_id": None,
}  # fmt: skip


async def test_deliveries(server: Scripted, github: GitHub) -> None:
    server.answer("GET /repos/acme/infra/hooks/5/deliveries", Reply.json([DELIVERY]))
    server.answer("GET /app/hook/deliveries", Reply.json([DELIVERY]))
    (delivery,) = await hooks.list_deliveries(github, "acme/infra", 5)
    assert (delivery.event, delivery.status_code) == ("push", 200)
    assert await hooks.list_app_deliveries(github) == [delivery]


async def test_the_hook_of_an_app(server: Scripted, github: GitHub) -> None:
    server.answer("GET /app/hook/config", Reply.json(HOOK["config"]))
    server.answer("PATCH /app/hook/config", Reply.json(HOOK["config"]))
    assert (await hooks.get_app_hook(github)).url == "https://x"
    assert (await hooks.set_app_hook(github, url="https://x", secret="s")).secret == "********"
    assert server.requests[1].json()["secret"] == "s"


async def test_repositories_and_users(server: Scripted, github: GitHub) -> None:
    found = {
        "id": 1, "name": "infra", "full_name": "acme/infra", "owner": {"login": "acme", "id": 5}, "private": True,
        "default_branch": "trunk", "archived": True, "permissions": {"admin": True, "push": True, "pull": True},
    }  # fmt: skip
    server.answer("GET /repos/acme/infra", Reply.json(found))
    server.answer("GET /user", Reply.json({"login": "ada", "id": 1}), Reply.json({"message": "no"}, 403))
    one = await repository.get_repository(github, "acme/infra")
    assert (one.default_branch, one.archived, one.permissions and one.permissions.admin) == ("trunk", True, True)
    assert (await user.get_user(github)).login == "ada"
    with pytest.raises(Forbidden):
        await user.get_user(github)


async def test_names_are_quoted(server: Scripted, github: GitHub) -> None:
    with pytest.raises(NotFound):
        await organization.get_team(github, "acme", "a team?x=1")
    assert server.requests[0].target == "/orgs/acme/teams/a%20team%3Fx%3D1"


async def test_organizations_and_teams(server: Scripted, github: GitHub) -> None:
    server.answer("GET /orgs/acme", Reply.json({"login": "acme", "id": 5}))
    server.answer("GET /orgs/acme/teams/platform", Reply.json({"slug": "platform", "id": 8}))
    server.answer("GET /orgs/acme/teams/platform/memberships/ada", Reply.json({"state": "active", "role": "member"}))
    assert (await organization.get_organization(github, "acme")).id == 5
    assert (await organization.get_team(github, "acme", "platform")).id == 8
    in_team = await organization.team_membership(github, "acme", "platform", login="ada")
    assert in_team and in_team.state == "active"
    assert await organization.team_membership(github, "acme", "platform", login="eve") is None


async def test_host_keys(server: Scripted, github: GitHub) -> None:
    server.answer("GET /meta", Reply.json({"ssh_keys": ["ssh-ed25519 AAAA", "junk"], "hooks": ["10.0.0.0/8"]}))
    known = await meta.get_meta(github)
    assert known == Meta(ssh_keys=("ssh-ed25519 AAAA", "junk"), hooks=("10.0.0.0/8",))


async def test_a_pull_request_is_opened_once(server: Scripted, github: GitHub) -> None:
    where: Any = {"head": "b", "base": "m", "title": "t", "body": "x"}
    exists = Reply.json({"message": "Validation Failed", "errors": ["A pull request already exists"]}, 422)
    server.answer("GET /repos/acme/infra/pulls", Reply.json([]), Reply.json([PULL]))
    server.answer("POST /repos/acme/infra/pulls", exists)
    assert (await pulls.open_pull(github, "acme/infra", **where)).number == 4
    assert server.requests[0].query == {"head": "acme:b", "base": "m", "state": "open"}
    assert (await pulls.open_pull(github, "acme/infra", **where)).number == 4
    assert len(server.got("POST /repos/acme/infra/pulls")) == 1
    server.answer("GET /repos/acme/infra/pulls", Reply.json([]))
    with pytest.raises(Invalid, match="already exists"):
        await pulls.open_pull(github, "acme/infra", **where)
    server.answer(f"GET /repos/acme/infra/commits/{SHA}/pulls", Reply.json([PULL]))
    assert [one.number for one in await pulls.pulls_of_commit(github, "acme/infra", SHA)] == [4]


async def test_statuses(server: Scripted, github: GitHub) -> None:
    wanted = Status("failure", "trimtab/production/shop", "x" * 200, "https://argocd.acme.example/applications/shop")
    server.answer(f"GET /repos/acme/infra/commits/{SHA}/statuses", Reply.json([{"state": "pending", "context": "c"}]))
    server.answer(f"POST /repos/acme/infra/statuses/{SHA}", Reply.json({"state": "failure", "context": "c"}, 201))
    assert await statuses.list_statuses(github, "acme/infra", SHA) == [Status("pending", "c")]
    await statuses.set_status(github, "acme/infra", SHA, status=wanted)
    sent = server.requests[1].json()
    assert len(sent.pop("description")) == 140
    assert sent == {"state": "failure", "context": wanted.context, "target_url": wanted.target_url}


async def test_one_comment_is_kept(server: Scripted, github: GitHub) -> None:
    listed, one = "/repos/acme/infra/issues/4/comments", "/repos/acme/infra/issues/comments/3"
    bot, ada = {"login": "trimtab[bot]", "id": 9}, {"login": "ada", "id": 1}
    other, ours = {"id": 2, "body": "<!-- m -->", "user": ada}, {"id": 3, "body": "<!-- m -->a", "user": bot}
    quoting = {"id": 4, "body": "> <!-- m -->a", "user": bot}
    server.answer(f"GET {listed}", Reply.json([other, quoting]), Reply.json([other, quoting, ours]))
    server.answer(f"POST {listed}", Reply.json(ours, 201))
    server.answer(f"PATCH {one}", Reply.json({**ours, "body": "<!-- m -->b"}))

    async def keep(body: str) -> Comment:
        where: Any = (github, "acme/infra", 4)
        found = await comments.find_comment(*where, marker="<!-- m -->", author="trimtab[bot]")
        return await comments.write_comment(*where, found=found, body=f"<!-- m -->{body}")

    assert [(await keep(text)).body for text in ("a", "a", "b")] == ["<!-- m -->a", "<!-- m -->a", "<!-- m -->b"]
    assert [one.verb for one in server.requests] == ["GET", "POST", "GET", "GET", "PATCH"]


async def test_deployments_merge_nothing(server: Scripted, github: GitHub) -> None:
    base = "/repos/acme/infra/deployments"
    server.answer(f"GET {base}", Reply.json([]), Reply.json([DEPLOYMENT]))
    server.answer(f"POST {base}", Reply.json(DEPLOYMENT, 201))
    server.answer(f"POST {base}/9/statuses", Reply.json({"id": 1, "state": "success"}, 201))
    server.answer(f"GET {base}/9/statuses", Reply.json([{"id": 1, "state": "success"}]))
    assert await deployments.find_deployment(github, "acme/infra", WANTED) is None
    made = await deployments.create_deployment(github, "acme/infra", WANTED)
    assert await deployments.find_deployment(github, "acme/infra", WANTED) == made
    sent = server.got(f"POST {base}")[0].json()
    assert (sent["auto_merge"], sent["required_contexts"], sent["ref"]) == (False, [], SHA)
    assert len(sent["description"]) == 140
    status = DeploymentStatus("success", "ok", environment_url="https://x")
    await deployments.set_deployment_status(github, "acme/infra", made.id, status=status)
    assert server.got(f"POST {base}/9/statuses")[0].json() == {
        "state": "success",
        "description": "ok",
        "environment_url": "https://x",
        "auto_inactive": False,
    }
    (listed,) = await deployments.list_deployment_statuses(github, "acme/infra", made.id)
    assert listed.state == "success"
