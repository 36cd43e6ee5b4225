"""What a project does not permit is not done: sources, destinations, kinds, and times."""

import json
from typing import Any

import pytest
from msgspec import convert

from tests.engine.objects import config_map, deployment, drop, files, job, workflow
from tests.engine.test_deletion import app_gone, delete_app
from tests.engine.world import Scene, at, conditions, result_of
from trimtab.clock import StepClock
from trimtab.controller.projects import PROJECT_SECONDS, SETTINGS_SECONDS, Projects
from trimtab.errors import Stalled
from trimtab.model.application import Application
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP

OPEN: dict[str, Any] = {
    "sourceRepos": ["*"],
    "destinations": [{"server": "*", "namespace": "*"}],
    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
}
ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
DENY, ALLOW = {"kind": "deny", **ALWAYS}, {"kind": "allow", **ALWAYS}
NEVER = {"kind": "allow", "schedule": "0 0 1 1 *", "duration": "1s", "applications": ["*"]}


def a_project(scene: Scene, **spec: Any) -> Manifest:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "team", "namespace": scene.control},
        "spec": {**OPEN, **spec},
    }


def in_team(scene: Scene, **given: Any) -> Manifest:
    return scene.an_app(spec={"project": "team"}, **given)


def settings(scene: Scene, text: str) -> Manifest:
    manifest = config_map("argocd-cm", {"globalProjects": text})
    return {**manifest, "metadata": {"name": "argocd-cm", "namespace": scene.control}}


async def permit(scene: Scene, **spec: Any) -> None:
    """Change the project."""
    await scene.patch("AppProject", "team", {"spec": spec}, namespace=scene.control)


async def test_an_application_that_its_project_permits_is_synced(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    repositories = [scene.repo.url, "!https://secret.example/*"]
    destinations = [{"name": "in-cluster", "namespace": scene.place}, {"server": "*", "namespace": "!kube-*"}]
    await scene.create(a_project(scene, sourceRepos=repositories, destinations=destinations))
    await scene.create(in_team(scene))
    await scene.synced()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"sourceRepos": ["https://other.example/*"]},
            "is not permitted in project team; add it to the project's sourceR",
        ),
        ({"sourceRepos": ["*", "!REPOSITORY"]}, "is denied by sourceRepos"),
        (
            {"destinations": [{"server": "*", "namespace": "other"}]},
            "is not permitted in project team; add it to the p",
        ),
        (
            {"destinations": [{"server": "*", "namespace": "*"}, {"name": "!in-cluster", "namespace": "*"}]},
            "is denied by",
        ),
        ({"permitOnlyProjectScopedClusters": True}, "permits its own clusters only"),
    ],
)
async def test_one_that_it_does_not_permit_is_left_alone_until_it_does(
    scene: Scene, spec: dict[str, Any], says: str
) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    spec = json.loads(json.dumps(spec).replace("REPOSITORY", scene.repo.url))
    await scene.create(a_project(scene, **spec))
    await scene.create(in_team(scene))
    app = await scene.app_until(lambda app: "InvalidSpecError" in conditions(app))
    assert says in conditions(app)["InvalidSpecError"]
    assert at(app, "status.sync.status") == "Unknown"
    await scene.operate({"sync": {}})
    ended = await scene.sync_ended("Failed")
    assert says in at(ended, "status.operationState.message")
    assert await scene.get("ConfigMap", "settings") is None
    await permit(scene, **OPEN, permitOnlyProjectScopedClusters=False)
    await scene.synced()


async def test_a_project_may_have_clusters_of_its_own(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, permitOnlyProjectScopedClusters=True))
    await scene.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "home",
                "namespace": scene.control,
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": "in-cluster", "server": "https://kubernetes.default.svc", "project": "team"},
        }
    )
    await scene.create(in_team(scene))
    await scene.synced()


