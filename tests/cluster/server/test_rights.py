"""What is installed: with exactly those rights everything works, and without one of them it is said which."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.installation import RIGHTS, Installation
from tests.engine.objects import config_map, deployment, files, job
from tests.engine.world import CALM, at, conditions, until
from tests.server.desk import Desk, a_desk, quoted
from tests.server.live.looking import of
from tools.controlplane.run import ControlPlane
from trimtab.clock import SystemClock
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import leading
from trimtab.kube.config import ClusterConfig
from trimtab.kube.errors import Forbidden
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_SERVER
from trimtab.server.listening import Options
from trimtab.server.operation import AnyOperation
from trimtab.server.operations import OPERATIONS
from trimtab.settings import Settings

READ = ["get", "list", "watch"]
WRITE = ["create", "update", "patch", "delete"]
NARROW = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": READ},
    {"apiGroups": ["", "batch"], "resources": ["configmaps", "cronjobs"], "verbs": WRITE},
]
"""A controller that may apply ConfigMaps and CronJobs, and nothing else."""
NIGHTLY: Manifest = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly"},
    "spec": {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": job("nightly")["spec"]}},
}
ALONE = Options(port=0, controller=False)


@pytest.fixture
async def desk(api: ClusterConfig, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with accounts whose server has not been started."""
    async with a_desk(api, tmp_path) as desk:
        await desk.prepare()
        yield desk


@pytest.fixture
def installation(control_plane: ControlPlane, desk: Desk) -> Installation:
    return Installation(control_plane, desk.control, desk.folder)


async def test_serve_works_with_exactly_its_rights(desk: Desk, installation: Installation, refused: list[str]) -> None:
    installation.grant(controller=NARROW)
    desk.config = installation.account("trimtab")
    await desk.start()
    await _sync_through_the_api(desk)
    await desk.stop()
    assert refused == []


async def test_controller_and_server_work_apart(desk: Desk, installation: Installation, refused: list[str]) -> None:
    installation.grant(controller=NARROW)
    desk.config = installation.account("trimtab-server")
    await desk.start(options=ALONE)
    cache = desk.folder / "controller"
    settings = Settings(namespace=desk.control, cache=cache, poll=3600.0, jitter=0.0, calm=CALM)
    async with (
        open_world(installation.account("trimtab-controller"), settings, clock=SystemClock()) as world,
        leading(lambda: keeping(world), world.clusters.home.transport, namespace=desk.control, identity="controller"),
    ):
        await _sync_through_the_api(desk)
        await world.recorder.flush()
    await desk.stop()
    assert refused == []


async def _sync_through_the_api(desk: Desk) -> None:
    """An application's life, and everything that can be asked meanwhile."""
    desk.repo.commit(files("app", config_map("settings"), NIGHTLY))
    await _well(desk, "POST", "/api/v1/applications", desk.an_app(auto_sync=False, create_namespace=False))
    path = f"/api/v1/applications/{desk.named()}"
    await _well(desk, "POST", f"{path}/sync", {})
    await desk.sync_ended("Succeeded")
    assert (await desk.there("ConfigMap", "settings"))["data"] == {"key": "one"}
    readings = [one for one in OPERATIONS if one.method == "GET" and one.path.startswith("/api/v1/")]
    assert readings
    for operation in readings:
        await _asked(desk, operation)
    await _change_objects(desk)
    await _configure(desk)
    await _well(desk, "DELETE", path)
    await desk.gone("batch/CronJob", "nightly")


async def _well(desk: Desk, method: str, path: str, body: Any = None) -> Any:
    answer = await desk.call(method, path, json=body)
    assert answer.status == 200, (method, path, answer)
    return answer.body


async def _asked(desk: Desk, operation: AnyOperation) -> None:
    """Every reading operation but the streams, about things that are there. It need not like the question."""
    if "/stream/" in operation.path:
        return
    _, _, _, noun, *rest = operation.path.split("/")
    names = {"applications": desk.named(), "projects": "default", "account": "admin"}
    values = dict.fromkeys(("name", "appName", "applicationName"), names.get(noun, "none"))
    values |= {"id.value": IN_CLUSTER_SERVER, "repo": desk.repo.url, "revision": desk.repo.sha()}
    path = re.sub(r"\{([^}]+)\}", lambda found: quoted(values.get(found[1], "none")), operation.path)
    query = of(desk, "ConfigMap", "settings") if "resource" in rest else {}
    answer = await desk.call("GET", path, **query)
    assert answer.status < 500 or answer.status == 501, (path, answer)


async def _change_objects(desk: Desk) -> None:
    """What people do to the objects of an application by the API."""
    resource = f"/api/v1/applications/{desk.named()}/resource"
    settings, nightly = of(desk, "ConfigMap", "settings"), of(desk, "CronJob", "nightly", "batch")
    patch = json.dumps({"data": {"key": "two"}})
    changed = await desk.call("POST", resource, json=patch, patchType="application/merge-patch+json", **settings)
    assert changed.status == 200, changed
    made = await desk.call("POST", f"{resource}/actions", json="create-job", **nightly)
    assert made.status == 200, made
    await until(lambda: desk.list("batch/Job"), bool)
    deleted = await desk.call("DELETE", resource, **settings)
    assert deleted.status == 200, deleted
    await desk.gone("ConfigMap", "settings")


