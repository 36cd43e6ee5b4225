"""Objects in memory: collections sorted by key, one resource version for all, and a window of history to watch from."""

import asyncio
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

import orjson
from msgspec import Struct

from trimtab.model.keys import Manifest

Name = tuple[str, str]
"""Namespace ("" when cluster-scoped) and name."""

EventType = Literal["ADDED", "MODIFIED", "DELETED"]


class Stored(Struct, frozen=True, eq=False, gc=False):
    """An object and its JSON. `tail` is the JSON after `kind` and `apiVersion`, which differ by served version.

    Nobody changes `manifest`: it is shared by everyone who reads.
    """

    name: Name
    manifest: Manifest
    tail: bytes
    version: int


class Event(Struct, frozen=True, eq=False, gc=False):
    """A change. `before` is the state that it replaced, None for a new object."""

    type: EventType
    version: int
    stored: Stored
    before: Stored | None


Listener = Callable[[str, Event], None]


class Collection:
    """The objects of one resource."""

    def __init__(self, name: str, window: int) -> None:
        self.name = name
        self.objects: dict[Name, Stored] = {}
        self.history: deque[Event] = deque()
        self.expired_before = 0
        self.subscribers: set[asyncio.Queue[Event | None]] = set()
        self._window = window
        self._keys: list[Name] = []

    def keys(self, namespace: str = "", after: Name = ("", "")) -> Iterator[Name]:
        """Keys in order, of one namespace when given, strictly after `after`."""
        start = bisect_left(self._keys, max((namespace, ""), (after[0], after[1] + "\0") if after[1] else ("", "")))
        for key in self._keys[start:]:
            if namespace and key[0] != namespace:
                return
            yield key

    def record(self, event: Event) -> None:
        key = event.stored.name
        if event.type == "DELETED":
            del self.objects[key]
            del self._keys[bisect_left(self._keys, key)]
        else:
            if key not in self.objects:
                insort(self._keys, key)
            self.objects[key] = event.stored
        self.history.append(event)
        while len(self.history) > self._window:
            self.expired_before = self.history.popleft().version
        for queue in self.subscribers:
            queue.put_nowait(event)

    def since(self, version: int) -> list[Event]:
        """Events after `version`, oldest first."""
        found: list[Event] = []
        for event in reversed(self.history):
            if event.version <= version:
                break
            found.append(event)
        return found[::-1]


class Store:
    """All collections. `listeners` hear of every change at once (garbage collection, controllers)."""

    def __init__(self, *, window: int) -> None:
        self.version = 1
        self.listeners: list[Listener] = []
        self._collections: dict[str, Collection] = {}
        self._window = window

    def collection(self, name: str) -> Collection:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = Collection(name, self._window)
        return found

    def collections(self) -> list[Collection]:
        return list(self._collections.values())

    def get(self, collection: str, namespace: str, name: str) -> Stored | None:
        return self.collection(collection).objects.get((namespace, name))

    def put(self, collection: str, manifest: Manifest) -> Stored:
        """Store a new state; its resourceVersion is set here, in place."""
        self.version += 1
        stored = seal(manifest, self.version)
        before = self.collection(collection).objects.get(stored.name)
        self._tell(collection, Event("MODIFIED" if before else "ADDED", self.version, stored, before))
        return stored

    def remove(self, collection: str, stored: Stored) -> Stored:
        """Delete; the last state carries the version of the deletion, as watchers see it."""
        self.version += 1
        last = seal({**stored.manifest, "metadata": dict(stored.manifest["metadata"])}, self.version)
        self._tell(collection, Event("DELETED", self.version, last, stored))
        return last

    def _tell(self, collection: str, event: Event) -> None:
        self.collection(collection).record(event)
        for listener in self.listeners:
            listener(collection, event)

    def expire(self, collection: str) -> None:
        """Forget the history of a collection, as compaction does: watches from an older version get 410."""
        found = self.collection(collection)
        found.history.clear()
        found.expired_before = self.version


def seal(manifest: Manifest, version: int) -> Stored:
    """Set resourceVersion (when `version` is not 0) and encode."""
    metadata = manifest["metadata"]
    if version:
        metadata["resourceVersion"] = str(version)
    tail = orjson.dumps({name: value for name, value in manifest.items() if name not in ("kind", "apiVersion")})[1:]
    # orjson over-allocates what it returns; a copy is what lives on.
    name = (metadata.get("namespace", ""), metadata.get("name", ""))
    return Stored(name=name, manifest=manifest, tail=bytes(memoryview(tail)), version=version)