async def test_a_sync_with_sources_that_are_not_permitted_fails(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, sourceRepos=[scene.repo.url]))
    await scene.create(in_team(scene, auto_sync=False))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {"source": {"repoURL": "https://other.example/shop", "path": "app"}}})
    ended = await scene.sync_ended("Failed")
    assert "source https://other.example/shop is not permitted" in at(ended, "status.operationState.message")


async def test_a_kind_that_is_not_permitted_fails_the_sync_before_anything_is_applied(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), deployment("web")))
    await scene.create(a_project(scene, namespaceResourceBlacklist=[{"group": "apps", "kind": "*"}]))
    await scene.create(in_team(scene))
    ended = await scene.sync_ended("Failed")
    message = "apps/Deployment is denied by namespaceResourceBlacklist of project team"
    assert at(ended, "status.operationState.message") == (
        f"nothing was applied: apps/Deployment {scene.place}/web: {message}"
    )
    assert (result_of(ended, "web")["status"], result_of(ended, "web")["message"]) == ("SyncFailed", message)
    assert await scene.get("ConfigMap", "settings") is None
    await permit(scene, namespaceResourceBlacklist=[])
    await scene.operate({"sync": {}})
    await scene.synced()


async def test_a_hook_of_a_kind_that_is_not_permitted_fails_it_too(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), job("migrate", hook="PreSync")))
    await scene.create(a_project(scene, namespaceResourceWhitelist=[{"group": "", "kind": "ConfigMap"}]))
    await scene.create(in_team(scene))
    ended = await scene.sync_ended("Failed")
    assert "batch/Job is not permitted in project team" in at(ended, "status.operationState.message")
    assert await scene.names("ConfigMap") <= {"kube-root-ca.crt"}
    assert await scene.names("batch/Job") == set()


async def test_an_object_in_a_namespace_that_is_not_permitted_fails_it_too(scene: Scene) -> None:
    elsewhere = config_map("elsewhere")
    elsewhere["metadata"]["namespace"] = scene.control
    scene.repo.commit(files("app", config_map("settings"), elsewhere))
    await scene.create(a_project(scene, destinations=[{"server": "*", "namespace": scene.place}]))
    await scene.create(in_team(scene))
    ended = await scene.sync_ended("Failed")
    assert f"namespace {scene.control} of in-cluster is not permitted" in result_of(ended, "elsewhere")["message"]
    assert await scene.get("ConfigMap", "elsewhere", namespace=scene.control) is None


async def test_without_a_word_on_cluster_scoped_kinds_there_are_none_but_the_namespace_asked_for(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, clusterResourceWhitelist=[]))
    await scene.create(in_team(scene))
    await scene.synced()
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": scene.named()}}
    scene.repo.commit(files("app", {**role, "rules": []}, config_map("settings", {"key": "two"})))
    await scene.refresh()
    ended = await scene.sync_ended("Failed")
    assert "clusterResourceWhitelist" in at(ended, "status.operationState.message")
    assert await scene.get("rbac.authorization.k8s.io/ClusterRole", scene.named()) is None


async def test_what_is_not_permitted_any_more_is_neither_pruned_nor_removed_with_the_application(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), deployment("web")))
    await scene.create(a_project(scene))
    await scene.create(in_team(scene, cascade=True))
    await scene.synced()
    scene.repo.commit(drop("app/deployment-web.yaml"))
    await permit(scene, namespaceResourceBlacklist=[{"group": "apps", "kind": "*"}])
    await scene.refresh()
    await scene.synced()
    assert not [r for r in at(await scene.app(), "status.resources") if r["kind"] == "Deployment"]
    assert await scene.events("DriftDetected") == []
    await delete_app(scene)
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is None
    assert await scene.get("apps/Deployment", "web") is not None


