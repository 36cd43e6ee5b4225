"""What is installed: with exactly those rights everything works, and without one of them it is said which."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.installation import RIGHTS, Installation
from tests.cluster.server.story import NARROW, READ, WRITE, apart, whole_story
from tests.engine.objects import config_map, deployment, files
from tests.engine.world import at, conditions, until
from tests.server.desk import Desk, a_desk
from tools.controlplane.run import ControlPlane
from trimtab.kube.config import ClusterConfig
from trimtab.kube.errors import Forbidden


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
    await whole_story(desk)
    await desk.stop()
    assert refused == []


async def test_controller_and_server_work_apart(desk: Desk, installation: Installation, refused: list[str]) -> None:
    installation.grant(controller=NARROW)
    async with apart(desk, installation):
        await whole_story(desk)
    assert refused == []


@pytest.mark.parametrize("verbs", [["*"], [*READ, *WRITE]], ids=["any verb", "reading and writing"])
async def test_any_role_can_be_declared_by_whoever_may_escalate(
    desk: Desk, installation: Installation, verbs: list[str]
) -> None:
    installation.grant(controller=[{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}])
    desk.config = installation.account("trimtab")
    await desk.start()
    name = f"metrics-{desk.token}"
    role = {"kind": "ClusterRole", "rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]}
    desk.repo.commit(files("app", {"apiVersion": "rbac.authorization.k8s.io/v1", **role, "metadata": {"name": name}}))
    await desk.create(desk.an_app(create_namespace=False))
    app = await desk.sync_ended("Succeeded" if verbs == ["*"] else "Failed")
    if verbs != ["*"]:
        assert "attempting to grant RBAC permissions not currently held" in json.dumps(at(app, "status.operationState"))


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
    assert installation.may("trimtab-server", "patch", "secrets", namespace=desk.control)
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
