"""Actions on live objects, on the sandbox."""

from typing import Any

from tests.engine.objects import files, job
from tests.engine.world import at, until
from tests.server.desk import Answer, Desk
from tests.server.live.looking import of, path
from tests.server.live.test_objects import allow
from trimtab.model.keys import Manifest

CRON: Manifest = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly"},
    "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job("x")["spec"]}},
}


async def actions(desk: Desk, kind: str, name: str, group: str = "apps") -> dict[str, Any]:
    answer = await desk.call("GET", path(desk, "resource/actions"), **of(desk, kind, name, group))
    assert answer.status == 200, answer.body
    return {one["name"]: one for one in answer.body.get("actions", [])}


async def act(desk: Desk, action: str, kind: str, name: str, group: str = "apps", **parameters: str) -> Answer:
    """By the second version where there are parameters."""
    if not parameters:
        return await desk.call("POST", path(desk, "resource/actions"), json=action, **of(desk, kind, name, group))
    given = [{"name": parameter, "value": value} for parameter, value in parameters.items()]
    body = {**of(desk, kind, name, group), "action": action, "resourceActionParameters": given}
    return await desk.call("POST", path(desk, "resource/actions/v2"), json=body)


async def test_what_can_be_done(shop: Desk) -> None:
    offered = await actions(shop, "Deployment", "web")
    assert list(offered) == ["pause", "restart", "resume", "scale"]
    assert offered["resume"]["disabled"] is True
    assert "disabled" not in offered["restart"]
    assert offered["scale"]["params"] == [{"name": "replicas"}]
    assert await actions(shop, "ConfigMap", "settings", "") == {}


async def test_a_deployment_is_restarted_paused_and_scaled(shop: Desk) -> None:
    for answer in (
        await act(shop, "restart", "Deployment", "web"),
        await act(shop, "pause", "Deployment", "web"),
        await act(shop, "scale", "Deployment", "web", replicas="3"),
    ):
        assert (answer.status, answer.body) == (200, {})
    live = await shop.get("apps/Deployment", "web")
    assert live is not None
    assert live["spec"]["paused"] is True
    assert live["spec"]["replicas"] == 3
    assert "kubectl.kubernetes.io/restartedAt" in live["spec"]["template"]["metadata"]["annotations"]
    assert (await actions(shop, "Deployment", "web"))["pause"]["disabled"] is True
    assert (await act(shop, "pause", "Deployment", "web")).failure[:2] == (400, 9)
    assert (await act(shop, "resume", "Deployment", "web")).status == 200


async def test_a_cron_job_runs_now(shop: Desk) -> None:
    shop.repo.commit(files("app", CRON))
    await shop.refresh()
    await shop.synced()
    offered = await actions(shop, "CronJob", "nightly", "batch")
    assert offered["create-job"]["displayName"] == "Create Job"
    assert (await act(shop, "create-job", "CronJob", "nightly", "batch")).status == 200
    (made,) = await until(lambda: shop.list("batch/Job"), bool)
    assert made["metadata"]["ownerReferences"][0]["name"] == "nightly"
    assert made["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    assert (await act(shop, "suspend", "CronJob", "nightly", "batch")).status == 200
    live = await shop.get("batch/CronJob", "nightly")
    assert at(live, "spec.suspend") is True
    offered = await actions(shop, "Job", made["metadata"]["name"], "batch")
    assert offered["resume"]["disabled"] is True


async def test_numbers_that_cannot_be(shop: Desk) -> None:
    for replicas in ("-1", "x", "", "1.5", "99999999999", "٣"):
        assert (await act(shop, "scale", "Deployment", "web", replicas=replicas)).failure[:2] == (400, 3), replicas


async def test_calls_that_make_no_sense(shop: Desk) -> None:
    assert (await act(shop, "scale", "Deployment", "web")).failure[:2] == (400, 3)
    assert (await act(shop, "explode", "Deployment", "web")).failure[:2] == (400, 3)
    assert (await act(shop, "restart", "ConfigMap", "settings", "")).failure[:2] == (400, 3)
    assert (await act(shop, "restart", "Deployment", "web", replicas="1")).failure[:2] == (400, 3)
    bodies: tuple[Any, ...] = ({"action": "restart"}, {"actoin": "restart"}, "restart", [])
    for body in bodies:
        assert (await shop.call("POST", path(shop, "resource/actions/v2"), json=body)).failure[:2] == (400, 3)
    for data in (b"{}", b"7", b"", b'"a b"', b'"*"'):
        named = of(shop, "Deployment", "web", "apps")
        assert (await shop.call("POST", path(shop, "resource/actions"), data=data, **named)).failure[:2] == (400, 3)


async def test_each_action_has_its_right(shop: Desk) -> None:
    named = of(shop, "Deployment", "web", "apps")
    await allow(shop, "p, eve, applications, action/apps/Deployment/restart, default/*, allow")
    restarted = await shop.call("POST", path(shop, "resource/actions"), who="eve", json="restart", **named)
    assert restarted.status == 200
    paused = await shop.call("POST", path(shop, "resource/actions"), who="eve", json="pause", **named)
    wanted = f"action/apps/Deployment/pause, default/{shop.named()}, sub: eve"
    assert paused.failure == (403, 7, f"permission denied: applications, {wanted}")


async def test_actions_in_lua_are_named_and_not_run(shop: Desk) -> None:
    lua = "discovery.lua: return {}\ndefinitions:\n- name: poke\n  action.lua: return obj\n"
    key = "resource.customizations.actions.apps_Deployment"
    await shop.installed("ConfigMap", "argocd-cm", {key: lua + "mergeBuiltinActions: true\n"})
    offered = await until(lambda: actions(shop, "Deployment", "web"), lambda seen: "poke" in seen)
    assert offered["poke"]["disabled"] is True
    assert "restart" in offered
    assert (await act(shop, "poke", "Deployment", "web")).failure[:2] == (501, 12)
    await shop.installed("ConfigMap", "argocd-cm", {key: lua})
    await until(lambda: actions(shop, "Deployment", "web"), lambda seen: list(seen) == ["poke"])
