"""A target cluster read object by object: a command looks once, so it watches nothing."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

from trimtab.cli.applications import Applications
from trimtab.compare.prepare import Scope
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.live.entry import Entry, entry_of
from trimtab.live.store import LiveStore
from trimtab.model.application import Application
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.model.observed import Observed

PARALLEL = 16


class DirectCluster:
    """Satisfies `apply.cluster.Cluster` as far as dry runs go; `live` stays empty."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)
        self.live = LiveStore()
        self.writing = asyncio.Semaphore(1)

    async def resource(self, kind: Kind) -> Resource:
        """How the cluster serves `kind`. Raises `UnknownKind`."""
        return await self.discovery.find(kind.group, kind.kind, version=kind.version)

    def take_in(self, observed: Observed) -> None:
        self.live.put(observed)

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        """Nothing is watched: return after `timeout` seconds."""
        await self.transport.clock.sleep(timeout)

    async def scopes(self, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scope]:
        """The scope of each kind that is served; the others are left out."""
        found: dict[tuple[str, str], Scope] = {}
        for group, kind in kinds:
            with contextlib.suppress(UnknownKind):
                resource = await self.discovery.find(group, kind)
                found[(group, kind)] = "Namespaced" if resource.namespaced else "Cluster"
        return found

    async def entries(self, kinds: Mapping[ObjectKey, Kind]) -> dict[ObjectKey, Entry]:
        """Those of the objects that exist."""
        limit = asyncio.Semaphore(PARALLEL)

        async def one(key: ObjectKey, kind: Kind) -> Entry | None:
            async with limit:
                with contextlib.suppress(NotFound, UnknownKind):
                    resource = await self.resource(kind)
                    found = await read.get_observed(self.transport, resource, key.name, namespace=key.namespace)
                    return entry_of(found)
            return None

        read_ = await asyncio.gather(*(one(key, kind) for key, kind in kinds.items()))
        return {entry.key: entry for entry in read_ if entry is not None}


def destination_of(app: Application, applications: Applications) -> DirectCluster:
    """The cluster that `app` deploys to. Raises Stalled when it is another one than that of the Application."""
    wanted = app.spec.destination
    if (wanted.server or IN_CLUSTER_SERVER, wanted.name or IN_CLUSTER_NAME) != (IN_CLUSTER_SERVER, IN_CLUSTER_NAME):
        raise Stalled(
            f"Application {app.metadata.name} deploys to {wanted.name or wanted.server}; "
            "this command looks only into the cluster that holds the Application"
        )
    return DirectCluster(applications.transport)


def reported(app: Application) -> dict[ObjectKey, Kind]:
    """The objects that the status says belong to the application."""
    return {
        ObjectKey(group=one.group, kind=one.kind, namespace=one.namespace, name=one.name): Kind(
            group=one.group, version=one.version, kind=one.kind
        )
        for one in app.status.resources
    }
