"""The watch cache of one cluster: a fold over watch events, indexed by application.

Bodies are kept only for objects that an application tracks or wants. Every other object of a watched kind leaves one
number behind (a hash of its name), so that "does not exist" needs no request.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from trimtab.live.entry import Entry, entry_of
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Listed, Observed, Removed, Upserted, WatchEvent
from trimtab.model.tracking import owner_of

GroupKind = tuple[str, str]
Presence = Literal["kept", "unread", "absent", "unknown"]
"""kept: its body is here; unread: it exists, read it; absent: it does not exist; unknown: its kind is not watched."""


class LiveStore:
    """Mutable, single-threaded. Every change tells which applications (instance names) it concerns."""

    def __init__(self) -> None:
        self._entries: dict[ObjectKey, Entry] = {}
        self._by_instance: dict[str, dict[ObjectKey, Entry]] = {}
        self._wanted: dict[ObjectKey, set[str]] = {}
        self._wanted_by: dict[str, frozenset[ObjectKey]] = {}
        self._others: dict[GroupKind, set[int]] = {}

    def fold(self, group_kind: GroupKind, events: Iterable[WatchEvent]) -> set[str]:
        """Take events of one kind in; the instances whose objects changed."""
        touched: set[str] = set()
        others = self._others.setdefault(group_kind, set())
        for event in events:
            match event:
                case Upserted(observed):
                    touched |= self._upsert(observed, others)
                case Removed(last):
                    others.discard(_mark(last.key))
                    touched |= self._drop(last.key)
                case Listed(keys):
                    touched |= self._keep_only(group_kind, keys, others)
        return touched

    def put(self, observed: Observed) -> set[str]:
        """Take in the answer to a read or a write; an older state than the one kept is ignored."""
        group_kind = (observed.key.group, observed.key.kind)
        known = self._entries.get(observed.key)
        if known and not _newer(observed.meta.resource_version, known.version):
            return set()
        return self._upsert(observed, self._others.setdefault(group_kind, set()))

    def want(self, instance: str, keys: frozenset[ObjectKey]) -> None:
        """Say which objects the targets of `instance` name: their bodies are kept though nothing tracks them yet."""
        before = self._wanted_by.get(instance, frozenset())
        if before == keys:
            return
        for key in before - keys:
            wanting = self._wanted.get(key, set())
            wanting.discard(instance)
            if not wanting:
                self._wanted.pop(key, None)
                self._forget_unless_tracked(key)
        for key in keys - before:
            self._wanted.setdefault(key, set()).add(instance)
        if keys:
            self._wanted_by[instance] = keys
        else:
            self._wanted_by.pop(instance, None)

    def tracked(self, instance: str) -> Mapping[ObjectKey, Entry]:
        """The objects tracked to `instance`."""
        return self._by_instance.get(instance, {})

    def get(self, key: ObjectKey) -> Entry | None:
        """The entry of `key`, None where `presence` is not "kept"."""
        return self._entries.get(key)

    def presence(self, key: ObjectKey) -> Presence:
        """What is known of `key`."""
        if key in self._entries:
            return "kept"
        others = self._others.get((key.group, key.kind))
        if others is None:
            return "unknown"
        return "unread" if _mark(key) in others else "absent"

    def forget_kind(self, group_kind: GroupKind) -> set[str]:
        """The kind is no longer served or watched: nothing is known of it any more."""
        touched: set[str] = set()
        for key in [k for k in self._entries if (k.group, k.kind) == group_kind]:
            touched |= self._drop(key)
        self._others.pop(group_kind, None)
        return touched

    def __len__(self) -> int:
        return len(self._entries)

    def _upsert(self, observed: Observed, others: set[int]) -> set[str]:
        key = observed.key
        known = self._entries.get(key)
        if known and known.version == observed.meta.resource_version:
            return set()
        owner = owner_of(key, observed.meta.annotations)
        wanting = self._wanted.get(key, set())
        touched = ({owner} if owner else set()) | wanting | ({known.instance} if known and known.instance else set())
        if not owner and not wanting:
            self._drop(key)
            others.add(_mark(key))
            return touched
        others.discard(_mark(key))
        self._set(entry_of(observed))
        return touched

    def _set(self, entry: Entry) -> None:
        known = self._entries.get(entry.key)
        if known and known.instance != entry.instance:
            self._unindex(known)
        self._entries[entry.key] = entry
        if entry.instance:
            self._by_instance.setdefault(entry.instance, {})[entry.key] = entry

    def _drop(self, key: ObjectKey) -> set[str]:
        entry = self._entries.pop(key, None)
        touched = set(self._wanted.get(key, ()))
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
        entry = self._entries.get(key)
        if entry and not entry.instance:
            del self._entries[key]
            self._others.setdefault((key.group, key.kind), set()).add(_mark(key))

    def _keep_only(self, group_kind: GroupKind, keys: frozenset[ObjectKey], others: set[int]) -> set[str]:
        touched: set[str] = set()
        for key in [k for k in self._entries if (k.group, k.kind) == group_kind and k not in keys]:
            touched |= self._drop(key)
        others.intersection_update({_mark(key) for key in keys})
        return touched


def _mark(key: ObjectKey) -> int:
    return hash((key.namespace, key.name))


def _newer(version: str, known: str) -> bool:
    """Resource versions of one server are decimal numbers that grow (Kubernetes guarantees it since 1.35)."""
    try:
        return int(version) > int(known)
    except ValueError:
        return version != known
