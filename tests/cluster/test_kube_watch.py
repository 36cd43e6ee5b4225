"""Watches on a real API server that restarts, forgets its history, and streams its lists."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.kube.objects import config_map
from tests.kube.watching import Watching
from tests.servers.gate import Gate
from tools.controlplane.run import ControlPlane
from trimtab.errors import Retry
from trimtab.kube import read, write
from trimtab.kube.config import load
from trimtab.kube.errors import Gone
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind

NAMESPACES = Resource(Kind("", "v1", "Namespace"), "namespaces", namespaced=False)
CONFIG_MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", namespaced=True)


@pytest.fixture
async def transport(control_plane: ControlPlane) -> AsyncIterator[Transport]:
    async with Transport(load(control_plane.kubeconfig(), None)) as connected:
        yield connected


@pytest.fixture
async def shop(transport: Transport) -> str:
    """A fresh namespace. Nobody waits until it takes Pods: the controllers are slow to come back after a restart."""
    name = f"shop-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    async with asyncio.timeout(20):
        while True:
            try:
                await write.create(transport, NAMESPACES, body, field_manager="test")
            except Retry:
                await asyncio.sleep(0.1)
            else:
                return name


async def put(transport: Transport, namespace: str, name: str, *, turn: str = "") -> None:
    body = config_map(namespace, name, turn=turn)
    await write.apply(transport, CONFIG_MAPS, body, field_manager="test", force=True)


async def test_lists_are_streamed_where_that_is_served(transport: Transport, shop: str) -> None:
    async with Watching(transport, CONFIG_MAPS, namespace=shop) as seen:
        await seen.until(lambda: seen.listings == 1)
    assert transport.stats.requests["list"] == 0
    assert transport.stats.requests["watch"] == 1


@pytest.mark.parametrize("orderly, streamed", [(True, True), (False, False)], ids=["stopped", "killed, paged lists"])
async def test_a_watch_survives_a_restart(
    control_plane: ControlPlane, transport: Transport, shop: str, orderly: bool, streamed: bool
) -> None:
    transport.streams_lists = streamed
    for name in ("stays", "goes"):
        await put(transport, shop, name, turn="1")
    async with Watching(transport, CONFIG_MAPS, namespace=shop) as seen:
        await seen.until(lambda: seen.listings == 1)
        stop = control_plane.stop_apiserver if orderly else control_plane.kill_apiserver
        await asyncio.to_thread(stop)
        await asyncio.to_thread(control_plane.start_apiserver)
        await eventually_put(transport, shop, "new")
        await put(transport, shop, "stays", turn="2")
        await write.delete(transport, CONFIG_MAPS, "goes", namespace=shop)
        await seen.until(lambda: "new" in seen.live and seen.data("stays") == {"turn": "2"} and "goes" not in seen.live)
        gone = [last.key.name for last in seen.removed] + seen.vanished
        assert gone == ["goes"]
        assert seen.troubles[-1] is None or seen.listings > 1


async def test_what_vanished_while_we_were_cut_off_and_history_was_forgotten(
    control_plane: ControlPlane, transport: Transport, shop: str
) -> None:
    for name in ("stays", "goes"):
        await put(transport, shop, name)
    async with Gate(port_of(control_plane)) as gate:
        config = msgspec.structs.replace(transport.config, server=f"https://127.0.0.1:{gate.port}")
        async with Transport(config) as gated, Watching(gated, CONFIG_MAPS, namespace=shop) as seen:
            await seen.until(lambda: seen.listings == 1)
            await gate.shut()
            await write.delete(transport, CONFIG_MAPS, "goes", namespace=shop)
            await asyncio.to_thread(control_plane.compact)
            await asyncio.to_thread(control_plane.restart_apiserver)
            await gate.open()
            await seen.until(lambda: seen.listings == 2)
            assert "goes" not in seen.live
            assert (seen.vanished, seen.removed) == (["goes"], [])
            assert Gone in [type(trouble) for trouble in seen.troubles]


async def test_a_short_break_loses_nothing_and_lists_nothing(
    control_plane: ControlPlane, transport: Transport, shop: str
) -> None:
    await put(transport, shop, "goes")
    async with Gate(port_of(control_plane)) as gate:
        config = msgspec.structs.replace(transport.config, server=f"https://127.0.0.1:{gate.port}")
        async with Transport(config) as gated, Watching(gated, CONFIG_MAPS, namespace=shop) as seen:
            await seen.until(lambda: seen.listings == 1)
            await gate.shut()
            await write.delete(transport, CONFIG_MAPS, "goes", namespace=shop)
            await put(transport, shop, "comes")
            await gate.open()
            await seen.until(lambda: "comes" in seen.live)
            assert [last.key.name for last in seen.removed] == ["goes"]
            assert (seen.listings, seen.vanished) == (1, [])


def port_of(control_plane: ControlPlane) -> int:
    return int(control_plane.server.rpartition(":")[2])


async def test_a_list_whose_pages_expire_starts_over(
    control_plane: ControlPlane, transport: Transport, shop: str
) -> None:
    for number in range(6):
        await put(transport, shop, f"m{number}")
    pages = read.pages(
        transport, CONFIG_MAPS, namespace=shop, field_selector="metadata.name!=kube-root-ca.crt", limit=2
    )
    first = await anext(pages)
    assert [one.key.name for one in first.objects] == ["m0", "m1"]
    await write.delete(transport, CONFIG_MAPS, "m0", namespace=shop)
    await asyncio.to_thread(control_plane.compact)
    await asyncio.to_thread(control_plane.restart_apiserver)
    rest = [page async for page in pages]
    assert [(page.first, page.last) for page in rest] == [(True, True)]
    assert [one.key.name for one in rest[0].objects] == [f"m{number}" for number in range(1, 6)]


async def eventually_put(transport: Transport, namespace: str, name: str) -> None:
    """Just after its start the server may refuse what needs its caches."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await put(transport, namespace, name)
            except Retry:
                await asyncio.sleep(0.1)
