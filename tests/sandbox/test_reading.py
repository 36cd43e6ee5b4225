"""Lists, selectors, pages, watches."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.sandbox.client import Client, Refused, a_config_map, a_crd
from trimtab.sandbox import Sandbox, Settings

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
def settings() -> Settings:
    return Settings(window=20, controllers=False)


async def some_maps(client: Client, *names: str, **labels: str) -> None:
    for name in names:
        made = a_config_map(name)
        made["metadata"]["labels"] = labels
        await client.create(MAPS, made)


def names_of(listed: Any) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


async def test_lists_are_sorted_and_paged(client: Client) -> None:
    await some_maps(client, "d", "b", "a", "c", "e")
    first = await client.get(f"{MAPS}?limit=2")
    assert (names_of(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    second = await client.get(f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    third = await client.get(f"{MAPS}?limit=2&continue={second['metadata']['continue']}")
    assert (names_of(second), names_of(third)) == (["c", "d"], ["e"])
    assert "continue" not in third["metadata"]
    assert first["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"]


async def test_items_of_built_in_lists_carry_no_kind_and_those_of_custom_ones_do(client: Client) -> None:
    await some_maps(client, "a")
    assert "kind" not in (await client.get(MAPS))["items"][0]
    await client.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", a_crd("boats", "Boat"))
    boats = "/apis/example.org/v1/namespaces/default/boats"
    await client.create(boats, {"apiVersion": "example.org/v1", "kind": "Boat", "metadata": {"name": "a"}})
    assert (await client.get(boats))["items"][0]["kind"] == "Boat"


async def test_a_continue_token_from_before_the_history_is_expired(client: Client) -> None:
    await some_maps(client, "a", "b")
    token = (await client.get(f"{MAPS}?limit=1"))["metadata"]["continue"]
    await some_maps(client, *(f"m{i}" for i in range(30)))
    with pytest.raises(Refused) as refused:
        await client.get(f"{MAPS}?limit=1&continue={token}")
    assert (refused.value.status, refused.value.body["reason"]) == (410, "Expired")


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("x=1", ["one"]),
        ("x==1", ["one"]),
        ("x!=1", ["none", "two"]),
        ("x", ["one", "two"]),
        ("!x", ["none"]),
        ("x in (1,2)", ["one", "two"]),
        ("x notin (1)", ["none", "two"]),
        ("x>1", ["two"]),
        ("x,x!=2", ["one"]),
    ],
)
async def test_label_selectors(client: Client, selector: str, found: list[str]) -> None:
    await some_maps(client, "one", x="1")
    await some_maps(client, "two", x="2")
    await some_maps(client, "none")
    query = selector.replace("!", "%21").replace(" ", "%20").replace(">", "%3E")
    assert names_of(await client.get(f"{MAPS}?labelSelector={query}")) == found


async def test_field_selectors(client: Client) -> None:
    await some_maps(client, "a", "b")
    assert names_of(await client.get(f"{MAPS}?fieldSelector=metadata.name%3Db")) == ["b"]
    assert names_of(await client.get("/api/v1/configmaps?fieldSelector=metadata.namespace%3Dnowhere")) == []


async def test_a_watch_begins_with_what_is_there_and_goes_on(client: Client) -> None:
    await some_maps(client, "a")
    async with await client.watch(f"{MAPS}?watch=true") as watch:
        assert [(e["type"], e["object"]["metadata"]["name"]) for e in [await watch.next()]] == [("ADDED", "a")]
        await client.patch(f"{MAPS}/a", {"data": {"x": "y"}})
        await client.delete(f"{MAPS}/a")
        modified, deleted = await watch.next(), await watch.next()
    assert (modified["type"], modified["object"]["data"]) == ("MODIFIED", {"x": "y"})
    assert (deleted["type"], deleted["object"]["data"]) == ("DELETED", {"x": "y"})
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(
        modified["object"]["metadata"]["resourceVersion"]
    )


async def test_a_watch_from_a_version_sees_all_that_came_after(client: Client) -> None:
    await some_maps(client, "a")
    version = (await client.get(MAPS))["metadata"]["resourceVersion"]
    await some_maps(client, "b", "c")
    async with await client.watch(f"{MAPS}?watch=true&resourceVersion={version}") as watch:
        assert [(await watch.next())["object"]["metadata"]["name"] for _ in range(2)] == ["b", "c"]


async def test_a_watch_from_before_the_history_is_told_to_list_again(client: Client) -> None:
    version = (await client.get(MAPS))["metadata"]["resourceVersion"]
    await some_maps(client, *(f"m{i}" for i in range(30)))
    async with await client.watch(f"{MAPS}?watch=true&resourceVersion={version}") as watch:
        event = await watch.next()
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        with pytest.raises(EOFError):
            await watch.next()


async def test_objects_enter_and_leave_a_selected_watch(client: Client) -> None:
    async with await client.watch(f"{MAPS}?watch=true&labelSelector=x%3D1") as watch:
        await some_maps(client, "a", x="0")
        for value in ("1", "1", "2"):
            await client.patch(f"{MAPS}/a", {"metadata": {"labels": {"x": value}}, "data": {"v": value}})
            await client.patch(f"{MAPS}/a", {"data": {"again": value}})
        assert [(await watch.next())["type"] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


async def test_initial_events_end_with_a_bookmark(client: Client) -> None:
    await some_maps(client, "a", "b")
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    async with await client.watch(f"{MAPS}?{query}") as watch:
        events = [await watch.next() for _ in range(3)]
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    assert events[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_ends_when_its_time_is_up(client: Client) -> None:
    async with await client.watch(f"{MAPS}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true") as watch:
        assert (await watch.next())["type"] == "BOOKMARK"
        with pytest.raises(EOFError):
            await watch.next()


async def test_a_busy_watch_gets_bookmarks_too() -> None:
    settings = Settings(bookmark_seconds=0.05, controllers=False)
    async with Sandbox(settings=settings) as sandbox, aiohttp.ClientSession() as session:
        client = Client(session, sandbox)
        query = "watch=true&allowWatchBookmarks=true&labelSelector=x%3D1"
        async with await client.watch(f"{MAPS}?{query}") as watch:
            event = asyncio.create_task(watch.next())
            for number in range(1000):
                await client.create(MAPS, a_config_map(f"m{number}"))
                if event.done():
                    break
            assert (await event)["type"] == "BOOKMARK"


async def test_a_closed_watch_leaves_nothing_behind(client: Client) -> None:
    async with await client.watch(f"{MAPS}?watch=true"):
        pass
    collection = client.sandbox.world.store.collection("configmaps")
    for _ in range(100):
        await client.get("/version")
        if not collection.subscribers:
            break
    assert not collection.subscribers


async def test_tables_and_metadata_alone(client: Client) -> None:
    await some_maps(client, "a")
    table = await client.get(MAPS, Accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert table["rows"][0]["cells"][:2] == ["a", 1] or table["rows"][0]["cells"][:2] == ["a", 0]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    partial = await client.get(f"{MAPS}/a", Accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
    assert set(partial) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{MAPS}?limit=many", 400),
        (f"{MAPS}?continue=garbage", 400),
        (f"{MAPS}?labelSelector=%21%21", 400),
        (f"{MAPS}?watch=true&fieldSelector=spec.x%3Dy", 400),
        ("/api/v1/nothing", 404),
        ("/apis/apps/v1/deployments/web", 404),
        ("/api/v1/namespaces/default/pods/x/y/z", 404),
        ("/", 404),
    ],
)
async def test_nonsense_gets_a_status_that_says_so(client: Client, path: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        await client.get(path)
    assert refused.value.status == status
