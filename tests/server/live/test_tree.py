"""The tree of an application's objects, on the sandbox."""

import asyncio
from typing import Any

import aiohttp
import orjson

from tests.engine.objects import config_map
from tests.engine.world import PATIENCE, until
from tests.server.desk import Desk
from tests.server.live.looking import node, path
from trimtab.server.live.looks import looks_of

HEALTH = {"Deployment": "Healthy", "ReplicaSet": "Healthy", "Pod": "Healthy", "Service": "Healthy", "ConfigMap": None}


async def test_what_a_deployment_has_grown(shop: Desk) -> None:
    tree = await grown(shop)
    deployed, replicas = node(tree, "Deployment"), node(tree, "ReplicaSet")
    assert "parentRefs" not in deployed
    parent = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": shop.place, "name": "web"}
    assert replicas["parentRefs"] == [{**parent, "uid": deployed["uid"]}]
    assert deployed["info"] == replicas["info"] == [{"name": "Revision", "value": "Rev:1"}]
    pod = node(tree, "Pod")
    assert pod["parentRefs"][0]["uid"] == replicas["uid"]
    info = {item["name"]: item["value"] for item in pod["info"]}
    assert info == {"Status Reason": "Running", "Node": "sandbox", "Containers": "1/1", "cpu": "0", "memory": "0"}
    assert pod["images"] == ["registry.example/web:1"]
    assert pod["networkingInfo"]["labels"]["app"] == "web"
    assert node(tree, "Service")["networkingInfo"] == {"targetLabels": {"app": "web"}}
    health = {one["kind"]: one.get("health", {}).get("status") for one in tree["nodes"]}
    assert {kind: status for kind, status in health.items() if kind in HEALTH} == HEALTH
    assert all(one["createdAt"] and one["resourceVersion"] for one in tree["nodes"])
    (host,) = tree["hosts"]
    assert host["name"] == "sandbox"
    assert "orphanedNodes" not in tree


async def test_what_is_declared_and_not_there(desk: Desk) -> None:
    desk.repo.commit({"app/one.yaml": orjson.dumps(config_map("one"))})
    await desk.create(desk.an_app(auto_sync=False))
    await desk.app_until(lambda app: app.get("status", {}).get("resources"))
    tree = await tree_of(desk)
    missing = {"version": "v1", "kind": "ConfigMap", "namespace": desk.place, "name": "one"}
    assert tree == {"nodes": [{**missing, "health": {"status": "Missing"}}]}


async def test_nobodys_objects_where_the_project_asks_for_them(shop: Desk) -> None:
    for name in ("lone", "overlooked"):
        await shop.create(config_map(name))
    project: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": shop.control},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "orphanedResources": {"ignore": [{"kind": "ConfigMap", "name": "over*"}]},
        },
    }
    await shop.apply(project, by="tests", force=True)
    tree = await until(lambda: tree_of(shop), lambda seen: seen.get("orphanedNodes"))
    assert [one["name"] for one in tree["orphanedNodes"]] == ["lone"]


async def test_what_the_project_does_not_permit_is_not_shown(shop: Desk) -> None:
    project: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": shop.control},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "namespaceResourceBlacklist": [{"group": "", "kind": "Pod"}],
        },
    }
    await shop.apply(project, by="tests", force=True)

    def kinds(tree: Any) -> set[str]:
        return {one["kind"] for one in tree["nodes"]}

    await until(lambda: tree_of(shop), lambda tree: "Pod" not in kinds(tree) and "ReplicaSet" in kinds(tree))


async def test_a_stream_tells_of_every_change_and_of_nothing_else(shop: Desk) -> None:
    await grown(shop)
    async with following(shop) as trees:
        first = await trees.next()
        assert node(first, "Deployment")["name"] == "web"
        await shop.patch("apps/Deployment", "web", {"spec": {"replicas": 2}})
        while len([one for one in (await trees.next())["nodes"] if one["kind"] == "Pod"]) != 2:
            pass
        await trees.silence()


