"""Suspected differences confirmed, or dispelled, by a server-side dry run: the API server itself says what an apply
does.
"""

import asyncio
from collections.abc import Iterable

import orjson
from msgspec.structs import replace

from trimtab.apply.cluster import Cluster
from trimtab.apply.send import send
from trimtab.compare.comparison import Item, Verdict
from trimtab.compare.prepare import TargetObject
from trimtab.compare.structural import MISSING, Difference, differences
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.model.keys import Manifest, ObjectKey

PARALLEL = 16
ATTEMPTS = 3
SERVER_WRITTEN = ("managedFields", "resourceVersion", "generation")


async def confirm(suspects: Iterable[Item], cluster: Cluster) -> dict[ObjectKey, Verdict]:
    """Settled verdicts of `suspects`. Raises Retry when the cluster does not answer."""
    limit = asyncio.Semaphore(PARALLEL)

    async def one(item: Item) -> tuple[ObjectKey, Verdict]:
        async with limit:
            return item.key, await _settle(item, cluster)

    return dict(await asyncio.gather(*(one(item) for item in suspects)))


async def _settle(item: Item, cluster: Cluster) -> Verdict:
    """The verdict on the state that the dry run started from, which may be newer than the one in the cache."""
    target, entry = item.target, item.live
    if target is None or entry is None:
        return replace(item.verdict, suspected=False)
    live = entry.manifest()
    try:
        resource = await cluster.resource(item.kind)
        for _ in range(ATTEMPTS):
            predicted = await _predicted(target, resource, cluster)
            if _state(predicted) == _state(live):
                break
            live = await read.get(cluster.transport, resource, item.key.name, namespace=item.key.namespace)
    except NotFound:
        return replace(item.verdict, suspected=False)
    except Stalled as refusal:
        return replace(item.verdict, suspected=False, note=refusal.message)
    found = predicted_differences(predicted, live, item.verdict)
    version = live["metadata"]["resourceVersion"]
    suspicion = item.verdict.suspicion if version == entry.version else ""
    return replace(item.verdict, suspected=False, differences=found, live_version=version, suspicion=suspicion)


async def _predicted(target: TargetObject, resource: Resource, cluster: Cluster) -> Manifest:
    predicted: Manifest = orjson.loads(await send(target, resource, cluster, dry_run=True))
    return predicted


def _state(manifest: Manifest) -> tuple[str, str]:
    """Manifests of one state can be laid beside each other. (A dry run that would create has no resource version.)"""
    return manifest["metadata"].get("resourceVersion", ""), manifest["apiVersion"]


def predicted_differences(predicted: Manifest, live: Manifest, verdict: Verdict) -> tuple[Difference, ...]:
    """What an apply would really change. Before a takeover a dry run cannot show removals: those found stay."""
    predicted, live = _comparable(predicted), _comparable(live)
    removals = tuple(d for d in verdict.differences if d.target is MISSING) if verdict.takeover else ()
    if _without_ownership(predicted) == _without_ownership(live):
        return removals
    exact = (d for d in differences(_without_ownership(predicted), live) if d.path != "apiVersion")
    return (*exact, *removals) or verdict.differences


def _comparable(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in SERVER_WRITTEN[1:]}
    return {**{k: v for k, v in manifest.items() if k != "status"}, "metadata": metadata}


def _without_ownership(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in SERVER_WRITTEN}
    return {**manifest, "metadata": metadata}
