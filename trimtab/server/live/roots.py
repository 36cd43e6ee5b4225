"""The live objects of an application itself: those tracked to it, and those that its status reports."""

import asyncio

from msgspec import Struct

from trimtab.access.project import Limits
from trimtab.kube import read
from trimtab.kube.discovery import UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.live.entry import Entry, entry_of
from trimtab.model.application import ResourceStatus
from trimtab.model.keys import Kind, ObjectKey
from trimtab.server.live.subject import Looked

MOST_READS = 16


class Roots(Struct, frozen=True):
    """`missing`: declared, and not there."""

    entries: dict[ObjectKey, Entry]
    missing: dict[ObjectKey, Kind]


async def roots(subject: Looked, limits: Limits) -> Roots:
    """Git is not asked: what is declared is read off the status. What the project does not permit is none.

    Raises TrimtabError where a kind cannot be watched.
    """
    cluster = subject.cluster
    reported = {_key(resource): resource for resource in subject.app.status.resources}
    reported = {key: resource for key, resource in reported.items() if not limits.object_refusal(key)}
    await cluster.watch_kinds({(key.group, key.kind) for key in reported})
    tracked = cluster.live.tracked(subject.instance)
    entries = {key: entry for key, entry in tracked.items() if not limits.object_refusal(key)}
    limit = asyncio.Semaphore(MOST_READS)

    async def one(key: ObjectKey, resource: ResourceStatus) -> None:
        async with limit:
            entry = cluster.live.get(key) or await _read(subject, key, resource)
        if entry is not None:
            entries[key] = entry

    await asyncio.gather(*(one(key, resource) for key, resource in reported.items() if key not in entries))
    missing = {
        key: Kind(resource.group, resource.version, resource.kind)
        for key, resource in reported.items()
        if key not in entries and not resource.hook and not resource.requires_pruning
    }
    return Roots(entries, missing)


async def _read(subject: Looked, key: ObjectKey, resource: ResourceStatus) -> Entry | None:
    """An object that nothing tracks yet, and that the cache has no body of."""
    cluster = subject.cluster
    if cluster.live.presence(key) == "absent":
        return None
    try:
        found = await cluster.discovery.find(key.group, key.kind, version=resource.version)
        return entry_of(await read.get_observed(cluster.transport, found, key.name, namespace=key.namespace))
    except (NotFound, UnknownKind):
        return None


def _key(resource: ResourceStatus) -> ObjectKey:
    return ObjectKey(resource.group, resource.kind, resource.namespace, resource.name)
