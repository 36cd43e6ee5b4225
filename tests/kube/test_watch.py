"""Watching an API server."""

import asyncio
from contextlib import aclosing

import orjson

from tests.kube.objects import config_map
from tests.kube.watching import Watching
from trimtab.kube import read, write
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.observed import Listed


async def test_what_exists_then_what_changes(transport: Transport, config_maps: Resource, shop: str) -> None:
    before = config_map(shop, "before", key="one")
    await write.create(transport, config_maps, before, field_manager="test")
    async with Watching(transport, config_maps, namespace=shop) as seen:
        await seen.until(lambda: seen.listings == 1)
        assert "before" in seen.live
        await write.create(transport, config_maps, config_map(shop, "after"), field_manager="test")
        await seen.until(lambda: "after" in seen.live)
        await write.apply(transport, config_maps, config_map(shop, "before", key="two"), field_manager="x", force=True)
        await seen.until(lambda: seen.data("before") == {"key": "two"})
        live = await read.get(transport, config_maps, "before", namespace=shop)
        assert orjson.loads(seen.live["before"].raw) == live
        await write.delete(transport, config_maps, "before", namespace=shop)
        await seen.until(lambda: "before" not in seen.live)
        assert [gone.key.name for gone in seen.removed] == ["before"]
        assert orjson.loads(seen.removed[0].raw)["data"] == {"key": "two"}


async def test_a_selector_loses_what_no_longer_matches(transport: Transport, config_maps: Resource, shop: str) -> None:
    picked = config_map(shop, "a", labels={"pick": "yes"})
    await write.create(transport, config_maps, picked, field_manager="test")
    await write.create(transport, config_maps, config_map(shop, "b", labels={"pick": "no"}), field_manager="test")
    async with Watching(transport, config_maps, namespace=shop, label_selector="pick=yes") as seen:
        await seen.until(lambda: seen.listings == 1)
        assert list(seen.live) == ["a"]
        change = {"metadata": {"labels": {"pick": "no"}}}
        await write.patch(transport, config_maps, "a", change, patch_type="merge", namespace=shop)
        await seen.until(lambda: not seen.live)


async def test_an_empty_collection_is_listed(transport: Transport, deployments: Resource, shop: str) -> None:
    events = watch(transport, deployments, namespace=shop)
    async with aclosing(events), asyncio.timeout(10):
        (event,) = await anext(events)
        assert isinstance(event, Listed)
        assert (event.keys, event.resource_version != "") == (frozenset(), True)


async def test_metadata_alone(transport: Transport, config_maps: Resource, shop: str) -> None:
    await write.create(transport, config_maps, config_map(shop, "a", key="value"), field_manager="test")
    async with Watching(transport, config_maps, namespace=shop, metadata_only=True) as seen:
        await seen.until(lambda: seen.listings == 1)
        assert seen.data("a") is None


async def test_a_thousand_changes_arrive(transport: Transport, config_maps: Resource, shop: str) -> None:
    async def churn(number: int) -> None:
        for turn in range(10):
            body = config_map(shop, f"m{number}", turn=str(turn), filler="x" * 2000)
            await write.apply(transport, config_maps, body, field_manager="test", force=True)

    async with Watching(transport, config_maps, namespace=shop) as seen:
        await seen.until(lambda: seen.listings == 1)
        await asyncio.gather(*(churn(number) for number in range(20)))
        await seen.until(lambda: [(seen.data(f"m{n}") or {}).get("turn") for n in range(20)] == ["9"] * 20)
        assert seen.upserts >= 200
