"""Hooks: when they run, what waits for them, what becomes of them."""

import json
import re
from typing import Any

import pytest

from tests.engine.objects import WORKFLOW, config_map, deployment, drop, files, job, workflow
from tests.engine.world import Scene, at, result_of
from trimtab.kube.errors import Forbidden
from trimtab.model.application import Application
from trimtab.model.keys import Manifest
from trimtab.model.names import HOOK, HOOK_FINALIZER

WORKFLOWS = "argoproj.io/Workflow"


async def uid_of(scene: Scene, kind: str, name: str) -> str:
    return str((await scene.there(kind, name))["metadata"]["uid"])


async def test_each_phase_begins_when_the_one_before_has_ended(scene: Scene) -> None:
    scene.repo.commit(
        files(
            "app",
            config_map("settings"),
            workflow("pre", hook="PreSync"),
            workflow("mid", hook="Sync"),
            workflow("post", hook="PostSync"),
            workflow("rescue", hook="SyncFail"),
            config_map("never", hook="Skip"),
        )
    )
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("pre"))
    assert await scene.get("ConfigMap", "settings") is None
    assert await scene.names(WORKFLOWS) == {"pre"}
    await scene.end("pre", "Succeeded")
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("mid"))
    assert await scene.get("ConfigMap", "settings") is not None
    assert await scene.names(WORKFLOWS) == {"pre", "mid"}
    await scene.end("mid", "Succeeded")
    await scene.end("post", "Succeeded")
    app = await scene.sync_ended("Succeeded")
    assert at(app, "status.operationState.message") == "successfully synced (no more tasks)"
    assert await scene.names(WORKFLOWS) == {"pre", "mid", "post"}
    assert await scene.get("ConfigMap", "never") is None
    shown = {name: result_of(app, name) for name in ("pre", "mid", "post", "settings")}
    assert [(shown[n]["hookType"], shown[n]["hookPhase"], shown[n]["syncPhase"]) for n in ("pre", "mid", "post")] == [
        ("PreSync", "Succeeded", "PreSync"),
        ("Sync", "Succeeded", "Sync"),
        ("PostSync", "Succeeded", "PostSync"),
    ]
    assert "hookType" not in shown["settings"]
    assert shown["pre"]["message"] == "it succeeded"
    app = await scene.synced()
    assert [r["name"] for r in at(app, "status.resources")] == ["settings"]


def _waiting(name: str) -> str:
    return f"waiting for completion of hook argoproj.io/Workflow/{name}"


async def test_a_failing_hook_ends_the_sync_after_its_rescue(scene: Scene) -> None:
    scene.repo.commit(
        files("app", config_map("settings"), workflow("pre", hook="PreSync"), workflow("rescue", hook="SyncFail"))
    )
    await scene.create(scene.an_app())
    await scene.end("pre", "Failed")
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("rescue"))
    await scene.end("rescue", "Succeeded")
    app = await scene.sync_ended("Failed")
    assert "argoproj.io/Workflow" in at(app, "status.operationState.message")
    assert "it failed" in at(app, "status.operationState.message")
    assert result_of(app, "pre")["hookPhase"] == "Failed"
    assert result_of(app, "rescue")["hookPhase"] == "Succeeded"
    assert await scene.get("ConfigMap", "settings") is None
    assert at(app, "status.sync.status") == "OutOfSync"
    assert not at(app, "status.history")


async def test_jobs_around_a_deployment(scene: Scene) -> None:
    scene.repo.commit(
        files(
            "app",
            deployment("web", replicas=2),
            job("migrate", hook="PreSync", delete_policy="HookSucceeded"),
            job("check", hook="PostSync"),
        )
    )
    await scene.create(scene.an_app())
    app = await scene.sync_ended("Succeeded", within=40)
    order = [r["name"] for r in at(app, "status.operationState.syncResult.resources")]
    assert order == ["migrate", "web", "check"]
    assert [result_of(app, name)["hookPhase"] for name in ("migrate", "check")] == ["Succeeded", "Succeeded"]
    assert result_of(app, "migrate")["images"] == ["registry.example/migrate:1"]
    await scene.gone("batch/Job", "migrate")
    assert (await scene.there("apps/Deployment", "web"))["status"]["readyReplicas"] == 2, "checked when it was ready"
    assert not (await scene.there("batch/Job", "check"))["metadata"].get("finalizers")
    await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")