async def _configure(desk: Desk) -> None:
    """What people change by the API, each in its own ConfigMap, Secret or AppProject."""
    project = {"metadata": {"name": "team"}, "spec": {"sourceRepos": ["*"], "destinations": []}}
    await _well(desk, "POST", "/api/v1/projects", {"project": project})
    await _well(desk, "DELETE", "/api/v1/projects/team")
    await _well(desk, "POST", "/api/v1/repositories", {"repo": desk.repo.url})
    await _well(desk, "DELETE", f"/api/v1/repositories/{quoted(desk.repo.url)}")
    made = await _well(desk, "POST", "/api/v1/account/ada/token", {"id": "one"})
    assert made["token"]
    await _well(desk, "DELETE", "/api/v1/account/ada/token/one")


async def test_what_git_declares_and_the_controller_may_not_is_said(desk: Desk, installation: Installation) -> None:
    installation.grant(controller=NARROW)
    desk.config = installation.account("trimtab")
    await desk.start()
    desk.repo.commit(files("app", config_map("settings"), deployment("web")))
    await desk.create(desk.an_app(create_namespace=False))
    app = await desk.sync_ended("Failed")
    told = json.dumps([at(app, "status.operationState"), conditions(app)])
    assert "Deployment" in told
    assert "forbidden" in told
    assert installation.user("trimtab") in told


async def test_without_the_right_to_the_lease_nobody_acts_and_the_log_says_why(
    desk: Desk, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    installation.grant()
    desk.config = installation.account("trimtab-server")
    await desk.start()

    async def said() -> str:
        return caplog.text

    text = await until(said, lambda text: "Lease trimtab-controller" in text)
    assert "forbidden" in text
    assert installation.user("trimtab-server") in text


def test_the_server_alone_cannot_be_turned_against_the_cluster(desk: Desk, installation: Installation) -> None:
    installation.grant()
    for verb, *what in (
        ("create", "deployments.apps"),
        ("create", "pods"),
        ("update", "jobs.batch"),
        ("create", "pods/exec"),
        ("create", "pods/attach"),
        ("create", "pods/portforward"),
        ("create", "serviceaccounts/token"),
        ("create", "secrets"),
        ("update", "secrets"),
        ("create", "rolebindings.rbac.authorization.k8s.io"),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
        ("bind", "clusterroles.rbac.authorization.k8s.io"),
        ("escalate", "clusterroles.rbac.authorization.k8s.io"),
        ("impersonate", "users"),
        ("approve", "signers.certificates.k8s.io"),
        ("deletecollection", "namespaces"),
        ("create", "/metrics"),
    ):
        assert not installation.may("trimtab-server", verb, *what, namespace=desk.place), (verb, what)
    assert installation.may("trimtab-server", "get", "pods/log", namespace=desk.place)
    assert installation.may("trimtab-server", "delete", "pods", namespace=desk.place)
    assert installation.may("trimtab-server", "update", "secrets", namespace=desk.control)
    assert installation.may("trimtab-controller", "create", "deployments.apps", namespace=desk.place)


def test_the_controller_s_role_writes_no_configuration(desk: Desk, installation: Installation) -> None:
    installation.grant(controller=NARROW[:1])
    for verb, what in (
        ("patch", "secrets"),
        ("patch", "configmaps"),
        ("patch", "configmap/argocd-cm"),
        ("create", "applications.argoproj.io"),
    ):
        assert not installation.may("trimtab-controller", verb, what, namespace=desk.control), (verb, what)
    known_hosts = "configmap/argocd-ssh-known-hosts-cm"
    assert installation.may("trimtab-controller", "patch", known_hosts, namespace=desk.control)


@pytest.mark.parametrize("insecure", [False, True], ids=["tls", "insecure"])
async def test_pods_run_where_only_restricted_ones_may(desk: Desk, installation: Installation, insecure: bool) -> None:
    await desk.patch("Namespace", desk.control, {"metadata": {"labels": RESTRICTED}})
    installation.apply(installation.objects(insecure=insecure, trusted_proxies=("10.0.0.0/8",), pull_secret="pull"))
    await until(lambda: desk.list("Pod", namespace=desk.control), lambda pods: len(pods) == 2)
    ready = await until(
        lambda: desk.get("apps/Deployment", "trimtab", namespace=desk.control),
        lambda seen: at(seen, "status.readyReplicas") == 2,
    )
    assert ready is not None


async def test_pods_that_ask_for_more_are_refused_there(desk: Desk, installation: Installation) -> None:
    """So the label means something, and the test before, too."""
    await desk.patch("Namespace", desk.control, {"metadata": {"labels": RESTRICTED}})
    (deployment,) = installation.objects("Deployment")
    pod = {**deployment["spec"]["template"], "apiVersion": "v1", "kind": "Pod"}
    pod["metadata"] = {**pod["metadata"], "name": "one", "namespace": desk.control}
    installation.apply(installation.objects(*RIGHTS))
    await desk.create(pod)
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(Forbidden, match="capabilities"):
        await desk.create({**pod, "metadata": {**pod["metadata"], "name": "two"}})


RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
