"""A scripted server and a transport to it, whose waits are over at once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.clocks import SwiftClock
from tests.servers.scripted import Scripted
from trimtab.kube.config import ClusterConfig
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with Scripted() as running:
        yield running


@pytest.fixture
def clock() -> SwiftClock:
    return SwiftClock()


@pytest.fixture
async def transport(server: Scripted, clock: SwiftClock) -> AsyncIterator[Transport]:
    async with Transport(ClusterConfig(server=server.url, name="test"), clock=clock) as connected:
        yield connected


@pytest.fixture
def config_maps() -> Resource:
    return Resource(Kind("", "v1", "ConfigMap"), "configmaps", namespaced=True)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the product runs on."""
    return {"uvloop": uvloop.new_event_loop}
