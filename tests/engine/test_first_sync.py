"""The first sync of each kind of source, and what the Application says afterwards."""

import json

from tests.engine.objects import config_map, deployment, files, service
from tests.engine.world import Scene, at, result_of
from trimtab.model.names import TRACKING_ID


async def test_plain_manifests(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"colour": "blue"}), service("web")))
    await scene.create(scene.an_app())
    await scene.synced()
    settings = await scene.get("ConfigMap", "settings")
    assert settings is not None
    assert settings["data"] == {"colour": "blue"}
    assert settings["metadata"]["annotations"] == {TRACKING_ID: f"{scene.named()}:/ConfigMap:{scene.place}/settings"}
    assert (await scene.get("Service", "web")) is not None


async def test_kustomize(scene: Scene) -> None:
    kustomization = {
        "namePrefix": "blue-",
        "resources": ["../base"],
        "configMapGenerator": [{"name": "made", "literals": ["a=b"]}],
    }
    scene.repo.commit(
        {
            **files("base", config_map("settings")),
            "base/kustomization.yaml": "resources: [configmap-settings.yaml]",
            "app/kustomization.yaml": json.dumps(kustomization),
        }
    )
    await scene.create(scene.an_app())
    app = await scene.synced()
    assert at(app, "status.sourceType") == "Kustomize"
    assert "blue-settings" in await scene.names("ConfigMap")
    assert any(name.startswith("blue-made-") for name in await scene.names("ConfigMap"))


async def test_helm(scene: Scene) -> None:
    template = config_map("{{ .Release.Name }}", {"colour": "{{ .Values.colour }}"})
    scene.repo.commit(
        {
            "app/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            "app/values.yaml": "colour: blue\n",
            "app/templates/settings.yaml": json.dumps(template),
        }
    )
    helm = {"releaseName": "winter", "parameters": [{"name": "colour", "value": "white"}]}
    await scene.create(scene.an_app(source={"helm": helm}))
    app = await scene.synced()
    assert at(app, "status.sourceType") == "Helm"
    settings = await scene.get("ConfigMap", "winter")
    assert settings is not None
    assert settings["data"] == {"colour": "white"}


async def test_the_destination_namespace_is_created_where_asked_for(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    new = f"new-{scene.token}"
    app = scene.an_app()
    app["spec"]["destination"]["namespace"] = new
    await scene.create(app)
    done = await scene.synced()
    assert await scene.get("ConfigMap", "settings", namespace=new) is not None
    created = result_of(done, new)
    assert created["message"] == f"namespace/{new} created"
    assert (created["syncPhase"], created["status"]) == ("PreSync", "Synced")


async def test_the_status_has_the_fields_of_argo_cd_and_no_others(scene: Scene) -> None:
    sha = scene.repo.commit(files("app", service("web"), deployment("web", replicas=0)))
    await scene.create(scene.an_app(cascade=True))
    app = await scene.synced()
    app = await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")
    source = {"path": "app", "repoURL": scene.repo.url, "targetRevision": "HEAD"}
    destination = {"namespace": scene.place, "server": "https://kubernetes.default.svc"}
    status = app["status"]
    assert status["sync"] == {
        "comparedTo": {"destination": destination, "source": source},
        "revision": sha,
        "status": "Synced",
    }
    state = status["operationState"]
    started, finished = state.pop("startedAt"), state.pop("finishedAt")
    assert started <= finished
    results = state["syncResult"].pop("resources")
    assert state == {
        "message": "successfully synced (all tasks run)",
        "operation": {
            "initiatedBy": {"automated": True},
            "retry": {},
            "sync": {"prune": True, "revision": sha, "source": source, "syncOptions": ["CreateNamespace=true"]},
        },
        "phase": "Succeeded",
        "syncResult": {"revision": sha, "source": source},
    }
    common = {"namespace": scene.place, "status": "Synced", "syncPhase": "Sync", "version": "v1", "name": "web"}
    common["hookPhase"] = "Running"
    assert results == [
        {**common, "group": "", "kind": "Service", "message": "service/web created"},
        {
            **common,
            "group": "apps",
            "kind": "Deployment",
            "message": "deployment.apps/web created",
            "images": ["registry.example/web:1"],
        },
    ]
    assert status["history"] == [
        {
            "deployStartedAt": started,
            "deployedAt": finished,
            "id": 0,
            "initiatedBy": {"automated": True},
            "revision": sha,
            "source": source,
        }
    ]
    healthy = {"status": "Healthy"}
    plain = {"name": "web", "namespace": scene.place, "status": "Synced", "version": "v1"}
    assert status["resources"] == [
        {**plain, "kind": "Service", "health": healthy},
        {**plain, "kind": "Deployment", "group": "apps", "health": healthy},
    ]
    assert status["summary"] == {"images": ["registry.example/web:1"]}
    assert status["sourceType"] == "Directory"
    assert status["controllerNamespace"] == scene.control
    assert set(status["health"]) == {"status", "lastTransitionTime"}
    expected = {"sync", "operationState", "history", "resources", "summary", "sourceType", "controllerNamespace"}
    assert set(status) == expected | {"health", "reconciledAt"}
    assert "operation" not in app
