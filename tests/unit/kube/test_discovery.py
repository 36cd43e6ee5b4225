"""What kinds are served: from both kinds of server, broken groups, and how often the server is asked."""

import asyncio
from typing import Any

import pytest

from tests.clocks import SwiftClock
from tests.servers.scripted import Reply, Scripted, status
from trimtab.kube.discovery import Discovery, GroupUnavailable, UnknownKind
from trimtab.kube.errors import ApiError, ServerError
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind


def served(plural: str, kind: str, *, scope: str = "Namespaced", verbs: tuple[str, ...] = ("get", "list")) -> Any:
    response = {"group": "", "version": "", "kind": kind}
    return {"resource": plural, "responseKind": response, "scope": scope, "verbs": verbs, "subresources": []}


def a_version(name: str, *resources: Any, freshness: str = "Current") -> Any:
    return {"version": name, "resources": resources, "freshness": freshness}


def groups(**versions: list[Any]) -> Reply:
    """An aggregated answer; `core` is the core group, `_` in a name stands for a dot."""
    items = [
        {"metadata": {"name": "" if name == "core" else name.replace("_", ".")}, "versions": listed}
        for name, listed in versions.items()
    ]
    return Reply.json({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})


CORE = groups(core=[a_version("v1", served("pods", "Pod"), served("namespaces", "Namespace", scope="Cluster"))])
APPS = {"apps": [a_version("v1", served("deployments", "Deployment", verbs=("get", "patch")))]}
SCALING = {
    "autoscaling": [
        a_version("v2", served("horizontalpodautoscalers", "HorizontalPodAutoscaler")),
        a_version("v1", served("horizontalpodautoscalers", "HorizontalPodAutoscaler"), served("olds", "Old")),
    ]
}


@pytest.fixture
def aggregated(server: Scripted) -> Scripted:
    server.answer("GET /api", CORE)
    server.answer("GET /apis", groups(**APPS, **SCALING))
    server.answer("GET /version", Reply.json({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}))
    return server


@pytest.fixture
def discovery(transport: Transport) -> Discovery:
    return Discovery(transport)


async def test_a_kind_is_found_with_two_requests_for_all(aggregated: Scripted, discovery: Discovery) -> None:
    deployment = Resource(Kind("apps", "v1", "Deployment"), "deployments", True, frozenset({"get", "patch"}))
    assert await discovery.find("apps", "Deployment") == deployment
    assert await discovery.find("", "Namespace") == Resource(
        Kind("", "v1", "Namespace"), "namespaces", False, frozenset({"get", "list"})
    )
    assert len(aggregated.requests) == 2
    assert "v=v2;as=APIGroupDiscoveryList" in aggregated.requests[0].headers["Accept"]


async def test_the_preferred_version_unless_one_is_asked_for(aggregated: Scripted, discovery: Discovery) -> None:
    kind = "HorizontalPodAutoscaler"
    assert (await discovery.find("autoscaling", kind)).kind.version == "v2"
    assert (await discovery.find("autoscaling", kind, version="v1")).kind.version == "v1"
    assert (await discovery.find("autoscaling", "Old")).kind.version == "v1"


async def test_everything_by_helms_names_and_by_preferred_version(aggregated: Scripted, discovery: Discovery) -> None:
    assert await discovery.api_versions() == (
        "apps/v1",
        "apps/v1/Deployment",
        "autoscaling/v1",
        "autoscaling/v1/HorizontalPodAutoscaler",
        "autoscaling/v1/Old",
        "autoscaling/v2",
        "autoscaling/v2/HorizontalPodAutoscaler",
        "v1",
        "v1/Namespace",
        "v1/Pod",
    )
    kinds = [str(resource.kind) for resource in await discovery.resources()]
    assert "autoscaling/v2/HorizontalPodAutoscaler" in kinds
    assert "autoscaling/v1/HorizontalPodAutoscaler" not in kinds
    assert await discovery.version() == await discovery.version() == "v1.36.3"
    assert len(aggregated.got("GET /version")) == 1


@pytest.mark.parametrize(
    "group, kind, version, said",
    [
        ("acme.io", "Widget", "", "acme.io/Widget: the cluster serves no such kind; install its CRD"),
        ("", "Deployment", "v1", "v1/Deployment: the cluster serves no such kind; it is served as apps/v1"),
        ("autoscaling", "HorizontalPodAutoscaler", "v9", "it is served as autoscaling/v2, autoscaling/v1"),
    ],
)
async def test_an_unknown_kind_is_named_with_a_hint(
    aggregated: Scripted, discovery: Discovery, group: str, kind: str, version: str, said: str
) -> None:
    with pytest.raises(UnknownKind, match=said):
        await discovery.find(group, kind, version=version)


