"""The Nodes that Pods of an application run on, and how much of them it asks for."""

import asyncio
from collections.abc import Iterable, Mapping

import msgspec

from trimtab.clock import Clock
from trimtab.controller.clusters import ClusterHandle
from trimtab.errors import TrimtabError
from trimtab.health.read import at, text
from trimtab.kube import read
from trimtab.model.keys import Manifest
from trimtab.server.live.describe import Seen
from trimtab.server.live.nodes import Host, HostResource, SystemInfo
from trimtab.server.live.quantities import milli

FRESH_SECONDS = 60.0
MOST = 200
"""Nodes that one tree shows."""


class Nodes:
    """The Nodes of a cluster, each kept for a moment. One that may not be read is not shown."""

    def __init__(self, cluster: ClusterHandle, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._known: dict[str, tuple[float, Manifest | None]] = {}

    async def hosts(self, pods: Iterable[Seen], *, labels: Iterable[str] = ()) -> tuple[Host, ...]:
        """By name. `labels`: the labels of Nodes that may be shown (`application.allowedNodeLabels`)."""
        placed: dict[str, list[Seen]] = {}
        for pod in pods:
            if pod.host:
                placed.setdefault(pod.host, []).append(pod)
        names = sorted(placed)[:MOST]
        nodes = await asyncio.gather(*(self._node(name) for name in names))
        allowed = tuple(labels)
        return tuple(host(node, placed[name], allowed) for name, node in zip(names, nodes, strict=True) if node)

    async def _node(self, name: str) -> Manifest | None:
        now = self._clock.monotonic()
        until, node = self._known.get(name, (0.0, None))
        if now < until:
            return node
        try:
            resource = await self._cluster.discovery.find("", "Node")
            node = await read.get(self._cluster.transport, resource, name)
        except TrimtabError:
            node = None
        self._known = {known: kept for known, kept in self._known.items() if now < kept[0]}
        self._known[name] = (now + FRESH_SECONDS, node)
        return node


def host(node: Manifest, pods: Iterable[Seen], labels: Iterable[str]) -> Host:
    """A Node as the tree shows it. What Pods of others ask for is not counted."""
    asked = [pod.requests for pod in pods]
    shown = {label: text(node, "metadata", "labels", label) for label in labels}
    requested: Mapping[str, int] = {"cpu": sum(one.cpu for one in asked), "memory": sum(one.memory for one in asked)}
    return Host(
        name=text(node, "metadata", "name"),
        resources_info=tuple(
            HostResource(
                resource_name=name, requested_by_app=sent, capacity=milli(at(node, "status", "capacity", name))
            )
            for name, sent in requested.items()
        ),
        system_info=_system(node),
        labels={label: value for label, value in shown.items() if value},
    )


def _system(node: Manifest) -> SystemInfo:
    try:
        return msgspec.convert(at(node, "status", "nodeInfo") or {}, SystemInfo)
    except msgspec.ValidationError:
        return SystemInfo()
