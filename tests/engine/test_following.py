"""Git moves, people move the cluster: what follows, what is reported, what is left alone."""

import json

from tests.engine.objects import annotated, config_map, crd, deployment, drop, files, namespace, service, workflow
from tests.engine.world import Scene, at, conditions, result_of
from trimtab.model.names import TRACKING_ID

BAD_SERVICE = {**service("broken"), "spec": {"ports": [{"port": 0}]}}


async def test_an_update(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1", "b": "1"}), config_map("other")))
    await scene.create(scene.an_app())
    await scene.synced()
    scene.repo.commit(files("app", config_map("settings", {"a": "2"})))
    await scene.refresh()
    app = await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"a": "2"}
    assert result_of(app, "settings")["message"] == "configmap/settings configured"
    assert result_of(app, "other")["message"] == "configmap/other unchanged"
    assert [entry["id"] for entry in at(app, "status.history")] == [0, 1]


async def test_a_commit_elsewhere_moves_the_revision_and_syncs_nothing(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app())
    before = await scene.synced()
    scene.repo.commit(files("elsewhere", config_map("settings")))
    await scene.refresh()
    after = await scene.synced()
    assert at(after, "status.operationState") == at(before, "status.operationState")


async def test_polling_notices_a_commit(resting: Scene) -> None:
    await resting.start(poll=0.2)
    resting.repo.commit(files("app", config_map("settings")))
    await resting.create(resting.an_app())
    await resting.synced()
    resting.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await resting.synced()
    assert (await resting.there("ConfigMap", "settings"))["data"] == {"key": "two"}


async def test_what_git_drops_is_pruned(scene: Scene) -> None:
    kept = config_map("kept", options="Prune=false")
    scene.repo.commit(files("app", config_map("settings"), config_map("dropped"), kept))
    await scene.create(scene.an_app())
    await scene.synced()
    sha = scene.repo.commit(drop("app/configmap-dropped.yaml", "app/configmap-kept.yaml"))
    await scene.refresh()
    await scene.gone("ConfigMap", "dropped")
    app = await scene.app_until(lambda app: at(app, "status.operationState.syncResult.revision") == sha)
    app = await scene.sync_ended("Succeeded")
    assert result_of(app, "dropped")["status"] == "Pruned"
    assert result_of(app, "kept")["status"] == "PruneSkipped"
    assert await scene.get("ConfigMap", "kept") is not None
    assert at(app, "status.sync.status") == "OutOfSync"
    shown = {r["name"]: r for r in at(app, "status.resources")}
    assert shown["kept"]["requiresPruning"] is True


async def test_nothing_is_pruned_without_leave(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("dropped")))
    await scene.create(scene.an_app(prune=False))
    await scene.synced()
    scene.repo.commit(drop("app/configmap-dropped.yaml"))
    before = (await scene.app())["status"]["operationState"]
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "OutOfSync"
    assert "operation" not in app
    assert at(app, "status.operationState") == before
    assert await scene.get("ConfigMap", "dropped") is not None


async def test_what_is_tracked_to_somebody_else_is_not_pruned(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("taken"), config_map("source")))
    await scene.create(scene.an_app())
    await scene.synced()
    theirs = f"somebody:/ConfigMap:{scene.place}/taken"
    await scene.patch("ConfigMap", "taken", {"metadata": {"annotations": {TRACKING_ID: theirs}}})
    copy = (await scene.there("ConfigMap", "source"))["metadata"]["annotations"]
    await scene.create(annotated(config_map("copy"), **copy))
    scene.repo.commit(drop("app/configmap-taken.yaml", "app/configmap-source.yaml"))
    await scene.refresh()
    app = await scene.synced()
    await scene.gone("ConfigMap", "source")
    assert {"taken", "copy"} <= await scene.names("ConfigMap")
    assert [r["name"] for r in at(app, "status.resources")] == ["settings"]


async def test_drift_is_reported_and_healed(scene: Scene) -> None:
    scene.repo.commit(files("app", deployment("web", replicas=0)))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.patch("apps/Deployment", "web", {"spec": {"replicas": 3}}, by="kubectl-edit")
    said = await scene.event("DriftDetected", "apps/Deployment", "spec.replicas", "0 → 3", "by kubectl-edit", "at 20")
    assert "\n" not in said
    await scene.there("apps/Deployment", "web", lambda seen: seen["spec"]["replicas"] == 0)
    count = "status.operationState.operation.sync.autoHealAttemptsCount"
    app = await scene.app_until(lambda app: at(app, count) == 1)
    app = await scene.synced()
    sync = at(app, "status.operationState.operation.sync")
    assert [r["name"] for r in sync["resources"]] == ["web"]
    assert len(at(app, "status.history")) == 1
    assert len(await scene.events("DriftDetected")) == 1


