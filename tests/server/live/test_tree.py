"""The tree of an application's objects, and single objects read through it, on the sandbox."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.engine.objects import config_map, deployment, files, service
from tests.engine.world import until
from tests.server.desk import Answer, Desk
from tests.server.live.looking import node, path
from trimtab.model.keys import Manifest


async def test_the_tree_of_a_deployment(shop: Desk) -> None:
    tree = await grown(shop)
    deployed, replicas = node(tree, "Deployment"), node(tree, "ReplicaSet")
    pod, served = node(tree, "Pod"), node(tree, "Service")
    assert "parentRefs" not in deployed
    assert replicas["parentRefs"] == [
        {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": shop.place,
            "name": "web",
            "uid": deployed["uid"],
        }
    ]
    assert pod["parentRefs"][0]["uid"] == replicas["uid"]
    assert deployed["info"] == replicas["info"] == [{"name": "Revision", "value": "Rev:1"}]
    info = {item["name"]: item["value"] for item in pod["info"]}
    assert info == {"Status Reason": "Running", "Node": "sandbox", "Containers": "1/1", "cpu": "0", "memory": "0"}
    assert pod["images"] == ["registry.example/web:1"]
    assert pod["networkingInfo"]["labels"]["app"] == "web"
    assert served["networkingInfo"] == {"targetLabels": {"app": "web"}}
    assert {one["kind"]: one.get("health", {}).get("status") for one in tree["nodes"]} == {
        "Deployment": "Healthy",
        "ReplicaSet": "Healthy",
        "Pod": "Healthy",
        "Service": "Healthy",
        "ConfigMap": None,
        "EndpointSlice": None,
    }
    assert all(one["createdAt"] and one["resourceVersion"] for one in tree["nodes"])
    (host,) = tree["hosts"]
    assert host["name"] == "sandbox" and host["systemInfo"]["kernelVersion"] is not None
    assert "orphanedNodes" not in tree


async def grown(desk: Desk, *kinds: str) -> Any:
    """The tree when the Pod runs."""

    async def look() -> Any:
        answer = await desk.call("GET", path(desk, "resource-tree"))
        assert answer.status == 200, answer.body
        return answer.body

    def runs(tree: Any) -> bool:
        pods = [one for one in tree["nodes"] if one["kind"] == "Pod"]
        return bool(pods) and all(one.get("health", {}).get("status") == "Healthy" for one in tree["nodes"] if "health" in one)

    return await until(look, runs)