async def test_no_change_is_missed_however_quickly_they_come(shop: Desk) -> None:
    await grown(shop)
    async with following(shop) as trees:
        await trees.next()
        for n in range(25):
            live = await shop.patch("ConfigMap", "settings", {"data": {"key": str(n)}})
            await asyncio.sleep(0.02)
        wanted = live["metadata"]["resourceVersion"]
        while node(await trees.next(), "ConfigMap")["resourceVersion"] != wanted:
            pass


async def test_a_stream_ends_when_the_caller_may_no_longer_look(shop: Desk) -> None:
    await grown(shop)
    async with following(shop, who="ada") as trees:
        await trees.next()
        await shop.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": ""})
        await shop.patch("apps/Deployment", "web", {"spec": {"replicas": 2}})
        assert (await trees.error())["http_code"] == 403


async def test_a_stream_ends_with_the_application(shop: Desk) -> None:
    await grown(shop)
    async with following(shop) as trees:
        await trees.next()
        await shop.delete("Application", shop.named(), namespace=shop.control)
        assert (await trees.error())["http_code"] in (403, 404)


async def test_another_application_of_that_name_is_looked_at_anew(shop: Desk) -> None:
    await grown(shop)
    looks = looks_of(shop.running.served)
    await shop.delete("Application", shop.named(), namespace=shop.control)
    await until(lambda: shop.call("GET", path(shop, "links")), lambda seen: seen.status == 403)
    await shop.create(shop.an_app(path="elsewhere", auto_sync=False))
    await until(lambda: shop.call("GET", path(shop, "links")), lambda seen: seen.status == 200)
    await tree_of(shop)
    assert looks.views == 2


async def test_those_who_look_together_share_one_look(shop: Desk) -> None:
    await grown(shop)
    looks = looks_of(shop.running.served)
    requests = shop.running.served.transport.stats.requests
    async with following(shop) as one, following(shop) as two:
        before = requests["watch"] + requests["list"]
        assert await one.next() == await two.next()
        assert requests["watch"] + requests["list"] == before
        assert looks.views == 1


async def test_the_hidden_and_the_absent_are_the_same(shop: Desk) -> None:
    for rest in ("resource-tree", "managed-resources", "manifests", "events", "links", "logs", "server-side-diff"):
        hidden = await shop.call("GET", path(shop, rest), who="eve")
        absent = await shop.call("GET", path(shop, rest, "nothing"))
        assert hidden.failure == absent.failure == (403, 7, "permission denied"), rest
        known = await shop.call("GET", path(shop, rest, "nothing"), project="default")
        assert known.failure[:2] == (404, 5), rest


async def tree_of(desk: Desk) -> Any:
    answer = await desk.call("GET", path(desk, "resource-tree"))
    assert answer.status == 200, answer.body
    return answer.body


async def grown(desk: Desk) -> Any:
    """The tree when everything is healthy, the Pod too."""

    def runs(tree: Any) -> bool:
        health = [one.get("health", {}).get("status", "Healthy") for one in tree["nodes"]]
        return set(health) == {"Healthy"} and any(one["kind"] == "Pod" for one in tree["nodes"])

    return await until(lambda: tree_of(desk), runs)


class following:  # noqa: N801 - reads like a function
    """The stream of trees."""

    def __init__(self, desk: Desk, who: str = "admin") -> None:
        self._desk = desk
        self._who = who

    async def __aenter__(self) -> "following":
        session = await self._desk.session(self._who)
        url = "/api/v1/stream/" + path(self._desk, "resource-tree").removeprefix("/api/v1/")
        self._response: aiohttp.ClientResponse = await session.get(url)
        assert self._response.status == 200, await self._response.text()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._response.close()

    async def next(self) -> Any:
        return (await self._message())["result"]

    async def error(self) -> Any:
        """The error that the stream ends with."""
        while "result" in (message := await self._message()):
            pass
        return message["error"]

    async def silence(self, seconds: float = 0.6) -> None:
        """What has changed has been told."""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    await self._response.content.readline()
            except TimeoutError:
                return

    async def _message(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return orjson.loads(await self._response.content.readline())
