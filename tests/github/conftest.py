"""A scripted GitHub and a client of it, whose waits are over at once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.clocks import SwiftClock
from tests.servers.scripted import Scripted
from trimtab.github.client import GitHub
from trimtab.github.endpoints import Endpoints
from trimtab.github.tokens import Given

TOKEN = "ghp_s3cr3t"


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with Scripted() as running:
        yield running


@pytest.fixture
def clock() -> SwiftClock:
    return SwiftClock()


@pytest.fixture
def endpoints(server: Scripted) -> Endpoints:
    return Endpoints(web=server.url, api=server.url)


@pytest.fixture
async def github(endpoints: Endpoints, clock: SwiftClock) -> AsyncIterator[GitHub]:
    async with GitHub(endpoints, Given(TOKEN), clock=clock) as connected:
        yield connected


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the product runs on."""
    return {"uvloop": uvloop.new_event_loop}