async def test_an_unknown_kind_does_not_hammer(aggregated: Scripted, discovery: Discovery, clock: SwiftClock) -> None:
    async def miss() -> None:
        with pytest.raises(UnknownKind):
            await discovery.find("acme.io", "Widget")

    await asyncio.gather(*(miss() for _ in range(50)))
    await miss()
    assert len(aggregated.got("GET /apis")) == 1
    clock.step(3)
    await asyncio.gather(*(miss() for _ in range(50)))
    assert len(aggregated.got("GET /apis")) == 2


async def test_a_new_crd_is_found_at_once_after_invalidation(aggregated: Scripted, discovery: Discovery) -> None:
    with pytest.raises(UnknownKind):
        await discovery.find("acme.io", "Widget")
    aggregated.answer("GET /apis", groups(**APPS, acme_io=[a_version("v1", served("widgets", "Widget"))]))
    discovery.invalidate()
    assert (await discovery.find("acme.io", "Widget")).plural == "widgets"
    assert len(aggregated.got("GET /apis")) == 2


async def test_a_stale_group_keeps_what_was_known_and_hurts_nobody(aggregated: Scripted, discovery: Discovery) -> None:
    metrics = {"metrics_k8s_io": [a_version("v1beta1", served("pods", "PodMetrics"))]}
    stale = {"metrics_k8s_io": [a_version("v1beta1", freshness="Stale")]}
    aggregated.answer("GET /apis", groups(**APPS, **metrics), groups(**APPS, **stale))
    assert (await discovery.find("metrics.k8s.io", "PodMetrics")).plural == "pods"
    discovery.invalidate()
    assert (await discovery.find("metrics.k8s.io", "PodMetrics")).plural == "pods"
    assert (await discovery.find("apps", "Deployment")).plural == "deployments"
    with pytest.raises(GroupUnavailable, match=r"check APIService v1beta1\.metrics\.k8s\.io"):
        await discovery.find("metrics.k8s.io", "NodeMetrics")


@pytest.fixture
def legacy(server: Scripted) -> Scripted:
    server.answer("GET /api", Reply.json({"kind": "APIVersions", "versions": ["v1"]}))
    listed = [{"version": "v1beta1"}, {"version": "v1"}]
    server.answer(
        "GET /apis",
        Reply.json(
            {
                "kind": "APIGroupList",
                "groups": [
                    {"name": "apps", "versions": listed, "preferredVersion": {"version": "v1"}},
                    {"name": "metrics.k8s.io", "versions": [{"version": "v1beta1"}]},
                ],
            }
        ),
    )
    pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]}
    logs = {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]}
    server.answer("GET /api/v1", Reply.json({"resources": [pods, logs]}))
    for version in ("v1", "v1beta1"):
        deployment = {"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": ["list"]}
        server.answer(f"GET /apis/apps/{version}", Reply.json({"resources": [deployment]}))
    server.answer("GET /apis/metrics.k8s.io/v1beta1", status(503, "ServiceUnavailable"))
    return server


async def test_a_server_without_aggregation_tells_the_same(legacy: Scripted, discovery: Discovery) -> None:
    assert (await discovery.find("apps", "Deployment")).kind.version == "v1"
    assert (await discovery.find("", "Pod")).plural == "pods"
    with pytest.raises(GroupUnavailable):
        await discovery.find("metrics.k8s.io", "PodMetrics")
    with pytest.raises(UnknownKind):
        await discovery.find("acme.io", "Widget")


async def test_a_failed_discovery_is_no_knowledge(aggregated: Scripted, discovery: Discovery) -> None:
    down = status(503, "ServiceUnavailable")
    aggregated.answer("GET /apis", *[down] * 5, groups(**APPS))
    with pytest.raises(ServerError):
        await discovery.find("apps", "Deployment")
    assert (await discovery.find("apps", "Deployment")).plural == "deployments"


async def test_an_answer_from_something_else_is_an_error(server: Scripted, discovery: Discovery) -> None:
    server.answer("GET /api", Reply(b"<html>log in</html>"))
    with pytest.raises(ApiError, match="get API groups: the answer is not what an API server says"):
        await discovery.find("apps", "Deployment")
