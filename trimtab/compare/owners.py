"""Who owns what of a live object, as its managedFields say."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from trimtab.compare.place import Step
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER
from trimtab.typed.fields import union

Fields = dict[str, Any]
"""A node of FieldsV1: `f:name`, `k:{…}`, `v:…`, `.` → node."""

CLIENT_SIDE_MANAGERS = ("kubectl-client-side-apply", "kubectl-last-applied", FIELD_MANAGER)
"""Managers whose `Update` entries are a client-side apply: what they own is taken over before the first apply."""


class Ownership(Struct, frozen=True, gc=False):
    """What managedFields say about one object.

    `applied`: what our server-side apply owns; `owned`: that, and what a client-side apply owns that we take over
    (`takeover`). `version`: the apiVersion that `owned` was written in, "" when there is nothing. `entries`: all, those
    of subresources too; `others`: the trees of those that are not in `owned`.
    """

    applied: Fields
    owned: Fields
    takeover: bool
    version: str
    entries: Sequence[dict[str, Any]]
    others: Sequence[Fields]

    def others_at(self, steps: Sequence[Step]) -> Iterator[Fields]:
        """What each of the other managers owns at that place and below it."""
        for tree in self.others:
            node: Any = tree
            for step in steps:
                node = node.get(step)
                if node is None:
                    break
            else:
                yield node

    def last_writer(self, steps: Sequence[Step]) -> tuple[str, str]:
        """The manager, other than our apply, that wrote the field (or what holds it) last, and when; ("", "")."""
        best = ("", "")
        for entry in self.entries:
            if not is_ours(entry) and holds(entry.get("fieldsV1"), steps):
                best = max(best, (str(entry.get("time") or ""), str(entry.get("manager") or "")))
        time, manager = best
        return manager, time


def ownership(live: Manifest) -> Ownership:
    """Read managedFields of `live`; an object without any is owned by nobody."""
    entries = [e for e in live["metadata"].get("managedFields") or () if isinstance(e, dict)]
    ours = [entry for entry in entries if is_ours(entry)]
    taken = client_side(entries)
    applied = _joined(ours)
    mine = {id(entry) for entry in (*ours, *taken)}
    version = live.get("apiVersion")
    strange = (str(e.get("apiVersion")) for e in (*ours, *taken) if e.get("apiVersion") != version)
    return Ownership(
        applied=applied,
        owned=union(applied, _joined(taken)),
        takeover=bool(taken),
        version=next(strange, str(version)) if mine else "",
        entries=entries,
        others=[_tree(e) for e in entries if id(e) not in mine and e.get("apiVersion") == version],
    )


def _joined(entries: Iterable[dict[str, Any]]) -> Fields:
    joined: Fields = {}
    for entry in entries:
        joined = union(joined, _tree(entry))
    return joined


def _tree(entry: dict[str, Any]) -> Fields:
    tree = entry.get("fieldsV1")
    return tree if isinstance(tree, dict) else {}


def client_side(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries that a client-side apply left and an apply of ours has to take over.

    Our own name stands for Argo CD's client-side apply only until we have applied; later it marks small patches.
    """
    known = list(entries)
    applied = any(is_ours(entry) for entry in known)
    return [e for e in known if is_client_side(e) and not (applied and e.get("manager") == FIELD_MANAGER)]


def is_ours(entry: dict[str, Any]) -> bool:
    """True for the entry of our server-side apply."""
    ours = entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
    return ours and not entry.get("subresource")


def is_client_side(entry: dict[str, Any]) -> bool:
    """True for a managedFields entry that a client-side apply left."""
    return (
        entry.get("operation") == "Update"
        and not entry.get("subresource")
        and entry.get("manager") in CLIENT_SIDE_MANAGERS
    )


def item_kind(node: Fields | None) -> tuple[str, Step]:
    """('k' or 'v', a step of that kind) for an associative list, ("", "") for what is none."""
    for step in node or ():
        if step[:2] in ("k:", "v:"):
            return step[0], step
    return "", ""


def children_of(node: Fields) -> bool:
    """Does the node name single fields or items?"""
    return len(node) > ("." in node)


def holds(node: Any, steps: Sequence[Step]) -> bool:
    """True where FieldsV1 names the field, or ends above it (an atomic value)."""
    if not node:
        return False
    for step in steps:
        if not node:
            return True
        node = node.get(step)
        if node is None:
            return False
    return True
