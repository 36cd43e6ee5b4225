"""What happens at an unlucky moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.engine.objects import config_map, drop, files, service, workflow
from tests.engine.world import Scene, at, conditions, until
from trimtab.kube.errors import ApiError

WORKFLOWS = "argoproj.io/Workflow"


@contextlib.asynccontextmanager
async def restless(scene: Scene) -> AsyncIterator[None]:
    """Somebody edits the Application all the time."""

    async def edit() -> None:
        number = 0
        while True:
            number += 1
            with contextlib.suppress(ApiError):
                await scene.edit({"metadata": {"labels": {"edited": str(number)}}})
            await asyncio.sleep(0.002)

    editing = asyncio.create_task(edit())
    try:
        yield
    finally:
        editing.cancel()


async def test_an_application_that_is_edited_all_the_time_is_synced(scene: Scene) -> None:
    scene.repo.commit(
        files("app", config_map("settings"), config_map("pre", hook="PreSync"), workflow("work", wave=-1))
    )
    async with restless(scene):
        await scene.create(scene.an_app())
        await scene.end("work", "Succeeded")
        app = await scene.synced()
    assert at(app, "status.operationState.phase") == "Succeeded"
    assert [entry["id"] for entry in at(app, "status.history")] == [0]


async def test_a_manual_sync_of_an_application_that_is_edited_all_the_time(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("pre", hook="PreSync")))
    await scene.create(scene.an_app(auto_sync=False))
    async with restless(scene):
        for number in range(3):
            scene.repo.commit(files("app", config_map("settings", {"key": str(number)})))
            await scene.operate({"sync": {}})
            app = await scene.synced()
            assert at(app, "status.operationState.phase") == "Succeeded"
    assert [entry["id"] for entry in at(app, "status.history")] == [0, 1, 2]


async def test_deleted_while_it_is_synced_it_leaves_nothing(scene: Scene) -> None:
    names = [f"app{number}" for number in range(3)]
    for name in names:
        scene.repo.commit(files(name, *(config_map(f"{name}-{number}") for number in range(15))))
        await scene.create(scene.an_app(name, path=name, cascade=True))
    for name in names:
        await scene.there("ConfigMap", f"{name}-5")
        await scene.delete("Application", scene.named(name), namespace=scene.control)
    for name in names:
        await until(
            lambda: scene.get("Application", scene.named(name), namespace=scene.control),  # noqa: B023
            lambda seen: seen is None,
        )
    await asyncio.sleep(0.3)
    assert await scene.names("ConfigMap") <= {"kube-root-ca.crt"}


async def test_a_manual_sync_while_the_source_is_broken(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(auto_sync=False, path="nowhere"))
    await scene.app_until(conditions)
    await scene.operate({"sync": {}})
    app = await scene.sync_ended("Failed")
    assert "nowhere" in at(app, "status.operationState.message")
    await scene.edit({"spec": {"source": {"path": "app"}}})
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {}})
    await scene.synced()


async def test_what_git_dropped_while_nobody_looked_is_pruned(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), service("web")))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.stop()
    scene.repo.commit(drop("app/service-web.yaml"))
    await scene.start()
    await scene.synced()
    await scene.gone("Service", "web")


async def test_a_pending_retry_outlives_a_restart(scene: Scene) -> None:
    scene.repo.commit(files("app", {**service("broken"), "spec": {"ports": [{"port": 0}]}}))
    await scene.create(scene.an_app(retry={"limit": 5, "backoff": {"duration": "1h"}}))
    before = await scene.app_until(lambda app: at(app, "status.operationState.retryCount") == 1)
    await scene.stop()
    await scene.start()
    app = await scene.refresh()
    assert at(app, "status.operationState") == at(before, "status.operationState")
    scene.repo.commit(files("app", service("broken")))
    await scene.refresh()
    await scene.synced()


async def test_a_refresh_while_a_hook_runs_is_answered(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.there(WORKFLOWS, "pre")
    app = await scene.refresh()
    assert at(app, "status.operationState.phase") == "Running"
    assert at(app, "status.sync.status") == "OutOfSync"
    await scene.end("pre", "Succeeded")
    await scene.synced()


async def test_drift_while_a_sync_runs_is_told(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1"}), config_map("other")))
    await scene.create(scene.an_app(auto_sync=False))
    await scene.operate({"sync": {}})
    await scene.synced()
    scene.repo.commit(files("app", workflow("pre", hook="PreSync")))
    await scene.operate({"sync": {}})
    await scene.there(WORKFLOWS, "pre")
    await scene.patch("ConfigMap", "settings", {"data": {"a": "2"}}, by="ada")
    await scene.refresh()
    await scene.event("DriftDetected", "data.a", "by ada")
    await scene.end("pre", "Succeeded")
    await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"a": "1"}


async def test_an_operation_that_asks_for_nothing_fails(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(auto_sync=False))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({})
    await scene.sync_ended("Failed")
    assert await scene.get("ConfigMap", "settings") is None


async def test_a_status_that_cannot_be_read_is_written_anew(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    app = scene.an_app()
    app["status"] = {"health": {"status": "Enchanted"}, "sync": {"status": "Somewhere", "revision": "x"}}
    await scene.create(app)
    await scene.synced()
    await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")
    await scene.edit({"status": {"operationState": {"phase": "Bewitched"}}})
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.refresh()
    await scene.synced()


async def test_nulls_in_values_start_no_second_sync(scene: Scene) -> None:
    """A merge patch cannot write a null: what was asked for comes back without it."""
    template = config_map("settings", {"colour": "{{ .Values.colour }}"})
    chart = {
        "app/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "app/values.yaml": "colour: blue\nother: 1\n",
    }
    scene.repo.commit({**chart, **files("app/templates", template, config_map("pre", hook="PreSync"))})
    values = {"colour": "red", "other": None, "deep": {"one": None}}
    await scene.create(scene.an_app(source={"helm": {"valuesObject": values}}, retry={"limit": 1}))
    await scene.synced()
    await scene.settled()
    for _ in range(2):
        app = await scene.refresh()
    assert [entry["id"] for entry in at(app, "status.history")] == [0]
    assert len(await scene.events("OperationStarted")) == 1
    await scene.operate({"sync": {"source": {**app["spec"]["source"], "helm": {"valuesObject": values}}}})
    await scene.app_until(lambda app: len(at(app, "status.history")) == 2 and "operation" not in app)
    await scene.settled()
    assert len(await scene.events("OperationStarted")) == 2


async def test_an_object_that_takes_its_time_to_go_is_not_pruned_twice(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("dropped")))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.patch("ConfigMap", "dropped", {"metadata": {"finalizers": ["example.com/hold"]}})
    sha = scene.repo.commit(drop("app/configmap-dropped.yaml"))
    await scene.refresh()
    app = await scene.app_until(lambda app: at(app, "status.operationState.syncResult.revision") == sha)
    app = await scene.sync_ended("Succeeded")
    assert at(app, "status.sync.status") == "OutOfSync"
    await scene.settled()
    async with scene.counting() as sent:
        await scene.refresh()
    assert not sent["delete"], sent
    await scene.patch("ConfigMap", "dropped", {"metadata": {"finalizers": None}})
    await scene.synced()


async def test_a_hook_that_somebody_holds_is_waited_for(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.patch("ConfigMap", "pre", {"metadata": {"finalizers": ["example.com/hold"]}})
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.refresh()
    await scene.there("ConfigMap", "pre", lambda seen: "deletionTimestamp" in seen["metadata"])
    await scene.app_until(
        lambda app: "deletion of hook ConfigMap/pre" in (at(app, "status.operationState.message") or "")
    )
    await scene.patch("ConfigMap", "pre", {"metadata": {"finalizers": None}})
    await scene.synced()
