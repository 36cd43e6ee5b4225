"""All Applications in memory, in the orders that lists are asked for in; kept up to date change by change."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import Blocks
from trimtab.server.applications.header import Header
from trimtab.server.applications.stored import Stored

T = TypeVar("T")
Listener = Callable[[Stored | None, Stored | None], None]
"""Hears of each change: what was (None: nothing), what is (None: it is gone)."""
Place = tuple[str | int, str, str]
"""Where an application stands in an order: the value sorted by, then name and namespace."""

SYNC_RANK: Mapping[str, int] = {"Synced": 0, "": 1, "Unknown": 2, "OutOfSync": 3}
HEALTH_RANK: Mapping[str, int] = {
    "Healthy": 0,
    "Suspended": 1,
    "": 2,
    "Progressing": 3,
    "Unknown": 4,
    "Missing": 5,
    "Degraded": 6,
}
"""From good to bad."""

SORTS: Mapping[str, Callable[[Header], str | int]] = {
    "name": lambda header: header.name,
    "namespace": lambda header: header.namespace,
    "project": lambda header: header.project,
    "createdAt": lambda header: header.created,
    "sync": lambda header: SYNC_RANK.get(header.sync, len(SYNC_RANK)),
    "health": lambda header: HEALTH_RANK.get(header.health, len(HEALTH_RANK)),
    "cluster": lambda header: header.cluster or header.server,
}
"""What lists can be sorted by."""

RANKED = frozenset({"sync", "health"})
"""Of these, the ones sorted as numbers."""

REMEMBERED = 1000
"""Deletions that are remembered, for streams that begin where a list ended."""


class Removal(Struct, frozen=True):
    version: int
    last: Stored


class Catalogue:
    """What is known of each Application. `version`: the newest resourceVersion seen, as a number."""

    def __init__(self) -> None:
        self._apps: dict[AppKey, Stored] = {}
        self._orders: dict[str, list[Place]] = {}
        self._listeners: list[Listener] = []
        self.blocks = Blocks()
        self.removals: deque[Removal] = deque(maxlen=REMEMBERED)
        self.version = 0

    def __len__(self) -> int:
        return len(self._apps)

    def __iter__(self) -> Iterator[Stored]:
        """In no order."""
        return iter(list(self._apps.values()))

    def get(self, key: AppKey) -> Stored | None:
        return self._apps.get(key)

    def listen(self, listener: Listener) -> None:
        """Hear of every change from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def put(self, after: Stored) -> None:
        before = self._apps.get(after.key)
        if before is not None and before.uid == after.uid:
            after = replace(after, born=before.born)
        self._apps[after.key] = after
        self.version = max(self.version, after.header.version)
        self.blocks.put(after)
        for sort, order in self._orders.items():
            old, new = place(before, sort) if before else None, place(after, sort)
            if old != new:
                _take_out(order, old)
                insort(order, new)
        self._tell(before, after)

    def drop(self, key: AppKey, version: int) -> None:
        """`version`: the resourceVersion of its deletion."""
        self.version = max(self.version, version)
        before = self._apps.pop(key, None)
        if before is None:
            return
        self.removals.append(Removal(max(version, before.header.version), before))
        self.blocks.drop(before)
        for sort, order in self._orders.items():
            _take_out(order, place(before, sort))
        self._tell(before, None)

    def order(self, sort: str) -> list[Place]:
        """All of them, sorted by a name in `SORTS`; a copy."""
        if sort not in self._orders:
            self._orders[sort] = sorted(place(app, sort) for app in self._apps.values())
        return self._orders[sort].copy()

    def _tell(self, before: Stored | None, after: Stored | None) -> None:
        for listener in tuple(self._listeners):
            listener(before, after)


def place(app: Stored, sort: str) -> Place:
    return SORTS[sort](app.header), app.name, app.namespace


def beyond(order: list[T], last: Place | None, *, at: Callable[[T], Place], descending: bool) -> list[T]:
    """What comes after `last` in this order, whether `last` is still there or not. `at`: where one stands in it."""
    if descending:
        end = len(order) if last is None else bisect_left(order, last, key=at)
        return order[:end][::-1]
    return order if last is None else order[bisect_right(order, last, key=at) :]


def _take_out(order: list[Place], old: Place | None) -> None:
    if old is not None:
        at = bisect_left(order, old)
        if at < len(order) and order[at] == old:
            del order[at]
