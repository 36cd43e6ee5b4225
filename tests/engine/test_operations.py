"""Operations that somebody asks for: `.operation`, as kubectl, the CLI and the API write it."""

from typing import Any

from tests.engine.objects import config_map, crd, drop, files, namespace, service, workflow
from tests.engine.world import Scene, at, result_of
from trimtab.model.names import REFRESH

WORKFLOWS = "argoproj.io/Workflow"


async def out_of_sync(scene: Scene, **spec: Any) -> None:
    """The application `shop`, looked at and not synced."""
    await scene.create(scene.an_app(auto_sync=False, **spec))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")


async def test_nothing_is_synced_unasked(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    app = await scene.refresh()
    assert await scene.get("ConfigMap", "settings") is None
    assert at(app, "status.health.status") == "Missing"
    assert "operationState" not in app["status"]
    assert [(r["name"], r["status"]) for r in at(app, "status.resources")] == [("settings", "OutOfSync")]


async def test_a_manual_sync(scene: Scene) -> None:
    sha = scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    await scene.operate({"sync": {}, "info": [{"name": "why", "value": "I can"}]})
    app = await scene.synced()
    state = at(app, "status.operationState")
    assert state["phase"] == "Succeeded"
    assert state["operation"]["initiatedBy"] == {"username": "ada"}
    assert state["operation"]["info"] == [{"name": "why", "value": "I can"}]
    assert state["syncResult"]["revision"] == sha
    [entry] = at(app, "status.history")
    assert entry["initiatedBy"] == {"username": "ada"}
    assert len(await scene.events("OperationStarted")) == 1
    assert "ada" in (await scene.events("OperationStarted"))[0]


async def test_a_sync_takes_the_newest_commit(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    sha = scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.operate({"sync": {}})
    app = await scene.sync_ended("Succeeded")
    assert at(app, "status.operationState.syncResult.revision") == sha
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "two"}
    await scene.synced()


async def test_a_sync_to_a_named_revision(scene: Scene) -> None:
    old = scene.repo.commit(files("app", config_map("settings")))
    scene.repo.tag("v1")
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await out_of_sync(scene)
    await scene.operate({"sync": {"revision": "v1"}})
    app = await scene.sync_ended("Succeeded")
    assert at(app, "status.operationState.syncResult.revision") == old
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "one"}
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "OutOfSync"
    assert at(app, "status.sync.revision") == scene.repo.sha()


async def test_an_unknown_revision_fails_the_operation_only(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    await scene.operate({"sync": {"revision": "v9"}})
    app = await scene.sync_ended("Failed")
    assert "v9" in at(app, "status.operationState.message")
    assert at(app, "status.sync.status") == "OutOfSync"
    assert not at(app, "status.conditions")


async def test_pruning_is_asked_for(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("dropped")))
    await out_of_sync(scene)
    await scene.operate({"sync": {}})
    await scene.synced()
    scene.repo.commit(drop("app/configmap-dropped.yaml"))
    await scene.operate({"sync": {}})
    await scene.app_until(lambda app: at(app, "status.operationState.syncResult.revision") == scene.repo.sha())
    app = await scene.sync_ended("Succeeded")
    assert result_of(app, "dropped")["status"] == "PruneSkipped"
    assert await scene.get("ConfigMap", "dropped") is not None
    await scene.operate({"sync": {"prune": True}})
    await scene.gone("ConfigMap", "dropped")
    await scene.synced()


async def test_a_selective_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("one"), config_map("two"), config_map("pre", hook="PreSync")))
    await out_of_sync(scene)
    await scene.operate({"sync": {"resources": [{"kind": "ConfigMap", "name": "two"}]}})
    app = await scene.sync_ended("Succeeded")
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"two"}
    assert not at(app, "status.history")
    assert at(app, "status.sync.status") == "OutOfSync"


async def test_a_selection_may_name_the_namespace(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("one"), config_map("two")))
    await out_of_sync(scene)
    chosen = {"group": "", "kind": "ConfigMap", "name": "two", "namespace": scene.place}
    await scene.operate({"sync": {"resources": [chosen]}})
    await scene.sync_ended("Succeeded")
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"two"}


async def test_a_selection_that_fits_nothing_fails(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("one")))
    await out_of_sync(scene)
    await scene.operate({"sync": {"resources": [{"kind": "ConfigMap", "name": "misspelt"}]}})
    app = await scene.sync_ended("Failed")
    assert "misspelt" in at(app, "status.operationState.message")