async def test_a_project_that_is_gone_holds_the_deletion_up_until_it_is_back(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene))
    await scene.create(in_team(scene, cascade=True))
    await scene.synced()
    await scene.delete("AppProject", "team", namespace=scene.control)
    await scene.app_until(lambda app: "InvalidSpecError" in conditions(app))
    await delete_app(scene)
    app = await scene.app_until(lambda app: "DeletionError" in conditions(app))
    assert "project team does not exist" in conditions(app)["DeletionError"]
    assert await scene.get("ConfigMap", "settings") is not None
    await scene.create(a_project(scene))
    await app_gone(scene)
    assert await scene.get("ConfigMap", "settings") is None


async def test_a_global_project_restricts_those_that_it_selects(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), deployment("web")))
    base = a_project(scene, namespaceResourceBlacklist=[{"group": "apps", "kind": "Deployment"}])
    await scene.create({**base, "metadata": {"name": "base", "namespace": scene.control}})
    selected = a_project(scene)
    selected["metadata"]["labels"] = {"restricted": "yes"}
    await scene.create(selected)
    selector = "{matchExpressions: [{key: restricted, operator: Exists}]}"
    await scene.create(settings(scene, f"- projectName: base\n  labelSelector: {selector}\n"))
    await scene.create(in_team(scene))
    ended = await scene.sync_ended("Failed")
    assert "apps/Deployment is denied" in at(ended, "status.operationState.message")
    await scene.patch("AppProject", "base", {"spec": {"namespaceResourceBlacklist": []}}, namespace=scene.control)
    await scene.operate({"sync": {}})
    await scene.synced()


async def test_a_window_holds_automated_sync_until_it_opens(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, syncWindows=[NEVER]))
    await scene.create(in_team(scene))
    app = await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.settled()
    assert "operation" not in app
    assert await scene.get("ConfigMap", "settings") is None
    await permit(scene, syncWindows=[NEVER, ALLOW])
    await scene.synced()


async def test_a_person_waits_for_the_window_too_but_where_it_says_otherwise(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, syncWindows=[DENY]))
    await scene.create(in_team(scene, auto_sync=False))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {}})
    app = await scene.app_until(lambda app: at(app, "status.operationState.message"))
    assert at(app, "status.operationState.phase") == "Running"
    assert at(app, "status.operationState.message").startswith('Sync operation is blocked by deny window "* * * * *"')
    await scene.settled()
    assert await scene.get("ConfigMap", "settings") is None
    await permit(scene, syncWindows=[{**DENY, "manualSync": True}])
    ended = await scene.sync_ended("Succeeded")
    assert at(ended, "status.sync.status") == "Synced"
    assert await scene.event("OperationStarted", "ada initiated sync")


async def test_a_sync_that_waits_for_a_window_is_not_failed_by_a_repository_that_fails_meanwhile(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, syncWindows=[DENY]))
    await scene.create(in_team(scene, auto_sync=False))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {}})
    await scene.app_until(lambda app: "blocked" in (at(app, "status.operationState.message") or ""))
    await scene.edit({"spec": {"source": {"repoURL": "http://127.0.0.1:1/gone.git"}}})
    app = await scene.app_until(conditions)
    await scene.settled()
    assert at(app, "status.operationState.phase") == "Running"
    await scene.edit({"spec": {"source": {"repoURL": scene.repo.url}}})
    await permit(scene, syncWindows=[])
    await scene.sync_ended("Succeeded")


async def test_a_sync_that_waits_for_a_window_can_be_stopped(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, syncWindows=[DENY]))
    await scene.create(in_team(scene, auto_sync=False))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {}})
    await scene.app_until(lambda app: "blocked" in (at(app, "status.operationState.message") or ""))
    await scene.edit({"status": {"operationState": {"phase": "Terminating"}}})
    ended = await scene.sync_ended("Failed")
    assert at(ended, "status.operationState.message") == "Operation terminated"


