"""Discovery on a real API server: both of its forms say the same, and one broken group hurts nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tools.controlplane.run import ControlPlane
from trimtab.kube import discovery as discovering
from trimtab.kube import write
from trimtab.kube.config import load
from trimtab.kube.discovery import Discovery, GroupUnavailable, UnknownKind
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest


@pytest.fixture
async def transport(control_plane: ControlPlane) -> AsyncIterator[Transport]:
    async with Transport(load(control_plane.kubeconfig(), None)) as connected:
        yield connected


async def test_the_older_form_says_the_same(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    aggregated = Discovery(transport)
    kinds, versions = set(await aggregated.resources()), await aggregated.api_versions()
    assert transport.stats.requests.total() == 2
    monkeypatch.setattr(discovering, "_AGGREGATED", "application/json")
    legacy = Discovery(transport)
    assert set(await legacy.resources()) == kinds
    assert await legacy.api_versions() == versions
    assert transport.stats.requests.total() > 20


async def test_a_group_whose_server_does_not_answer(transport: Transport) -> None:
    discovery = Discovery(transport)
    services = await discovery.find("apiregistration.k8s.io", "APIService")
    spec = {
        "group": "broken.example",
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 10,
        "insecureSkipTLSVerify": True,
        "service": {"name": "nobody", "namespace": "default"},
    }
    body = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": spec}
    named: Manifest = {**body, "metadata": {"name": "v1.broken.example"}}
    await write.create(transport, services, named, field_manager="test")
    try:
        await becomes_unavailable(discovery)
        assert (await discovery.find("apps", "Deployment")).plural == "deployments"
    finally:
        await write.delete(transport, services, "v1.broken.example")


async def becomes_unavailable(discovery: Discovery) -> None:
    """The server notices a moment after it has been told of the group."""
    async with asyncio.timeout(20):
        while True:
            discovery.invalidate()
            try:
                await discovery.find("broken.example", "Thing")
            except UnknownKind:
                await asyncio.sleep(0.1)
            except GroupUnavailable as error:
                assert "check APIService v1.broken.example" in error.message
                return
