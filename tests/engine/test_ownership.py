"""Who owns a field: conflicts with other managers, and the takeover from `kubectl apply` and Argo CD."""

import json

from tests.engine.objects import annotated, config_map, deployment, files
from tests.engine.world import Scene, at
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER, LAST_APPLIED, TRACKING_ID


def managers(live: Manifest) -> set[tuple[str, str]]:
    return {(e["manager"], e["operation"]) for e in live["metadata"]["managedFields"] if not e.get("subresource")}


async def test_what_git_says_wins_over_another_manager(scene: Scene) -> None:
    await scene.apply(config_map("settings", {"shared": "theirs", "own": "theirs"}), by="operator")
    scene.repo.commit(files("app", config_map("settings", {"shared": "ours"})))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"shared": "ours", "own": "theirs"}
    await scene.apply(config_map("settings", {"shared": "theirs"}), by="operator", force=True)
    await scene.event("DriftDetected", "data.shared", "'ours' → 'theirs'", "by operator")
    await scene.there("ConfigMap", "settings", lambda seen: seen["data"]["shared"] == "ours")
    await scene.synced()


async def test_a_field_that_both_managers_want_alike_is_no_difference(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1"})))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    async with scene.no_writes():
        changed = await scene.apply(config_map("settings", {"a": "1"}), by="operator")
        await scene.noticed("ConfigMap", "settings", changed)
    assert at(await scene.app(), "status.sync.status") == "Synced"


async def test_kubectl_apply_is_taken_over(scene: Scene) -> None:
    await scene.apply_client_side(config_map("settings", {"kept": "1", "dropped": "1"}))
    await scene.patch("ConfigMap", "settings", {"data": {"other": "1"}}, by="operator")
    scene.repo.commit(files("app", config_map("settings", {"kept": "1"})))
    await scene.create(scene.an_app())
    await scene.synced()
    live = await scene.there("ConfigMap", "settings")
    assert live["data"] == {"kept": "1", "other": "1"}
    assert LAST_APPLIED not in live["metadata"]["annotations"]
    assert managers(live) == {(FIELD_MANAGER, "Apply"), ("operator", "Update")}


async def test_a_deployment_is_taken_over_with_its_lists(scene: Scene) -> None:
    before = deployment("web", replicas=0)
    container = before["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "KEPT", "value": "1"}, {"name": "DROPPED", "value": "1"}]
    await scene.apply_client_side(json.loads(json.dumps(before)))
    container["env"].pop()
    scene.repo.commit(files("app", before))
    await scene.create(scene.an_app())
    await scene.synced()
    live = await scene.there("apps/Deployment", "web")
    assert live["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "KEPT", "value": "1"}]


async def adopted(scene: Scene, by: str) -> Manifest:
    """An application over an object that a client-side apply made, with our tracking, equal to Git."""
    tracking = f"{scene.named()}:/ConfigMap:{scene.place}/settings"
    made = await scene.apply_client_side(annotated(config_map("settings"), **{TRACKING_ID: tracking}), by=by)
    scene.repo.commit(files("app", config_map("settings")))
    async with scene.no_writes_to_objects():
        await scene.create(scene.an_app(self_heal=True))
        app = await scene.synced()
        await scene.refresh()
    assert await scene.there("ConfigMap", "settings") == made
    assert "operationState" not in app["status"]
    return app


async def test_what_kubectl_applied_and_equals_git_is_in_sync_untouched(scene: Scene) -> None:
    await adopted(scene, "kubectl-client-side-apply")


async def test_what_argo_cd_applied_and_equals_git_is_in_sync_untouched(scene: Scene) -> None:
    await adopted(scene, FIELD_MANAGER)
    scene.repo.commit(files("app", config_map("settings", {"other": "two"})))
    await scene.refresh()
    await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"other": "two"}


async def test_a_field_that_git_drops_vanishes(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "1", "b": "1"})))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.patch("ConfigMap", "settings", {"data": {"c": "1"}}, by="operator")
    scene.repo.commit(files("app", config_map("settings", {"a": "1"})))
    await scene.refresh()
    await scene.synced()
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"a": "1", "c": "1"}


async def test_an_object_that_was_there_before_is_adopted(scene: Scene) -> None:
    made = await scene.create(config_map("settings", {"a": "1", "extra": "1"}))
    scene.repo.commit(files("app", config_map("settings", {"a": "1"})))
    await scene.create(scene.an_app())
    await scene.synced()
    live = await scene.there("ConfigMap", "settings")
    assert live["metadata"]["uid"] == made["metadata"]["uid"]
    assert live["data"] == {"a": "1", "extra": "1"}
    assert TRACKING_ID in live["metadata"]["annotations"]
