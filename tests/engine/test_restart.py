"""The controller stops anywhere and another one goes on: it converges, and what has run does not run again."""

from tests.engine.objects import config_map, files, workflow
from tests.engine.test_hooks import WORKFLOWS, uid_of
from tests.engine.world import Scene, at, result_of
from trimtab.model.names import HOOK_FINALIZER


async def test_a_running_hook_is_not_started_again(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    began = await uid_of(scene, WORKFLOWS, "pre")
    await scene.restart()
    await scene.patch(WORKFLOWS, "pre", {"status": {"phase": "Running"}})
    await scene.refresh()
    assert await uid_of(scene, WORKFLOWS, "pre") == began
    await scene.end("pre", "Succeeded")
    app = await scene.synced()
    assert at(app, "status.operationState.phase") == "Succeeded"
    assert await uid_of(scene, WORKFLOWS, "pre") == began
    assert len(await scene.events("OperationStarted")) == 1


async def test_a_hook_that_ended_meanwhile_counts(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    began = await uid_of(scene, WORKFLOWS, "pre")
    await scene.stop()
    await scene.end("pre", "Succeeded")
    await scene.start()
    await scene.synced()
    assert await uid_of(scene, WORKFLOWS, "pre") == began


async def test_a_finished_hook_does_not_run_again_and_is_cleaned_up(scene: Scene) -> None:
    done = workflow("done", hook="PreSync", wave=-1, delete_policy="HookSucceeded,BeforeHookCreation")
    scene.repo.commit(files("app", config_map("settings"), done, workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    began = await uid_of(scene, WORKFLOWS, "done")
    await scene.end("done", "Succeeded")
    await scene.there(WORKFLOWS, "pre")
    await scene.restart()
    await scene.refresh()
    assert await uid_of(scene, WORKFLOWS, "done") == began
    await scene.end("pre", "Succeeded")
    app = await scene.synced()
    assert result_of(app, "done")["hookPhase"] == "Succeeded"
    await scene.gone(WORKFLOWS, "done")
    pre = await scene.there(WORKFLOWS, "pre")
    assert HOOK_FINALIZER not in (pre["metadata"].get("finalizers") or [])


async def test_a_retry_runs_its_hooks_again(scene: Scene) -> None:
    scene.repo.commit(files("app", workflow("pre", hook="PreSync"), workflow("work", wave=-1), config_map("settings")))
    await scene.create(scene.an_app(retry={"limit": 1, "backoff": {"duration": "10ms"}}))
    began = await uid_of(scene, WORKFLOWS, "pre")
    await scene.end("pre", "Succeeded")
    await scene.end("work", "Failed")
    again = await scene.there(WORKFLOWS, "pre", lambda seen: seen["metadata"]["uid"] != began)
    assert "status" not in again
    await scene.end("work", "Succeeded")
    await scene.end("pre", "Succeeded")
    app = await scene.synced()
    assert at(app, "status.operationState.retryCount") == 1


async def test_what_is_terminated_after_a_restart_leaves_no_hook_behind(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: at(app, "status.operationState.message"))
    await scene.stop()
    await scene.edit({"status": {"operationState": {"phase": "Terminating"}}})
    await scene.start()
    app = await scene.sync_ended("Failed")
    assert at(app, "status.operationState.message") == "Operation terminated"
    await scene.gone(WORKFLOWS, "pre")


async def test_a_sync_that_was_cut_off_between_waves_goes_on(scene: Scene) -> None:
    scene.repo.commit(files("app", workflow("first", wave=-1), config_map("last")))
    await scene.create(scene.an_app())
    began = await uid_of(scene, WORKFLOWS, "first")
    await scene.restart()
    await scene.end("first", "Succeeded")
    app = await scene.synced()
    assert await uid_of(scene, WORKFLOWS, "first") == began
    assert await scene.get("ConfigMap", "last") is not None
    assert [entry["id"] for entry in at(app, "status.history")] == [0]


async def test_what_happened_meanwhile_is_noticed(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1"}), config_map("other")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.stop()
    await scene.patch("ConfigMap", "settings", {"data": {"a": "2"}})
    await scene.delete("ConfigMap", "other")
    await scene.start()
    await scene.there("ConfigMap", "settings", lambda seen: seen["data"] == {"a": "1"})
    await scene.there("ConfigMap", "other")
    await scene.synced()


async def test_nothing_is_written_for_what_is_in_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(self_heal=True))
    before = await scene.synced()
    before = await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")
    await scene.stop()
    await scene.start()
    async with scene.no_writes():
        await scene.looked_at()
    assert await scene.app() == before