@pytest.mark.parametrize("overrun", [False, True])
async def test_a_sync_that_a_window_overtakes_stops_or_goes_on_as_it_says(scene: Scene, *, overrun: bool) -> None:
    scene.repo.commit(files("app", workflow("first", wave=0), config_map("second", wave=1)))
    await scene.create(a_project(scene))
    await scene.create(in_team(scene))
    await scene.there("argoproj.io/Workflow", "first")
    await scene.app_until(lambda app: "waiting" in (at(app, "status.operationState.message") or ""))
    await permit(scene, syncWindows=[{**DENY, "syncOverrun": overrun}])
    if not overrun:
        await scene.refresh()
        await scene.app_until(lambda app: "blocked" in (at(app, "status.operationState.message") or ""))
    await scene.end("first", "Succeeded")
    if not overrun:
        await scene.noticed("argoproj.io/Workflow", "first", await scene.there("argoproj.io/Workflow", "first"))
        assert await scene.get("ConfigMap", "second") is None
        await permit(scene, syncWindows=[])
    await scene.sync_ended("Succeeded")
    assert await scene.get("ConfigMap", "second") is not None


async def test_a_window_that_cannot_be_read_lets_nobody_sync(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene, syncWindows=[{**ALLOW, "schedule": "at noon", "manualSync": True}]))
    await scene.create(in_team(scene))
    await scene.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    await scene.operate({"sync": {}})
    app = await scene.app_until(lambda app: at(app, "status.operationState.message"))
    assert "schedule 'at noon' of a sync window is no cron line" in at(app, "status.operationState.message")


async def test_projects_are_followed_and_not_asked_for(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(a_project(scene))
    await scene.create(in_team(scene))
    await scene.synced()
    with scene.listening() as asked:
        await permit(scene, description="of the shop")
        await scene.refresh()
        await scene.settled()
    assert asked, "the annotation is taken off"
    assert not [one for one in asked if "AppProject" in one], asked


async def test_global_projects_that_cannot_be_read_stop_everything_rather_than_let_it_pass(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(settings(scene, "projectName: base"))
    await scene.create(a_project(scene))
    await scene.create(in_team(scene))
    app = await scene.app_until(lambda app: "InvalidSpecError" in conditions(app))
    assert "globalProjects of argocd-cm cannot be read" in conditions(app)["InvalidSpecError"]
    await scene.patch("ConfigMap", "argocd-cm", {"data": {"globalProjects": "[]"}}, namespace=scene.control)
    await scene.refresh()
    await scene.synced()


async def test_what_can_be_read_of_global_projects_last_stays_in_force(resting: Scene) -> None:
    clock = StepClock()
    projects = Projects(resting.transport, resting.discovery, namespace=resting.control, clock=clock)
    app = convert(in_team(resting), Application)
    base = a_project(resting, sourceRepos=["https://base.example"])
    await resting.create({**base, "metadata": {"name": "base", "namespace": resting.control}})
    await resting.create(a_project(resting))
    await resting.create(settings(resting, "- {projectName: base, labelSelector: {}}"))
    for text in ("[", "{a: 1}", "- 3"):
        assert (await projects.limits(app)).project.spec.source_repos == ("*", "https://base.example")
        body = {"data": {"globalProjects": text}}
        await resting.patch("ConfigMap", "argocd-cm", body, namespace=resting.control)
        clock.step(SETTINGS_SECONDS)
    await resting.patch("ConfigMap", "argocd-cm", {"data": {"globalProjects": ""}}, namespace=resting.control)
    clock.step(SETTINGS_SECONDS)
    assert (await projects.limits(app)).project.spec.source_repos == ("*",)


async def test_without_following_projects_are_a_moment_old_at_most(resting: Scene) -> None:
    clock = StepClock()
    projects = Projects(resting.transport, resting.discovery, namespace=resting.control, clock=clock)
    app = convert(in_team(resting), Application)
    with pytest.raises(Stalled, match="project team does not exist"):
        await projects.check(app)
    await resting.create(a_project(resting))
    await projects.check(app)
    await permit(resting, sourceRepos=[])
    clock.step(PROJECT_SECONDS)
    with pytest.raises(Stalled, match="is not permitted in project team"):
        await projects.check(app)