async def test_a_post_sync_hook_waits_for_health(scene: Scene) -> None:
    scene.repo.commit(files("app", workflow("work"), config_map("post", hook="PostSync")))
    await scene.create(scene.an_app())
    message = "waiting for healthy state of argoproj.io/Workflow/work"
    await scene.app_until(lambda app: at(app, "status.operationState.message") == message)
    assert await scene.get("ConfigMap", "post") is None
    await scene.end("work", "Succeeded")
    await scene.sync_ended("Succeeded")
    assert await scene.get("ConfigMap", "post") is not None


async def test_hooks_are_deleted_as_their_policy_says(scene: Scene) -> None:
    hooks = (
        config_map("on-success", hook="PreSync", delete_policy="HookSucceeded"),
        config_map("on-failure", hook="PreSync", delete_policy="HookFailed"),
        config_map("before", hook="PreSync"),
    )
    scene.repo.commit(files("app", config_map("settings"), *hooks))
    await scene.create(scene.an_app())
    await scene.synced()
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"settings", "on-failure", "before"}
    first = {name: await uid_of(scene, "ConfigMap", name) for name in ("before", "on-failure")}
    assert HOOK_FINALIZER not in ((await scene.there("ConfigMap", "before"))["metadata"].get("finalizers") or [])
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.refresh()
    await scene.synced()
    assert await uid_of(scene, "ConfigMap", "before") != first["before"]
    assert await uid_of(scene, "ConfigMap", "on-failure") == first["on-failure"]


async def test_a_failed_hook_is_deleted_where_it_asks_for_it(scene: Scene) -> None:
    scene.repo.commit(
        files("app", config_map("settings"), workflow("gone", hook="PreSync", delete_policy="HookFailed"))
    )
    await scene.create(scene.an_app())
    await scene.end("gone", "Failed")
    await scene.sync_ended("Failed")
    await scene.gone(WORKFLOWS, "gone")


async def test_a_hook_with_a_generated_name_has_one_of_its_own_in_each_sync(scene: Scene) -> None:
    hook = {**WORKFLOW, "metadata": {"generateName": "job-", "annotations": {HOOK: "PreSync"}}, "spec": {"a": "b"}}
    sha = scene.repo.commit({**files("app", config_map("settings")), "app/hook.yaml": json.dumps(hook)})
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: "completion of hook" in (at(app, "status.operationState.message") or ""))
    [name] = await scene.names(WORKFLOWS)
    assert re.fullmatch(rf"job-{sha[:7]}-presync-\d+", name)
    await scene.end(name, "Succeeded")
    await scene.synced()
    newer = scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.refresh()
    await scene.app_until(lambda app: "completion of hook" in (at(app, "status.operationState.message") or ""))
    [second] = await scene.names(WORKFLOWS) - {name}
    assert second.startswith(f"job-{newer[:7]}-")
    await scene.end(second, "Succeeded")
    await scene.synced()


async def test_helm_hooks_are_mapped(scene: Scene) -> None:
    templates = files(
        "app/templates",
        config_map("settings"),
        workflow("later", helm_hook="pre-install,pre-upgrade", helm_weight="5"),
        workflow("earlier", helm_hook="pre-install", helm_weight="-5"),
        config_map("after", helm_hook="post-install"),
        config_map("tested", helm_hook="test"),
        config_map("undone", helm_hook="post-rollback"),
    )
    scene.repo.commit({"app/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n", **templates})
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("earlier"))
    assert await scene.names(WORKFLOWS) == {"earlier"}
    await scene.end("earlier", "Succeeded")
    await scene.end("later", "Succeeded")
    await scene.synced()
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"settings", "after"}


