"""Suspicions settled by a real API server's dry runs: dispelled, confirmed, overtaken, refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tools.controlplane.run import ControlPlane
from trimtab.apply.dry_run import confirm
from trimtab.compare.comparison import Comparison, Item, compare
from trimtab.compare.prepare import Identity, prepare
from trimtab.kube import read, write
from trimtab.kube.config import load
from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.live.entry import entry_of
from trimtab.live.store import LiveStore
from trimtab.model.keys import Kind, Manifest, ObjectKey, kind_of
from trimtab.model.names import FIELD_MANAGER
from trimtab.model.observed import Observed
from trimtab.model.target import Target


class Cluster:
    """What `confirm` needs of a cluster, without watches."""

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)
        self.live = LiveStore()
        self.writing = asyncio.Semaphore(1)
        self.namespace = namespace

    def take_in(self, observed: Observed) -> None:
        raise AssertionError("nothing is written")

    async def resource(self, kind: Kind) -> Resource:
        return await self.discovery.find(kind.group, kind.kind, version=kind.version)

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        raise AssertionError("nothing is waited for")

    async def applied(self, target: Manifest) -> Observed:
        (made,) = self.prepared(target).objects
        resource = await self.resource(made.kind)
        await write.apply(self.transport, resource, made.manifest(), field_manager=FIELD_MANAGER, force=True)
        return await self.seen(target)

    async def patched(self, target: Manifest, body: Any) -> Observed:
        resource = await self.resource(kind_of(target))
        await write.patch(
            self.transport,
            resource,
            target["metadata"]["name"],
            body,
            patch_type="merge",
            namespace=self.namespace,
            field_manager="person",
        )
        return await self.seen(target)

    async def seen(self, target: Manifest) -> Observed:
        resource = await self.resource(kind_of(target))
        return await read.get_observed(self.transport, resource, target["metadata"]["name"], namespace=self.namespace)

    def prepared(self, target: Manifest) -> Any:
        kind = kind_of(target)
        identity = Identity("shop", self.namespace)
        return prepare([Target(target, "a file")], identity=identity, scopes={(kind.group, kind.kind): "Namespaced"})

    def compared(self, target: Manifest, live: Observed) -> Comparison:
        return compare(self.prepared(target), instance="shop", live={live.key: entry_of(live)}, known={})

    async def settled(self, target: Manifest, live: Observed) -> Item:
        """The only item, which was suspected."""
        comparison = self.compared(target, live)
        suspects = comparison.suspects()
        assert suspects
        (item,) = comparison.settled(await confirm(suspects, self)).items
        assert not item.verdict.suspected
        return item


@pytest.fixture
async def cluster(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Cluster]:
    async with Transport(load(control_plane.kubeconfig(), None)) as transport:
        yield Cluster(transport, namespace)


def config_map(**data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": data}


LIMITS: Manifest = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "limits"},
    "spec": {"limits": [{"type": "Container", "default": {"cpu": "0.5"}}]},
}


async def test_what_the_server_makes_of_it_is_no_difference(cluster: Cluster) -> None:
    item = await cluster.settled(LIMITS, await cluster.applied(LIMITS))
    assert (item.status, item.verdict.note) == ("Synced", "")


async def test_a_drift_is_told_exactly(cluster: Cluster) -> None:
    await cluster.applied(config_map(a="1", b="2"))
    live = await cluster.patched(config_map(), {"data": {"a": "9", "c": "3"}})
    item = await cluster.settled(config_map(a="1", b="2"), live)
    (difference,) = item.verdict.differences
    assert (difference.path, difference.target, difference.live) == ("data.a", "1", "9")
    assert (difference.manager, difference.time != "") == ("person", True)


async def test_what_was_put_right_meanwhile_is_judged_as_it_is_now(cluster: Cluster) -> None:
    target = config_map(a="1")
    await cluster.applied(target)
    drifted = await cluster.patched(target, {"data": {"a": "9"}})
    righted = await cluster.patched(target, {"data": {"a": "1"}})
    item = await cluster.settled(target, drifted)
    assert (item.status, item.verdict.live_version) == ("Synced", righted.meta.resource_version)
    drifted_again = await cluster.patched(target, {"data": {"a": "9"}})
    known = {item.key: item.verdict}
    entry = entry_of(drifted_again)
    again = compare(cluster.prepared(target), instance="shop", live={item.key: entry}, known=known)
    assert again.suspects()


async def test_what_is_deleted_meanwhile_raises_nothing(cluster: Cluster) -> None:
    target = config_map(a="1")
    await cluster.applied(target)
    drifted = await cluster.patched(target, {"data": {"a": "9"}})
    resource = await cluster.resource(kind_of(target))
    await write.delete(cluster.transport, resource, "one", namespace=cluster.namespace)
    item = await cluster.settled(target, drifted)
    assert item.status == "OutOfSync"


def autoscaler(version: str, **spec: Any) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3, **spec},
    }


async def test_an_object_watched_in_another_version(cluster: Cluster) -> None:
    target = autoscaler("v1", targetCPUUtilizationPercentage=60)
    await cluster.applied(target)
    item = await cluster.settled(target, await cluster.seen(autoscaler("v2")))
    assert item.status == "Synced"
    live = await cluster.patched(autoscaler("v2"), {"spec": {"maxReplicas": 5}})
    item = await cluster.settled(target, live)
    assert [(d.path, d.target, d.live) for d in item.verdict.differences] == [("spec.maxReplicas", 3, 5)]


async def test_a_refused_dry_run_is_noted_without_a_secrets_values(cluster: Cluster) -> None:
    before = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "aHVudGVyMg=="}}
    live = await cluster.applied({**before, "immutable": True})
    after = {**before, "immutable": True, "data": {"a": "c2VjcmV0"}}
    item = await cluster.settled(after, live)
    assert item.status == "OutOfSync"
    assert "field is immutable when `immutable` is set" in item.verdict.note
    shown = orjson.dumps([item.verdict.note, [str(d) for d in item.verdict.differences]]).decode()
    assert not any(value in shown for value in ("aHVudGVyMg==", "c2VjcmV0", "hunter2", 'secret"'))