async def test_a_deleted_object_comes_back(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("other")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.delete("ConfigMap", "settings")
    await scene.event("DriftDetected", "settings", "was deleted")
    await scene.there("ConfigMap", "settings")
    await scene.synced()


async def test_drift_is_reported_and_left_without_self_heal(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1"})))
    await scene.create(scene.an_app())
    before = await scene.synced()
    await scene.patch("ConfigMap", "settings", {"data": {"a": "2"}}, by="ada")
    await scene.event("DriftDetected", "data.a", "'1' → '2'", "by ada")
    app = await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "OutOfSync"
    assert at(app, "status.operationState") == at(before, "status.operationState")
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"a": "2"}
    await scene.patch("ConfigMap", "settings", {"data": {"a": "1"}}, by="ada")
    await scene.synced()


async def test_a_secret_drifts_without_its_value_being_told(scene: Scene) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"password": "hunter2"}}
    scene.repo.commit(files("app", secret))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.patch("Secret", "key", {"data": {"password": "c3dvcmRmaXNo"}})
    said = await scene.event("DriftDetected", "data.password")
    assert not any(word in said for word in ("hunter2", "aHVudGVyMg", "swordfish", "c3dvcmRmaXNo"))
    await scene.there("Secret", "key", lambda seen: seen["data"]["password"] == "aHVudGVyMg==")


async def test_what_git_does_not_speak_of_is_no_drift(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    async with scene.no_writes():
        labels = {"metadata": {"labels": {"mine": "yes"}}, "data": {"extra": "1"}}
        changed = await scene.patch("ConfigMap", "settings", labels)
        await scene.noticed("ConfigMap", "settings", changed)
    assert at(await scene.app(), "status.sync.status") == "Synced"
    assert await scene.events("DriftDetected") == []


async def test_a_failed_sync_heals_with_the_next_commit(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), BAD_SERVICE))
    await scene.create(scene.an_app())
    app = await scene.sync_ended("Failed")
    assert "spec.ports[0].port" in result_of(app, "broken")["message"]
    assert result_of(app, "broken")["status"] == "SyncFailed"
    assert await scene.get("ConfigMap", "settings") is not None, "one bad object does not stop the others"
    assert not at(app, "status.history")
    scene.repo.commit(files("app", service("broken")))
    await scene.refresh()
    await scene.synced()


async def test_a_commit_does_not_wait_for_a_retry(scene: Scene) -> None:
    scene.repo.commit(files("app", BAD_SERVICE))
    await scene.create(scene.an_app(retry={"limit": 5, "backoff": {"duration": "1h"}}))
    app = await scene.app_until(lambda app: at(app, "status.operationState.retryCount") == 1)
    assert at(app, "status.operationState.phase") == "Running"
    assert "Retrying attempt #1 at " in at(app, "status.operationState.message")
    scene.repo.commit(files("app", service("broken")))
    await scene.refresh()
    await scene.synced()


async def test_retries_end(scene: Scene) -> None:
    scene.repo.commit(files("app", BAD_SERVICE, config_map("pre", hook="PreSync")))
    backoff = {"duration": "50ms", "factor": 1}
    await scene.create(scene.an_app(retry={"limit": 2, "backoff": backoff}))
    app = await scene.sync_ended("Failed")
    assert at(app, "status.operationState.retryCount") == 2
    assert "spec.ports[0].port" in at(app, "status.operationState.message")
    assert len(await scene.events("OperationCompleted")) == 1