async def test_one_object_can_be_the_hook_of_two_phases(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("check", hook="PreSync,PostSync")))
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("check"))
    first = await uid_of(scene, WORKFLOWS, "check")
    await scene.end("check", "Succeeded")
    await scene.there(WORKFLOWS, "check", lambda seen: seen["metadata"]["uid"] != first)
    await scene.end("check", "Succeeded")
    app = await scene.sync_ended("Succeeded")
    results = [r for r in at(app, "status.operationState.syncResult.resources") if r["name"] == "check"]
    assert [(r["hookType"], r["hookPhase"]) for r in results] == [("PreSync", "Succeeded"), ("PostSync", "Succeeded")]


async def test_a_hook_that_vanishes_fails_the_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    pre = await scene.there(WORKFLOWS, "pre", lambda seen: seen["metadata"].get("finalizers"))
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("pre"))
    await scene.patch(WORKFLOWS, "pre", {"metadata": {"finalizers": None}})
    await scene.delete(WORKFLOWS, "pre")
    app = await scene.sync_ended("Failed")
    assert "missing" in result_of(app, "pre")["message"]
    assert pre["metadata"]["finalizers"] == [HOOK_FINALIZER]


async def test_progress_that_may_not_be_written_does_not_end_the_sync(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an API server that has just started, and does not know yet who may do what."""
    applications, refused = scene.world.applications, 0
    patch = applications.patch

    async def patched(app: Application, body: dict[str, Any]) -> Application:
        nonlocal refused
        if body.keys() == {"status"} and body["status"].keys() == {"operationState"}:
            refused += 1
            raise Forbidden("patch Application: forbidden", status=403)
        return await patch(app, body)

    monkeypatch.setattr(applications, "patch", patched)
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.end("pre", "Succeeded")
    await scene.synced()
    assert refused > 0


async def test_waves_wait_for_the_health_of_the_one_before(scene: Scene) -> None:
    scene.repo.commit(
        files(
            "app", config_map("zero"), workflow("first", wave=-1), config_map("last", wave=3), config_map("two", wave=2)
        )
    )
    await scene.create(scene.an_app())
    message = "waiting for healthy state of argoproj.io/Workflow/first"
    await scene.app_until(lambda app: at(app, "status.operationState.message") == message)
    assert not await scene.names("ConfigMap") & {"zero", "two", "last"}
    await scene.end("first", "Succeeded")
    app = await scene.sync_ended("Succeeded")
    order = [r["name"] for r in at(app, "status.operationState.syncResult.resources")]
    assert order == ["first", "zero", "two", "last"]


async def test_a_degraded_wave_ends_the_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", workflow("first", wave=-1), config_map("zero")))
    await scene.create(scene.an_app())
    await scene.end("first", "Failed")
    app = await scene.sync_ended("Failed")
    assert "it failed" in at(app, "status.operationState.message")
    assert await scene.get("ConfigMap", "zero") is None
    assert at(app, "status.sync.status") == "OutOfSync"


async def test_prunes_go_first_and_in_reverse_order(scene: Scene) -> None:
    objects = (config_map("early", wave=-1), config_map("late", wave=2))
    scene.repo.commit(files("app", *objects))
    await scene.create(scene.an_app())
    await scene.synced()
    scene.repo.commit(
        {**drop("app/configmap-early.yaml", "app/configmap-late.yaml"), **files("app", config_map("new"))}
    )
    await scene.refresh()
    app = await scene.synced()
    results: list[Manifest] = at(app, "status.operationState.syncResult.resources")
    assert [(r["name"], r["status"]) for r in results if r["name"] != "new"] == [
        ("late", "Pruned"),
        ("early", "Pruned"),
    ]


async def test_terminating_deletes_the_hook_that_runs(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: at(app, "status.operationState.message") == _waiting("pre"))
    await scene.edit({"status": {"operationState": {"phase": "Terminating"}}})
    app = await scene.sync_ended("Failed")
    assert at(app, "status.operationState.message") == "Operation terminated"
    await scene.gone(WORKFLOWS, "pre")
    app = await scene.refresh()
    assert "operation" not in app, "what somebody stopped is not begun again by itself"
    assert await scene.get("ConfigMap", "settings") is None
