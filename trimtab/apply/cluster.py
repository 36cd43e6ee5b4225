"""What the writer needs of a cluster; `controller/clusters.py` has the real one."""

import asyncio
from typing import Protocol

from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.live.store import LiveStore
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.observed import Observed


class Cluster(Protocol):
    """A target cluster with its watch cache."""

    @property
    def transport(self) -> Transport: ...

    @property
    def discovery(self) -> Discovery: ...

    @property
    def live(self) -> LiveStore: ...

    @property
    def writing(self) -> asyncio.Semaphore:
        """Held while the objects of a step are written: so many syncs write side by side, the others wait in line."""
        ...

    async def resource(self, kind: Kind) -> Resource:
        """How the cluster serves `kind`, with its objects watched. Raises `UnknownKind`."""
        ...

    def take_in(self, observed: Observed) -> None:
        """Put the answer to a write into the cache."""
        ...

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        """Return when one of `keys` changes in the cache, or after `timeout` seconds."""
        ...
