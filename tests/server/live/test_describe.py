"""What a tree says of single objects."""

from typing import Any

import pytest

from trimtab.model.keys import Kind, Manifest
from trimtab.server.live.describe import seen
from trimtab.server.live.pods import requests_of, state_of
from trimtab.server.live.quantities import milli

WAITING = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4}
RUNNING = {"state": {"running": {}}, "ready": True}


def a_pod(
    *statuses: dict[str, Any], phase: str = "Running", init: tuple[dict[str, Any], ...] = (), **more: Any
) -> Manifest:
    containers = [{"name": f"c{n}"} for n in range(len(statuses) or 1)]
    starting = [{"name": f"i{n}"} for n in range(len(init))]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", **more},
        "spec": {"containers": containers, "initContainers": starting},
        "status": {
            "phase": phase,
            "containerStatuses": list(statuses),
            "initContainerStatuses": [{"name": f"i{n}", **one} for n, one in enumerate(init)],
        },
    }


@pytest.mark.parametrize(
    ("pod", "reason", "ready", "restarts"),
    [
        (a_pod(RUNNING), "Running", 1, 0),
        (a_pod(RUNNING, WAITING), "CrashLoopBackOff", 1, 4),
        (a_pod(phase="Pending"), "Pending", 0, 0),
        (
            a_pod({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}, phase="Succeeded"),
            "Completed",
            0,
            0,
        ),
        (a_pod({"state": {"terminated": {"exitCode": 3}}}, phase="Failed"), "ExitCode:3", 0, 0),
        (a_pod({"state": {"terminated": {"signal": 9}}}, phase="Failed"), "Signal:9", 0, 0),
        (a_pod(init=({"state": {"running": {}}},), phase="Pending"), "Init:0/1", 0, 0),
        (a_pod(init=({"state": {"waiting": {"reason": "ErrImagePull"}}},)), "Init:ErrImagePull", 0, 0),
        (a_pod(init=({"state": {"terminated": {"exitCode": 2}}},)), "Init:ExitCode:2", 0, 0),
        (a_pod(RUNNING, init=({"state": {"terminated": {"exitCode": 0}}},)), "Running", 1, 0),
        (a_pod(RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating", 1, 0),
    ],
)
def test_the_state_of_a_pod(pod: Manifest, reason: str, ready: int, restarts: int) -> None:
    state = state_of(pod)
    assert (state.reason, state.ready, state.restarts) == (reason, ready, restarts)


def test_what_a_pod_asks_for() -> None:
    def asking(cpu: str, **more: str) -> dict[str, Any]:
        return {"name": "x", "resources": {"requests": {"cpu": cpu}}, **more}

    spec = {"containers": [asking("250m"), asking("1")], "initContainers": [asking("2")], "overhead": {"memory": "1Ki"}}
    assert requests_of({"spec": spec}).cpu == 2000
    sidecar = {**spec, "initContainers": [asking("1", restartPolicy="Always")]}
    assert requests_of({"spec": sidecar}).cpu == 2250
    assert requests_of({"spec": spec}).memory == 1024_000


@pytest.mark.parametrize(
    ("text", "thousandths"),
    [
        ("250m", 250),
        ("1Gi", 1_073_741_824_000),
        (2, 2000),
        ("1e3", 1_000_000),
        ("100n", 1),
        ("x", 0),
        (None, 0),
        (True, 0),
    ],
)
def test_quantities(text: object, thousandths: int) -> None:
    assert milli(text) == thousandths


def test_where_an_ingress_leads() -> None:
    rule = {"host": "shop.example", "http": {"paths": [{"path": "/cart/*", "backend": {"service": {"name": "cart"}}}]}}
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {"link.argocd.argoproj.io/x": "javascript:1"}},
        "spec": {"tls": [{"hosts": ["shop.example"]}], "rules": [rule]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    networking = seen(manifest).node.networking_info
    assert networking is not None
    assert networking.external_urls == ("https://shop.example/cart",)
    assert [(ref.kind, ref.name) for ref in networking.target_refs] == [("Service", "cart")]
    assert networking.ingress[0].ip == "192.0.2.1"


ODD: list[Manifest] = [
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "ownerReferences": [{"uid": 7}]},
        "spec": [],
        "status": 7,
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "x"},
        "status": {"loadBalancer": {"ingress": [{"ip": 7}]}},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "x"},
        "spec": {"tls": [{"hosts": 7}]},
    },
    {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"}, "spec": {"volumeClaimTemplates": 7}},
]


@pytest.mark.parametrize("manifest", ODD)
def test_odd_objects_break_nothing(manifest: Manifest) -> None:
    assert seen(manifest).node.name == "x"


def test_labels_that_are_shown_and_metadata_alone() -> None:
    partial = {"metadata": {"name": "x", "namespace": "shop", "uid": "u", "labels": {"team": "a", "other": "b"}}}
    node = seen(partial, kind=Kind("example.com", "v1", "Widget"), labels=("team", "none")).node
    assert (node.group, node.version, node.kind, node.health) == ("example.com", "v1", "Widget", None)
    assert [(item.name, item.value) for item in node.info] == [("team", "a")]
