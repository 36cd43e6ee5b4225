"""How a command looks at one application: what Git declares for it, and what runs."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from trimtab.compare.comparison import Item, Verdict
from trimtab.compare.prepare import Scope
from trimtab.live.entry import Entry
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.target import Target


class KubeFacts(Struct, frozen=True):
    """What charts ask about a cluster."""

    version: str = ""
    api_versions: tuple[str, ...] = ()


class View(Protocol):
    """Raises Stalled and Retry."""

    async def targets(self, revision: str = "") -> tuple[Target, ...]:
        """What Git declares, at `revision` instead of the one that the (only) source names."""
        ...

    async def facts(self) -> KubeFacts:
        """Of the cluster that the application deploys to."""
        ...

    async def scopes(self, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scope]:
        """The scope of each kind that is known there; the others are left out."""
        ...

    async def entries(self, kinds: Mapping[ObjectKey, Kind]) -> dict[ObjectKey, Entry]:
        """Those of the objects that exist."""
        ...

    async def confirm(self, suspects: Iterable[Item]) -> dict[ObjectKey, Verdict]:
        """What looks different, settled by the API server."""
        ...