async def test_a_failed_sync_is_healed_when_the_cause_is_gone(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    later = f"later-{scene.token}"
    app = scene.an_app(self_heal=True, create_namespace=False)
    app["spec"]["destination"]["namespace"] = later
    await scene.create(app)
    failed = await scene.sync_ended("Failed")
    assert later in at(failed, "status.operationState.message")
    await scene.create(namespace(later))
    await scene.synced()


async def test_a_namespace_and_its_content_in_one_sync(scene: Scene) -> None:
    new = f"new-{scene.token}"
    inside = {**config_map("settings", wave=-5)}
    inside["metadata"]["namespace"] = new
    scene.repo.commit(files("app", inside, namespace(new)))
    await scene.create(scene.an_app())
    await scene.synced()
    assert await scene.get("ConfigMap", "settings", namespace=new) is not None


async def test_a_definition_and_its_object_in_one_sync(scene: Scene) -> None:
    group = f"g{scene.token}.example.com"
    widget = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 1}}
    globe = {"apiVersion": f"{group}/v1alpha1", "kind": "Globe", "metadata": {"name": "earth"}, "spec": {"size": 1}}
    scene.repo.commit(files("app", widget, globe, crd("Widget", group), crd("Globe", group, scope="Cluster")))
    await scene.create(scene.an_app(self_heal=True))
    app = await scene.synced()
    assert conditions(app) == {}
    assert await scene.get(f"{group}/Widget", "one") is not None
    assert await scene.get(f"{group}/Globe", "earth") is not None
    await scene.delete(f"{group}/Widget", "one")
    await scene.event("DriftDetected", "Widget", "was deleted")
    await scene.there(f"{group}/Widget", "one")


async def test_a_deleted_definition_comes_back_with_its_objects(scene: Scene) -> None:
    group = f"g{scene.token}.example.com"
    widget = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 1}}
    scene.repo.commit(files("app", widget, crd("Widget", group)))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    before = await scene.there(f"{group}/Widget", "one")
    await scene.delete("apiextensions.k8s.io/CustomResourceDefinition", f"widgets.{group}")
    await scene.event("DriftDetected", "CustomResourceDefinition", "was deleted")
    await scene.there(f"{group}/Widget", "one", lambda seen: seen["metadata"]["uid"] != before["metadata"]["uid"])
    await scene.synced()


async def test_the_history_is_trimmed(scene: Scene) -> None:
    await scene.create(scene.an_app(spec={"revisionHistoryLimit": 2}))
    for number in range(4):
        scene.repo.commit(files("app", config_map("settings", {"key": str(number)})))
        await scene.refresh()
        app = await scene.synced()
    assert [entry["id"] for entry in at(app, "status.history")] == [2, 3]
    assert at(app, "status.history")[-1]["revision"] == scene.repo.sha()


async def test_several_sources(scene: Scene) -> None:
    sha = scene.repo.commit({**files("one", config_map("first")), **files("two", config_map("second"))})
    source = {"repoURL": scene.repo.url, "targetRevision": "main"}
    app = scene.an_app()
    del app["spec"]["source"]
    app["spec"]["sources"] = [{**source, "path": "one"}, {**source, "path": "two"}]
    await scene.create(app)
    done = await scene.app_until(lambda app: at(app, "status.sync.status") == "Synced" and "operation" not in app)
    assert at(done, "status.sync.revisions") == [sha, sha]
    assert "revision" not in at(done, "status.sync")
    assert at(done, "status.history")[0]["revisions"] == [sha, sha]
    assert {"first", "second"} <= await scene.names("ConfigMap")


async def test_a_changed_destination_takes_the_objects_along(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app())
    await scene.synced()
    elsewhere = f"elsewhere-{scene.token}"
    await scene.edit({"spec": {"destination": {"namespace": elsewhere}}})
    await scene.app_until(lambda app: at(app, "status.sync.comparedTo.destination.namespace") == elsewhere)
    await scene.gone("ConfigMap", "settings")
    assert await scene.get("ConfigMap", "settings", namespace=elsewhere) is not None


async def test_health_follows_the_objects(scene: Scene) -> None:
    scene.repo.commit(files("app", workflow("work"), config_map("settings")))
    await scene.create(scene.an_app())
    app = await scene.app_until(lambda app: at(app, "status.health.status") == "Progressing")
    await scene.end("work", "Failed")
    app = await scene.app_until(lambda app: at(app, "status.health.status") == "Degraded")
    assert "work" in at(app, "status.health.message")
    await scene.end("work", "Succeeded")
    app = await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")
    assert "message" not in at(app, "status.health")


async def test_json_and_lists_are_files_too(scene: Scene) -> None:
    both = {"apiVersion": "v1", "kind": "List", "items": [config_map("a"), config_map("b")]}
    scene.repo.commit({"app/both.json": json.dumps(both)})
    await scene.create(scene.an_app())
    await scene.synced()
    assert {"a", "b"} <= await scene.names("ConfigMap")
