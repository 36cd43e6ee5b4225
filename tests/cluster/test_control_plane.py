"""The control plane of the tests is what it says it is: a real Kubernetes, with real rights and fake Pods."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.controlplane.api import ApiError
from tools.controlplane.build import Programs
from tools.controlplane.commands import Settings
from tools.controlplane.errors import StartFailed
from tools.controlplane.parts import KUBERNETES
from tools.controlplane.run import ControlPlane

PATIENCE = 20.0

Object = dict[str, Any]


def eventually(read: Callable[[], Object], holds: Callable[[Object], bool]) -> Object:
    """What was read when it held; the last reading is the failure's message."""
    deadline = time.monotonic() + PATIENCE
    while not holds(seen := read()):
        assert time.monotonic() < deadline, json.dumps(seen, indent=1)
        time.sleep(0.05)
    return seen


def pod_template(fate: str | None = None, **annotations: str) -> Object:
    labels = {"app": "web"} | ({"fake.trimtab.dev/pod": fate} if fate else {})
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    }


def deployment(template: Object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def pods(control_plane: ControlPlane, namespace: str) -> list[Object]:
    found: list[Object] = control_plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return found


def test_it_is_the_version_it_claims(control_plane: ControlPlane, kubectl: Path) -> None:
    assert control_plane.api.request("GET", "/version")["gitVersion"] == KUBERNETES
    assert kubectl == control_plane.programs.path("kubectl")
    told = json.loads(control_plane.kubectl("version", "-o", "json").stdout)
    assert told["clientVersion"]["gitVersion"] == told["serverVersion"]["gitVersion"] == KUBERNETES


def test_a_deployment_becomes_ready(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    control_plane.api.request("POST", path, deployment(pod_template()))
    eventually(
        lambda: control_plane.api.request("GET", f"{path}/web"),
        lambda live: live.get("status", {}).get("readyReplicas") == 2,
    )
    assert all(pod["spec"]["nodeName"] == "kwok-0" for pod in pods(control_plane, namespace))


@pytest.mark.parametrize("fate, reason", [("crash-loop", "CrashLoopBackOff"), ("image-pull", "ImagePullBackOff")])
def test_a_pod_fails_on_purpose_and_stays_so(
    control_plane: ControlPlane, namespace: str, fate: str, reason: str
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    control_plane.api.request("POST", path, deployment(pod_template(fate)))
    sick = eventually(
        lambda: {"items": pods(control_plane, namespace)},
        lambda seen: len(seen["items"]) == 2 and all(waiting_for(pod) == reason for pod in seen["items"]),
    )
    # A label on the Pod makes kwok look at it again: it must not become well by that.
    for pod in sick["items"]:
        pod_path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"
        body = {"metadata": {"labels": {"touched": "yes"}}}
        control_plane.api.request("PATCH", pod_path, body, content_type="application/merge-patch+json")
    control_plane.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", bare_pod("later", pod_template()))
    eventually(
        lambda: control_plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods/later"),
        lambda live: live["status"].get("phase") == "Running",
    )
    assert control_plane.api.request("GET", f"{path}/web")["status"].get("readyReplicas", 0) == 0


def test_a_slow_pod_is_ready_after_its_time(control_plane: ControlPlane, namespace: str) -> None:
    began = time.monotonic()
    template = pod_template("slow", **{"fake.trimtab.dev/ready-after": "1500ms"})
    control_plane.api.request("POST", f"/api/v1/namespaces/{namespace}/pods", bare_pod("slow", template))
    eventually(
        lambda: control_plane.api.request("GET", f"/api/v1/namespaces/{namespace}/pods/slow"),
        lambda live: live["status"].get("phase") == "Running",
    )
    assert time.monotonic() - began >= 1.4


@pytest.mark.parametrize("fate, condition", [(None, "Complete"), ("fail", "Failed")])
def test_a_job_ends(control_plane: ControlPlane, namespace: str, fate: str | None, condition: str) -> None:
    template = pod_template(fate)
    template["spec"]["restartPolicy"] = "Never"
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    control_plane.api.request("POST", path, {**job, "spec": {"backoffLimit": 0, "template": template}})
    eventually(
        lambda: control_plane.api.request("GET", f"{path}/once"),
        lambda live: condition in {one["type"] for one in live.get("status", {}).get("conditions", [])},
    )


def test_a_user_has_no_rights_until_they_are_given(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with pytest.raises(ApiError, match='User "alice" cannot list resource "configmaps"'):
        control_plane.api_as("alice").request("GET", path)
    given = ("create", "rolebinding", "alice", "--clusterrole=view", "--user=alice", "-n", namespace)
    assert control_plane.kubectl(*given).returncode == 0
    eventually(lambda: {"code": attempt(control_plane, path)}, lambda seen: seen["code"] == 200)
    assert control_plane.kubectl("get", "configmaps", "-n", namespace, user="alice").returncode == 0
    assert "cannot list" in control_plane.kubectl("get", "configmaps", "-n", "default", user="alice").stderr


def test_the_api_server_restarts_on_its_port(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    before = control_plane.pids()["kube-apiserver"]
    control_plane.api.request("POST", path, {"metadata": {"name": "kept"}, "data": {"a": "b"}})
    for stop in (control_plane.stop_apiserver, control_plane.kill_apiserver):
        stop()
        with pytest.raises(OSError):
            control_plane.api.request("GET", path)
        control_plane.start_apiserver()
        assert control_plane.api.request("GET", f"{path}/kept")["data"] == {"a": "b"}
    assert control_plane.pids()["kube-apiserver"] != before


def test_what_is_older_than_a_compaction_and_a_restart_is_gone(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("one", "two"):
        control_plane.api.request("POST", path, {"metadata": {"name": name}})
    page = control_plane.api.request("GET", f"{path}?limit=1")["metadata"]
    control_plane.api.request("POST", path, {"metadata": {"name": "three"}})
    assert control_plane.compact() > int(page["resourceVersion"])
    control_plane.restart_apiserver()
    with pytest.raises(ApiError, match=r"^410: "):
        control_plane.api.request("GET", f"{path}?limit=1&continue={page['continue']}")
    watch = f"{path}?watch=1&timeoutSeconds=2&resourceVersion={page['resourceVersion']}"
    event = json.loads(control_plane.kubectl("get", "--raw", watch).stdout)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_a_component_that_does_not_come_up_is_named_with_its_log(programs: Programs) -> None:
    broken = ControlPlane(programs, settings=Settings(extra=("--no-such-flag",)))
    with pytest.raises(StartFailed, match=r"kube-apiserver ended with exit code 1(?s:.*)unknown flag: --no-such-flag"):
        broken.start()
    assert broken.pids() == {}


def test_the_audit_log_tells_who_asked(programs: Programs) -> None:
    with ControlPlane(programs, settings=Settings(audit=True)) as audited:
        with pytest.raises(ApiError, match="403"):
            audited.api_as("bob").request("GET", "/api/v1/pods")
        log = audited.audit_log
        text = eventually(lambda: {"text": log.read_text()}, lambda seen: '"username":"bob"' in seen["text"])["text"]
    events = [json.loads(event) for event in text.splitlines()]
    asked = [event for event in events if event["user"]["username"] == "bob"]
    assert [(event["verb"], event["responseStatus"]["code"]) for event in asked] == [("list", 403)]


def test_the_oracles_say_their_versions(kustomize_oracle: Path, helm_oracle: Path) -> None:
    told = [subprocess.check_output([program, "version"], text=True) for program in (kustomize_oracle, helm_oracle)]
    assert told[0].strip() == "v5.8.1"
    assert '"v4.2.1"' in told[1]


def bare_pod(name: str, template: Object) -> Object:
    return {**template, "metadata": {**template["metadata"], "name": name}}


def waiting_for(pod: Object) -> str | None:
    statuses = pod["status"].get("containerStatuses", [])
    return next((one["state"].get("waiting", {}).get("reason") for one in statuses), None)


def attempt(control_plane: ControlPlane, path: str) -> int:
    """The HTTP status that alice gets."""
    try:
        control_plane.api_as("alice").request("GET", path)
    except ApiError as error:
        return error.status
    return 200
