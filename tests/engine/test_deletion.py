"""Deleting Applications: what goes with them, what stays, and that nothing holds it up."""

from typing import Any

import pytest

from tests.engine.objects import config_map, crd, files, workflow
from tests.engine.world import Scene, at, conditions, until
from trimtab.apply.objects import remove_tracked
from trimtab.controller import delete
from trimtab.kube.errors import Forbidden
from trimtab.model.keys import ObjectKey
from trimtab.model.names import BACKGROUND_FINALIZER, RESOURCES_FINALIZER, TRACKING_ID

WORKFLOWS = "argoproj.io/Workflow"


async def delete_app(scene: Scene, name: str = "shop") -> None:
    await scene.delete("Application", scene.named(name), namespace=scene.control)


async def app_gone(scene: Scene, name: str = "shop") -> None:
    await until(lambda: scene.get("Application", scene.named(name), namespace=scene.control), lambda seen: seen is None)
    await scene.settled()


async def test_with_the_finalizer_the_objects_go_too(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("late", wave=3)))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.names("ConfigMap") <= {"kube-root-ca.crt"}
    assert scene.world.memories == {}
    assert scene.world.clusters.home.live.tracked(scene.named()) == {}


async def test_in_the_background(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    app = scene.an_app()
    app["metadata"]["finalizers"] = [BACKGROUND_FINALIZER]
    await scene.create(app)
    await scene.synced()
    await delete_app(scene)
    await app_gone(scene)
    await scene.gone("ConfigMap", "settings")


async def test_without_the_finalizer_they_stay(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is not None
    assert scene.world.memories == {}


async def test_the_highest_wave_goes_first(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("early"), config_map("late", wave=3)))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await scene.patch("ConfigMap", "late", {"metadata": {"finalizers": ["example.com/hold"]}})
    await delete_app(scene)
    await scene.there("ConfigMap", "late", lambda seen: "deletionTimestamp" in seen["metadata"])
    await scene.settled()
    assert "deletionTimestamp" not in (await scene.there("ConfigMap", "early"))["metadata"]
    assert await scene.app() is not None
    await scene.patch("ConfigMap", "late", {"metadata": {"finalizers": None}})
    await app_gone(scene)
    assert await scene.get("ConfigMap", "early") is None


async def test_what_asks_to_be_kept_is_kept(scene: Scene) -> None:
    group = f"g{scene.token}.example.com"
    kept = (config_map("kept", options="Delete=false"), config_map("helmed", keep="keep"), crd("Widget", group))
    widget = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {}}
    scene.repo.commit(files("app", config_map("settings"), widget, *kept))
    app = scene.an_app()
    # In the foreground, Kubernetes' garbage collector has to learn of the new kind first: half a minute.
    app["metadata"]["finalizers"] = [BACKGROUND_FINALIZER]
    await scene.create(app)
    await scene.synced()
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"kept", "helmed"}
    assert await scene.get("apiextensions.k8s.io/CustomResourceDefinition", f"widgets.{group}") is not None
    assert await scene.get(f"{group}/Widget", "one") is None


async def test_what_belongs_to_others_stays(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("taken")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    theirs = f"somebody:/ConfigMap:{scene.place}/taken"
    await scene.patch("ConfigMap", "taken", {"metadata": {"annotations": {TRACKING_ID: theirs}}})
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"taken"}


async def test_a_broken_repository_does_not_hold_it_up(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await scene.edit({"spec": {"source": {"repoURL": "http://127.0.0.1:1/gone.git"}}})
    await scene.app_until(lambda app: conditions(app))
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is None


async def test_nor_does_a_restart(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await scene.stop()
    await delete_app(scene)
    await scene.start()
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is None


async def test_nor_does_a_cluster_that_is_not_known(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await scene.edit({"spec": {"destination": {"server": "https://far.example"}}})
    await scene.app_until(lambda app: conditions(app))
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is not None


async def test_nor_does_a_sync_whose_hook_runs(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    app = scene.an_app()
    app["metadata"]["finalizers"] = [BACKGROUND_FINALIZER]
    await scene.create(app)
    await scene.app_until(lambda app: "hook" in (at(app, "status.operationState.message") or ""))
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.names(WORKFLOWS) == set()
    assert await scene.get("ConfigMap", "settings") is None


async def test_what_stands_in_the_way_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("guarded")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()

    async def guarded(key: ObjectKey, *rest: Any, **more: Any) -> bool:
        if key.name == "guarded":
            raise Forbidden("delete ConfigMap guarded: forbidden by a policy", status=403)
        return await remove_tracked(key, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(delete, "remove_tracked", guarded)
        await delete_app(scene)
        app = await scene.app_until(lambda app: "DeletionError" in conditions(app))
        assert conditions(app)["DeletionError"] == "delete ConfigMap guarded: forbidden by a policy"
        await scene.gone("ConfigMap", "settings")
        await scene.settled()
        before = await scene.app()
        async with scene.no_writes():
            await scene.edit({"spec": {"info": [{"name": "a", "value": "b"}]}})
            await scene.settled()
        assert (await scene.app())["status"] == before["status"], "said once"
    await scene.edit({"spec": {"info": None}})
    await app_gone(scene)
    assert await scene.get("ConfigMap", "guarded") is None


async def test_a_running_hook_is_let_go_when_the_objects_stay(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: "hook" in (at(app, "status.operationState.message") or ""))
    await delete_app(scene)
    await app_gone(scene)
    await until(
        lambda: scene.get(WORKFLOWS, "pre"), lambda seen: seen is None or not seen["metadata"].get("finalizers")
    )


async def test_the_finalizers_of_others_are_left_to_them(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    app = scene.an_app()
    app["metadata"]["finalizers"] = ["example.com/mine", RESOURCES_FINALIZER]
    await scene.create(app)
    await scene.synced()
    await delete_app(scene)
    await scene.app_until(lambda app: app["metadata"]["finalizers"] == ["example.com/mine"])
    await scene.gone("ConfigMap", "settings")
    await scene.settled()
    await scene.edit({"metadata": {"finalizers": None}})
    await app_gone(scene)


async def test_an_application_of_the_same_name_starts_anew(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")) | files("other", config_map("second")))
    await scene.create(scene.an_app(cascade=True))
    await scene.synced()
    await delete_app(scene)
    await app_gone(scene)
    await scene.create(scene.an_app(path="other"))
    app = await scene.synced()
    assert [entry["id"] for entry in at(app, "status.history")] == [0]
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"second"}


async def test_an_operation_of_the_deleted_does_not_touch_its_successor(scene: Scene) -> None:
    scene.repo.commit(
        files("app", config_map("settings"), workflow("pre", hook="PreSync")) | files("other", config_map("b"))
    )
    await scene.create(scene.an_app())
    await scene.app_until(lambda app: "hook" in (at(app, "status.operationState.message") or ""))
    await delete_app(scene)
    await scene.create(scene.an_app(path="other", auto_sync=False))
    app = await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.settled()
    app = await scene.refresh()
    assert "operationState" not in app["status"]
    assert "operation" not in app
