"""What an API server says that it serves."""

import asyncio
import secrets

import pytest

from tests.kube.objects import crd
from trimtab.kube import read, write
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport


async def test_the_kinds_that_every_server_has(discovery: Discovery, transport: Transport) -> None:
    deployment = await discovery.find("apps", "Deployment")
    assert (deployment.plural, deployment.namespaced) == ("deployments", True)
    assert {"get", "list", "watch", "create", "patch", "update", "delete"} <= deployment.verbs
    assert not (await discovery.find("rbac.authorization.k8s.io", "ClusterRole")).namespaced
    assert {"v1", "v1/Pod", "apps/v1", "apps/v1/Deployment"} <= set(await discovery.api_versions())
    assert (await discovery.version()).startswith("v1.")


async def test_a_crd_comes_and_goes(discovery: Discovery, transport: Transport) -> None:
    group = f"acme-{secrets.token_hex(3)}.example"
    with pytest.raises(UnknownKind):
        await discovery.find(group, "Widget")
    crds = await discovery.find("apiextensions.k8s.io", "CustomResourceDefinition")
    await write.create(transport, crds, crd(group, "widgets", "Widget"), field_manager="test")
    widgets = await appears(discovery, group, "Widget")
    body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
    await write.apply(transport, widgets, {**body, "spec": {"size": 3}}, field_manager="test", force=True)
    (observed,) = await read.list_observed(transport, widgets)
    assert (await read.get(transport, widgets, "w", namespace="default"))["spec"] == {"size": 3}
    assert observed.key == widgets.key("w", namespace="default")
    await write.delete(transport, crds, f"widgets.{group}")


async def appears(discovery: Discovery, group: str, kind: str) -> Resource:
    """A new kind is served a moment after its CRD."""
    async with asyncio.timeout(10):
        while True:
            discovery.invalidate()
            try:
                return await discovery.find(group, kind)
            except UnknownKind:
                await asyncio.sleep(0.05)
