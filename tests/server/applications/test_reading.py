"""Lists, single applications and streams, by the API of a running server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.engine.world import until
from tests.server.desk import Desk
from trimtab.model.keys import Manifest

LIST = "/api/v1/applications"
STREAM = "/api/v1/stream/applications"


def application(desk: Desk, name: str, **parts: Any) -> Manifest:
    spec = {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": desk.place},
        "source": {"repoURL": "http://127.0.0.1:9/none.git", "path": "."},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": desk.control, **parts.pop("metadata", {})},
        "spec": {**spec, **parts.pop("spec", {})},
        **parts,
    }


async def apps(desk: Desk, *names: str, **parts: Any) -> None:
    """Make them, and wait until the server has seen them."""
    for name in names:
        await desk.create(application(desk, name, **parts))
    catalogue = desk.running.served.applications.catalogue

    async def known() -> set[str]:
        return {app.name for app in catalogue}

    await until(known, lambda there: there >= set(names))


async def names(desk: Desk, who: str = "admin", **query: Any) -> list[str]:
    answer = await desk.call("GET", LIST, who=who, **query)
    assert answer.status == 200, answer.body
    return [app["metadata"]["name"] for app in answer.body["items"] or []]


async def test_a_list_is_as_argo_cd_gives_it(desk: Desk) -> None:
    assert (await desk.call("GET", LIST)).body["items"] is None
    await apps(desk, "b", "a")
    body = (await desk.call("GET", LIST)).body
    assert [app["metadata"]["name"] for app in body["items"]] == ["a", "b"]
    assert body["metadata"].keys() == {"resourceVersion"}
    assert int(body["metadata"]["resourceVersion"]) >= int(body["items"][0]["metadata"]["resourceVersion"])
    for app in body["items"]:
        assert app.keys() - {"operation"} == {"metadata", "spec", "status"}
        assert app["status"].keys() >= {"health", "sync", "summary", "sourceHydrator"}


async def test_gzip_and_head(desk: Desk) -> None:
    await apps(desk, "a")
    url = f"{desk.running.url}{LIST}"
    headers = {"authorization": f"Bearer {await desk.login('admin')}", "accept-encoding": "gzip"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(url) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert len((await answer.json())["items"]) == 1
        async with session.head(url) as answer:
            assert (answer.status, await answer.read()) == (200, b"")


async def test_projected(desk: Desk) -> None:
    await apps(desk, "a")
    body = (await desk.call("GET", LIST, fields="items.metadata.name,items.spec.project")).body
    assert body["items"] == [{"metadata": {"name": "a"}, "spec": {"project": "default"}}]
    (app,) = (await desk.call("GET", LIST, fields="-items.metadata,items.status")).body["items"]
    assert app.keys() == {"spec"}


async def test_selected(desk: Desk) -> None:
    await apps(desk, "web", metadata={"labels": {"team": "shop"}}, spec={"syncPolicy": {"automated": {}}})
    await apps(desk, "api", spec={"destination": {"name": "west", "namespace": "elsewhere"}})
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"name": "web"}, ["web"]),
        ({"selector": "team in (shop, bar)"}, ["web"]),
        ({"selector": "!team"}, ["api"]),
        ({"repo": "http://127.0.0.1:9/none.git"}, ["api", "web"]),
        ({"repo": "http://127.0.0.1:9/other.git"}, []),
        ({"projects": "default"}, ["api", "web"]),
        ({"project": ["other", "third"]}, []),
        ({"project": ["other", "default"]}, ["api", "web"]),
        ({"appNamespace": "elsewhere"}, []),
        ({"appNamespace": desk.control}, ["api", "web"]),
        ({"autoSync": True}, ["web"]),
        ({"autoSync": False}, ["api"]),
        ({"cluster": "in-cluster"}, ["web"]),
        ({"cluster": ["west", "east"]}, ["api"]),
        ({"namespace": "elsewhere"}, ["api"]),
        ({"search": "WE"}, ["web"]),
        ({"health": ["Degraded", "Missing"], "name": "none"}, []),
        ({"sort": "-name"}, ["web", "api"]),
        ({"resourceVersion": "1"}, ["api", "web"]),
    ]
    for query, expected in cases:
        assert await names(desk, **query) == expected, query


async def test_pages_survive_what_comes_and_goes(desk: Desk) -> None:
    await apps(desk, *(f"app-{n}" for n in range(7)))
    for sort in ("name", "-createdAt", "project"):
        seen: list[str] = []
        token, remaining = "", 7
        while True:
            query: dict[str, Any] = {"limit": 3, "sort": sort, "continue": token}
            body = (await desk.call("GET", LIST, **query)).body
            seen += [app["metadata"]["name"] for app in body["items"]]
            remaining -= len(body["items"])
            assert body["metadata"].get("remainingItemCount", 0) == remaining
            token = body["metadata"].get("continue", "")
            if not token:
                break
        assert sorted(seen) == [f"app-{n}" for n in range(7)], sort
    first = (await desk.call("GET", LIST, limit=3)).body
    await desk.delete("Application", "app-2", namespace=desk.control)
    await apps(desk, "app-22")
    there = desk.running.served.applications.catalogue

    async def count() -> int:
        return len(there)

    await until(count, lambda found: found == 7)
    rest = await names(desk, **{"limit": 9, "continue": first["metadata"]["continue"]})
    assert rest == ["app-22", "app-3", "app-4", "app-5", "app-6"]


@pytest.mark.parametrize(
    "query",
    [
        {"selector": "=="}, {"selector": "a in (b"}, {"fields": "a." * 40}, {"limit": "-1"}, {"limit": "x"},
        {"continue": "abc"}, {"continue": "ü"}, {"continue": "A" * 9000}, {"sort": "color"},
        {"sort": "name;drop"}, {"health": "Great"}, {"sync": ["Synced", "OutOfsync"]}, {"autoSync": "maybe"},
        {"search": "x" * 2000},
    ],
)  # fmt: skip
async def test_bad_parameters(desk: Desk, query: dict[str, Any]) -> None:
    status, code, message = (await desk.call("GET", LIST, **query)).failure
    assert (status, code) == (400, 3)
    assert next(iter(query)) in message or "query parameter" in message


async def test_another_lists_page_and_an_edited_one(desk: Desk) -> None:
    await apps(desk, "a", "b", "c")
    token = (await desk.call("GET", LIST, limit=1)).body["metadata"]["continue"]
    wrong: list[dict[str, Any]] = [
        {"continue": token, "limit": 1, "sort": "-name"},
        {"continue": token, "limit": 1, "search": "a"},
        {"continue": token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "limit": 1},
    ]
    for query in wrong:
        assert (await desk.call("GET", LIST, **query)).status == 400
    assert await names(desk, **{"continue": token, "limit": 5}) == ["b", "c"]


@pytest.mark.parametrize("query", [{}, {"project": "default"}, {"project": "other"}, {"refresh": "hard"}])
async def test_what_a_caller_may_not_see_does_not_exist(desk: Desk, query: dict[str, Any]) -> None:
    await apps(desk, "hidden")
    hidden = await desk.call("GET", f"{LIST}/hidden", who="eve", **query)
    absent = await desk.call("GET", f"{LIST}/absent", who="eve", **query)
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert hidden.failure == (403, 7, "permission denied")
    assert await names(desk, who="eve") == []
    assert "refresh" not in str(await desk.get("Application", "hidden", namespace=desk.control))


async def test_one_application(desk: Desk) -> None:
    await apps(desk, "web")
    body = (await desk.call("GET", f"{LIST}/web", who="ada")).body
    assert (body["metadata"]["name"], "kind" in body) == ("web", False)
    assert (await desk.call("GET", f"{LIST}/web", project="default")).status == 200
    absent = 'applications.argoproj.io "absent" not found'
    assert (await desk.call("GET", f"{LIST}/absent", project="default")).failure == (404, 5, absent)
    assert (await desk.call("GET", f"{LIST}/absent")).failure == (403, 7, "permission denied")
    elsewhere = 'applications.argoproj.io "web" not found'
    assert (await desk.call("GET", f"{LIST}/web", project="other")).failure == (404, 5, elsewhere)
    for name in ("..", "%2E%2E", "a%2Fb", "A", "x" * 300, "web%20"):
        assert (await desk.call("GET", f"{LIST}/{name}")).status in (403, 404)
    refused = await desk.call("GET", f"{LIST}/web", appNamespace="kube-system")
    assert refused.failure == (403, 7, "namespace 'kube-system' is not permitted")


async def test_another_project_is_as_absent(desk: Desk) -> None:
    """A caller who may see `other/*` asks for names that are not there, and for one that is in `default`."""
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "p, eve, applications, get, other/*, allow\n"})
    await apps(desk, "web")

    async def asked(name: str) -> tuple[int, int, str]:
        status, code, message = (await desk.call("GET", f"{LIST}/{name}", who="eve", project="other")).failure
        return status, code, message.replace(name, "NAME")

    await until(lambda: asked("web"), lambda answer: answer[0] == 404)
    assert await asked("web") == await asked("none")


async def test_refresh_waits_for_the_controller(desk: Desk) -> None:
    await apps(desk, "web")
    for kind in ("normal", "hard"):
        before = (await desk.call("GET", f"{LIST}/web")).body
        after = (await desk.call("GET", f"{LIST}/web", who="ada", refresh=kind)).body
        assert int(after["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
        assert not [name for name in after["metadata"].get("annotations", {}) if "refresh" in name]
        assert after["status"]["reconciledAt"]
    assert (await desk.call("GET", f"{LIST}/web", refresh="soon")).status == 400


@contextlib.asynccontextmanager
async def stream(desk: Desk, who: str = "admin", **query: str) -> AsyncIterator[aiohttp.StreamReader]:
    session = await desk.session(who)
    async with session.get(STREAM, params=query, headers={"accept": "text/event-stream"}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield answer.content


async def event(content: aiohttp.StreamReader) -> Any:
    async with asyncio.timeout(10):
        while not (line := await content.readline()).startswith(b"data: "):
            assert line, "the stream has ended"
    return orjson.loads(line.removeprefix(b"data: "))["result"]


async def test_a_stream(desk: Desk) -> None:
    await apps(desk, "web")
    fields = "result.type,result.application.metadata.name,result.application.metadata.labels"
    async with stream(desk, fields=fields) as content:
        assert await event(content) == {"type": "ADDED", "application": {"metadata": {"name": "web"}}}
        await desk.patch("Application", "web", {"metadata": {"labels": {"a": "b"}}}, namespace=desk.control)
        told = await event(content)
        assert told == {"type": "MODIFIED", "application": {"metadata": {"name": "web", "labels": {"a": "b"}}}}
        await desk.delete("Application", "web", namespace=desk.control)
        assert (await event(content))["type"] == "DELETED"


async def test_a_stream_of_what_a_caller_may_see(desk: Desk) -> None:
    await apps(desk, "web")
    async with stream(desk, "eve", name="web") as content:
        rules = {"policy.csv": "p, eve, applications, get, default/*, allow\n"}
        await desk.installed("ConfigMap", "argocd-rbac-cm", rules)
        assert (await event(content))["type"] == "ADDED"
        await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "g, ada, role:readonly\n"})
        while (told := await event(content))["type"] != "DELETED":
            assert told["type"] == "MODIFIED"
