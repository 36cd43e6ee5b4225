"""The watch cache of one cluster: a fold over watch events, indexed by application.

Bodies are kept only for objects that an application tracks or wants. Every other object of a watched kind leaves one
number behind (a hash of its name), so that "does not exist" needs no request.

Answers to our own writes are taken in at once, ahead of the watch; what the watch tells of the time before them is
passed over.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct, field

from trimtab.live.entry import Entry, entry_of
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent
from trimtab.model.tracking import owner_of

GroupKind = tuple[str, str]
Presence = Literal["kept", "unread", "absent", "unknown"]
"""kept: its body is here; unread: it exists, read it; absent: it does not exist; unknown: its kind is not listed."""


class _Shelf(Struct):
    """What is known of one kind.

    `others`: marks of the objects without a body. `ahead`: the versions of answers that the watch has not caught up
    with. `seen`: how far the watch has come.
    """

    entries: dict[ObjectKey, Entry] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)
    ahead: dict[ObjectKey, int] = field(default_factory=dict)
    seen: int = 0
    listed: bool = False

    def is_overtaken(self, observed: Observed) -> bool:
        """Is this older than an answer that we have? Notes when the watch has caught up."""
        version = _number(observed.meta.resource_version)
        self.seen = max(self.seen, version)
        ahead = self.ahead.get(observed.key)
        if ahead is None:
            return False
        if 0 < version < ahead:
            return True
        del self.ahead[observed.key]
        return False

    def is_past(self, observed: Observed, *, wanted: bool) -> bool:
        """Has the watch told of something newer? A wanted object that it told of before it was wanted is read late."""
        known = self.entries.get(observed.key)
        version = observed.meta.resource_version
        if known is not None:
            return not _newer(version, known.version)
        read = wanted and _mark(observed.key) in self.others
        return not read and 0 < _number(version) <= self.seen


class LiveStore:
    """Mutable, single-threaded. Every change tells which applications (instance names) it concerns."""

    def __init__(self) -> None:
        self._shelves: dict[GroupKind, _Shelf] = {}
        self._by_instance: dict[str, dict[ObjectKey, Entry]] = {}
        self._wanting: dict[ObjectKey, tuple[str, ...]] = {}
        self._wanted_by: dict[str, frozenset[ObjectKey]] = {}

    def fold(self, group_kind: GroupKind, events: Iterable[WatchEvent]) -> set[str]:
        """Take events of one kind in; the instances whose objects changed."""
        touched: set[str] = set()
        shelf = self._shelves.setdefault(group_kind, _Shelf())
        for event in events:
            match event:
                case Upserted(observed):
                    if not shelf.is_overtaken(observed):
                        touched |= self._upsert(shelf, observed)
                case Removed(last):
                    if not shelf.is_overtaken(last):
                        shelf.others.discard(_mark(last.key))
                        touched |= self._drop(shelf, last.key)
                case Listed():
                    touched |= self._keep_only(shelf, event)
        return touched

    def put(self, observed: Observed) -> set[str]:
        """Take in the answer to a read or a write; an older state than the one known is ignored."""
        key = observed.key
        shelf = self._shelves.setdefault((key.group, key.kind), _Shelf())
        if shelf.is_past(observed, wanted=key in self._wanting):
            return set()
        touched = self._upsert(shelf, observed)
        if key in shelf.entries:
            shelf.ahead[key] = _number(observed.meta.resource_version)
        return touched

    def want(self, instance: str, keys: frozenset[ObjectKey]) -> None:
        """Say which objects the targets of `instance` name: their bodies are kept though nothing tracks them yet."""
        before = self._wanted_by.get(instance, frozenset())
        if before == keys:
            return
        for key in before - keys:
            wanting = tuple(other for other in self._wanting.get(key, ()) if other != instance)
            if wanting:
                self._wanting[key] = wanting
            else:
                self._wanting.pop(key, None)
                self._forget_unless_tracked(key)
        for key in keys - before:
            self._wanting[key] = (*self._wanting.get(key, ()), instance)
        if keys:
            self._wanted_by[instance] = keys
        else:
            self._wanted_by.pop(instance, None)

    def tracked(self, instance: str) -> Mapping[ObjectKey, Entry]:
        """The objects tracked to `instance`."""
        return self._by_instance.get(instance, {})

    def get(self, key: ObjectKey) -> Entry | None:
        """The entry of `key`, None where `presence` is not "kept"."""
        shelf = self._shelves.get((key.group, key.kind))
        return shelf.entries.get(key) if shelf else None

    def presence(self, key: ObjectKey) -> Presence:
        """What is known of `key`."""
        shelf = self._shelves.get((key.group, key.kind))
        if shelf is None:
            return "unknown"
        if key in shelf.entries:
            return "kept"
        if _mark(key) in shelf.others:
            return "unread"
        return "absent" if shelf.listed else "unknown"

    def forget_kind(self, group_kind: GroupKind) -> set[str]:
        """The kind is no longer served or watched: nothing is known of it any more."""
        touched: set[str] = set()
        shelf = self._shelves.pop(group_kind, None)
        for key in list(shelf.entries) if shelf else ():
            touched |= self._drop(shelf, key) if shelf else set()
        return touched

    def __len__(self) -> int:
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def _upsert(self, shelf: _Shelf, observed: Observed) -> set[str]:
        key = observed.key
        known = shelf.entries.get(key)
        if known and known.version == observed.meta.resource_version:
            return set()
        owner = owner_of(key, observed.meta.annotations)
        wanting = self._wanting.get(key, ())
        if not owner and not wanting:
            touched = self._drop(shelf, key)
            shelf.others.add(_mark(key))
            return touched
        touched = {owner, known.instance, *wanting} if known else {owner, *wanting}
        shelf.others.discard(_mark(key))
        self._set(shelf, entry_of(observed, sys.intern(owner)))
        touched.discard("")
        return touched

    def _set(self, shelf: _Shelf, entry: Entry) -> None:
        known = shelf.entries.get(entry.key)
        if known and known.instance != entry.instance:
            self._unindex(known)
        shelf.entries[entry.key] = entry
        if entry.instance:
            self._by_instance.setdefault(entry.instance, {})[entry.key] = entry

    def _drop(self, shelf: _Shelf, key: ObjectKey) -> set[str]:
        entry = shelf.entries.pop(key, None)
        shelf.ahead.pop(key, None)
        touched = set(self._wanting.get(key, ()))
        if entry and entry.instance:
            self._unindex(entry)
            touched.add(entry.instance)
        return touched

    def _unindex(self, entry: Entry) -> None:
        index = self._by_instance.get(entry.instance, {})
        index.pop(entry.key, None)
        if not index:
            self._by_instance.pop(entry.instance, None)

    def _forget_unless_tracked(self, key: ObjectKey) -> None:
        shelf = self._shelves.get((key.group, key.kind))
        entry = shelf.entries.get(key) if shelf else None
        if shelf and entry and not entry.instance:
            self._drop(shelf, key)
            shelf.others.add(_mark(key))

    def _keep_only(self, shelf: _Shelf, listed: Listed) -> set[str]:
        """A listing is the truth of its time, even where versions went back (a restored backup)."""
        version = _number(listed.resource_version)
        shelf.ahead = {key: ahead for key, ahead in shelf.ahead.items() if 0 < version < ahead}
        touched: set[str] = set()
        for key in shelf.entries.keys() - listed.keys - shelf.ahead.keys():
            touched |= self._drop(shelf, key)
        # A set that grew item by item has up to six times the room it needs; a copy has at most three.
        shelf.others = set(shelf.others.intersection(map(_mark, listed.keys)))
        shelf.seen = version
        shelf.listed = True
        return touched


def _mark(key: ObjectKey) -> int:
    """60 bits: an int of that size takes a third less memory than a whole hash."""
    return hash((key.namespace, key.name)) & 0xFFF_FFFF_FFFF_FFFF


def _number(version: str) -> int:
    """A resource version as the number it is on a Kubernetes server; 0 for what is none."""
    try:
        return int(version)
    except ValueError:
        return 0


def _newer(version: str, known: str) -> bool:
    """Resource versions of one server are decimal numbers that grow (Kubernetes guarantees it since 1.35)."""
    number, known_number = _number(version), _number(known)
    return number > known_number if number and known_number else version != known
