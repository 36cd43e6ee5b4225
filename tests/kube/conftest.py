"""The same tests on the sandbox and on a real API server: what `kube/` expects of either."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from trimtab.kube import write
from trimtab.kube.config import ClusterConfig, load
from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind
from trimtab.sandbox import Sandbox

NAMESPACES = Resource(Kind("", "v1", "Namespace"), "namespaces", namespaced=False)


@pytest.fixture(params=["sandbox", pytest.param("cluster", marks=pytest.mark.cluster)])
async def config(request: pytest.FixtureRequest) -> AsyncIterator[ClusterConfig]:
    if request.param == "cluster":
        yield load(request.getfixturevalue("control_plane").kubeconfig(), None)
        return
    async with Sandbox() as sandbox:
        yield ClusterConfig(server=sandbox.url, name="sandbox")


@pytest.fixture
async def transport(config: ClusterConfig) -> AsyncIterator[Transport]:
    async with Transport(config) as connected:
        yield connected


@pytest.fixture
def discovery(transport: Transport) -> Discovery:
    return Discovery(transport)


@pytest.fixture
async def shop(transport: Transport) -> AsyncIterator[str]:
    """A fresh namespace."""
    name = f"shop-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await write.create(transport, NAMESPACES, body, field_manager="test")
    yield name
    await write.delete(transport, NAMESPACES, name)


@pytest.fixture
async def config_maps(discovery: Discovery) -> Resource:
    return await discovery.find("", "ConfigMap")


@pytest.fixture
async def deployments(discovery: Discovery) -> Resource:
    return await discovery.find("apps", "Deployment")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the product runs on."""
    return {"uvloop": uvloop.new_event_loop}
