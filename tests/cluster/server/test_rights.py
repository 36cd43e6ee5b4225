"""The manifests of deploy/: with exactly those rights everything works, and without one of them it is said which."""

import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.objects import config_map, deployment, files, job
from tests.engine.world import CALM, at, conditions, until
from tests.server.desk import Desk, a_desk, quoted
from tests.server.live.looking import of
from tools.controlplane.run import ControlPlane
from tools.controlplane.users import kubeconfig
from trimtab.clock import SystemClock
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import leading
from trimtab.kube import errors, transport
from trimtab.kube.config import ClusterConfig, load
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_SERVER
from trimtab.server.listening import Options
from trimtab.server.operation import AnyOperation
from trimtab.server.operations import OPERATIONS
from trimtab.settings import Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
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


class Installation:
    """What deploy/ makes of a control namespace; its names carry a suffix, since ClusterRoles are everybody's."""

    def __init__(self, control_plane: ControlPlane, desk: Desk) -> None:
        self._control_plane = control_plane
        self._desk = desk
        self._suffix = f"-{desk.token}"

    def named(self, name: str) -> str:
        return f"{name}{self._suffix}"

    def apply(self, *patches: Manifest, folder: Path = DEPLOY) -> None:
        """`kubectl apply -k`, with `patches` (strategic merge) laid over the manifests."""
        overlay = self._desk.folder / "overlay"
        overlay.mkdir(exist_ok=True)
        wanted = {
            "namespace": self._desk.control,
            "nameSuffix": self._suffix,
            "resources": [os.path.relpath(folder, overlay)],
            "patches": [{"patch": json.dumps(patch)} for patch in patches],
        }
        (overlay / "kustomization.yaml").write_text(json.dumps(wanted))
        done = self._control_plane.kubectl("apply", "-k", str(overlay))
        assert done.returncode == 0, done.stderr

    def account(self, name: str) -> ClusterConfig:
        """How the ServiceAccount `name` reaches the API server, with a token as a Pod gets one."""
        path = f"/api/v1/namespaces/{self._desk.control}/serviceaccounts/{self.named(name)}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        token = self._control_plane.api.request("POST", path, request)["status"]["token"]
        authority = (self._control_plane.layout.folder / "ca.crt").read_bytes()
        file = self._desk.folder / f"{name}.kubeconfig"
        file.write_text(kubeconfig(server=self._control_plane.server, authority=authority, user=name, token=token))
        return load(file, None)

    def may(self, account: str, verb: str, *what: str, namespace: str = "") -> bool:
        """`kubectl auth can-i`."""
        user = f"system:serviceaccount:{self._desk.control}:{self.named(account)}"
        where = ("--namespace", namespace or self._desk.place)
        done = self._control_plane.kubectl("auth", "can-i", verb, *what, *where, "--as", user, "--quiet")
        return done.returncode == 0


@pytest.fixture
async def desk(api: ClusterConfig, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with accounts whose server has not been started."""
    async with a_desk(api, tmp_path) as desk:
        await desk.prepare()
        yield desk


@pytest.fixture
def installation(control_plane: ControlPlane, desk: Desk) -> Installation:
    return Installation(control_plane, desk)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every Forbidden that the API server answers to anybody in this process."""
    seen: list[str] = []
    real: Callable[..., Any] = errors.from_reply

    def noted(status: int, *args: Any, **more: Any) -> Any:
        error = real(status, *args, **more)
        if status == 403:
            seen.append(error.message)
        return error

    monkeypatch.setattr(transport, "from_reply", noted)
    return seen


def narrowed(rules: list[dict[str, list[str]]]) -> Manifest:
    """The controller's ClusterRole with other rules."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    return {**role, "metadata": {"name": "trimtab-controller"}, "rules": rules}


async def test_serve_works_with_exactly_its_rights(desk: Desk, installation: Installation, refused: list[str]) -> None:
    installation.apply(narrowed(NARROW), folder=DEPLOY / "rbac")
    desk.config = installation.account("trimtab")
    await desk.start()
    await _sync_through_the_api(desk)
    await desk.stop()
    assert refused == []


async def test_controller_and_server_work_apart(desk: Desk, installation: Installation, refused: list[str]) -> None:
    installation.apply(narrowed(NARROW), folder=DEPLOY / "rbac")
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
    installation.apply(narrowed(NARROW), folder=DEPLOY / "rbac")
    desk.config = installation.account("trimtab")
    await desk.start()
    desk.repo.commit(files("app", config_map("settings"), deployment("web")))
    await desk.create(desk.an_app(create_namespace=False))
    app = await desk.sync_ended("Failed")
    told = json.dumps([at(app, "status.operationState"), conditions(app)])
    assert "Deployment" in told
    assert "forbidden" in told
    assert installation.named("trimtab") in told


async def test_without_the_right_to_the_lease_nobody_acts_and_the_log_says_why(
    desk: Desk, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    installation.apply(folder=DEPLOY / "rbac")
    desk.config = installation.account("trimtab-server")
    await desk.start()

    async def said() -> str:
        return caplog.text

    text = await until(said, lambda text: "Lease trimtab-controller" in text)
    assert "forbidden" in text
    assert installation.named("trimtab-server") in text


def test_the_server_alone_cannot_be_turned_against_the_cluster(desk: Desk, installation: Installation) -> None:
    installation.apply(folder=DEPLOY / "rbac")
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
        assert not installation.may("trimtab-server", verb, *what), (verb, what)
    assert installation.may("trimtab-server", "get", "pods/log")
    assert installation.may("trimtab-server", "delete", "pods")
    control = desk.control
    assert installation.may("trimtab-server", "update", "secrets", namespace=control)
    assert installation.may("trimtab-controller", "create", "deployments.apps")


def test_the_controller_s_role_writes_no_configuration(desk: Desk, installation: Installation) -> None:
    installation.apply(narrowed(NARROW[:1]), folder=DEPLOY / "rbac")
    for verb, what in (("patch", "secrets"), ("patch", "configmaps"), ("create", "applications.argoproj.io")):
        assert not installation.may("trimtab-controller", verb, what, namespace=desk.control), (verb, what)


async def test_the_deployment_is_accepted_where_only_restricted_pods_are(
    desk: Desk, installation: Installation
) -> None:
    await desk.patch("Namespace", desk.control, {"metadata": {"labels": RESTRICTED}})
    installation.apply()
    await until(lambda: desk.list("Pod", namespace=desk.control), lambda pods: len(pods) == 2)
    ready = await until(
        lambda: desk.get("apps/Deployment", installation.named("trimtab"), namespace=desk.control),
        lambda seen: at(seen, "status.readyReplicas") == 2,
    )
    assert ready is not None
    (container,) = at(ready, "spec.template.spec.containers")
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