async def test_a_dry_run_writes_nothing_and_finds_what_is_wrong(scene: Scene) -> None:
    new, group = f"new-{scene.token}", f"g{scene.token}.example.com"
    inside = config_map("inside")
    inside["metadata"]["namespace"] = new
    widget = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {}}
    scene.repo.commit(
        files("app", config_map("settings"), config_map("pre", hook="PreSync"), namespace(new), inside)
        | files("app", crd("Widget", group), widget)
    )
    await out_of_sync(scene)
    await scene.operate({"sync": {"dryRun": True, "prune": True}})
    app = await scene.sync_ended("Succeeded")
    assert all("(dry run)" in r["message"] for r in at(app, "status.operationState.syncResult.resources"))
    assert await scene.names("ConfigMap") <= {"kube-root-ca.crt"}
    assert await scene.get("Namespace", new) is None
    assert not at(app, "status.history")
    scene.repo.commit(files("app", {**service("broken"), "spec": {"ports": [{"port": 0}]}}))
    await scene.operate({"sync": {"dryRun": True}})
    app = await scene.sync_ended("Failed")
    assert "spec.ports[0].port" in result_of(app, "broken")["message"]
    assert await scene.get("Service", "broken") is None


async def test_a_dry_run_does_not_count_as_the_sync_of_a_revision(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    await scene.operate({"sync": {"dryRun": True}})
    await scene.sync_ended("Succeeded")
    await scene.edit({"spec": {"syncPolicy": {"automated": {}}}})
    await scene.synced()


async def test_a_rollback(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("pre", hook="PreSync")))
    await out_of_sync(scene)
    await scene.operate({"sync": {}})
    await scene.synced()
    scene.repo.commit(files("app", config_map("settings", {"key": "two"}), config_map("added")))
    await scene.operate({"sync": {"prune": True}})
    app = await scene.synced()
    first = at(app, "status.history")[0]
    hook = await scene.there("ConfigMap", "pre")
    sync = {"revision": first["revision"], "source": first["source"], "prune": True, "syncStrategy": {"apply": {}}}
    await scene.operate({"sync": sync})
    await scene.gone("ConfigMap", "added")
    app = await scene.sync_ended("Succeeded")
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "one"}
    assert (await scene.there("ConfigMap", "pre"))["metadata"]["uid"] == hook["metadata"]["uid"]
    assert [entry["revision"] for entry in at(app, "status.history")][-1] == first["revision"]
    assert len(at(app, "status.history")) == 3
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "OutOfSync"
    assert at(app, "status.sync.revision") == scene.repo.sha()
    assert await scene.events("DriftDetected") == [], "what a sync does is no drift"


async def test_an_operation_that_replaces_another_runs_after_it(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await out_of_sync(scene)
    await scene.operate({"sync": {}})
    await scene.there(WORKFLOWS, "pre")
    await scene.operate({"sync": {"syncStrategy": {"apply": {}}}, "info": [{"name": "which", "value": "second"}]})
    await scene.end("pre", "Succeeded")
    app = await scene.app_until(lambda app: at(app, "status.operationState.operation.info") and "operation" not in app)
    assert at(app, "status.operationState.phase") == "Succeeded"
    assert len(at(app, "status.history")) == 2


async def test_only_what_is_out_of_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("one"), config_map("two")))
    await out_of_sync(scene)
    await scene.operate({"sync": {}})
    await scene.synced()
    scene.repo.commit(files("app", config_map("two", {"key": "new"})))
    await scene.operate({"sync": {"syncOptions": ["ApplyOutOfSyncOnly=true"]}})
    app = await scene.synced()
    assert [r["name"] for r in at(app, "status.operationState.syncResult.resources")] == ["two"]


async def test_local_manifests_are_refused_by_name(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await out_of_sync(scene)
    await scene.operate({"sync": {"manifests": ["{}"]}})
    app = await scene.sync_ended("Failed")
    assert "local manifests" in at(app, "status.operationState.message")


async def test_a_refresh_leaves_no_annotation(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app())
    before = await scene.synced()
    for kind in ("normal", "hard"):
        app = await scene.refresh(kind=kind)
        assert REFRESH not in (app["metadata"].get("annotations") or {})
    assert at(app, "status.operationState") == at(before, "status.operationState")


async def test_skip_reconcile(scene: Scene) -> None:
    skip = "argocd.argoproj.io/skip-reconcile"
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.edit({"metadata": {"annotations": {skip: "true"}}})
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.edit({"metadata": {"annotations": {REFRESH: "normal"}}})
    await scene.delete("ConfigMap", "settings")
    await scene.settled()
    assert REFRESH in (await scene.app())["metadata"]["annotations"]
    assert await scene.get("ConfigMap", "settings") is None
    await scene.edit({"metadata": {"annotations": {skip: None}}})
    await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "two"}
