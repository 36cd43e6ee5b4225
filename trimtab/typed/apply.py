"""Who owns which field: server-side apply of one object, and tracking of ordinary writes.

Kubernetes' rules (structured merge): an applier owns what it applies; a field that it stops applying goes away unless
somebody else owns it; applying another value than the owner's is a conflict; any other writer owns what it changed.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from trimtab.model.keys import Manifest
from trimtab.typed import fields
from trimtab.typed.changes import changes, same
from trimtab.typed.fields import FieldSet, Tree
from trimtab.typed.merge import merge, remove
from trimtab.typed.schema import Schema

Operation = Literal["Apply", "Update"]

BEFORE_FIRST_APPLY = "before-first-apply"

_UNTRACKED = FieldSet(
    {
        "f:apiVersion": {},
        "f:kind": {},
        "f:metadata": {
            ".": {},
            "f:name": {},
            "f:namespace": {},
            "f:creationTimestamp": {},
            "f:selfLink": {},
            "f:uid": {},
            "f:clusterName": {},
            "f:generation": {},
            "f:managedFields": {},
            "f:resourceVersion": {},
        },
    }
)


class Owner(Struct, frozen=True, order=True):
    """Identifies an entry of managedFields. `api_version` tells apart only entries of updates; "" for appliers."""

    manager: str
    operation: Operation
    api_version: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        subresource = f' with subresource "{self.subresource}"' if self.subresource else ""
        version = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.manager}"{subresource}{version}'


class Owned(Struct, frozen=True):
    """What one owner has: at which version of the kind it wrote, when it last changed something, and which fields."""

    api_version: str
    fields: FieldSet
    time: str = ""


Owners = Mapping[Owner, Owned]


class Writer(Struct, frozen=True):
    """Who writes, how, and when. `ignored`: fields that a write through this endpoint cannot change."""

    manager: str
    api_version: str
    now: str
    subresource: str = ""
    ignored: FieldSet = FieldSet()

    def owner(self, operation: Operation) -> Owner:
        version = self.api_version if operation == "Update" else ""
        return Owner(manager=self.manager, operation=operation, api_version=version, subresource=self.subresource)


class ApplyConflict(Exception):
    """Others own fields that the applied configuration wants to change. The message is the API server's."""

    def __init__(self, conflicts: Mapping[Owner, FieldSet]) -> None:
        self.causes: list[tuple[Owner, str]] = [
            (owner, fields.path_text(path)) for owner, owned in sorted(conflicts.items()) for path in owned
        ]
        super().__init__(_conflict_text(self.causes))


def _conflict_text(causes: list[tuple[Owner, str]]) -> str:
    if len(causes) == 1:
        owner, path = causes[0]
        return f"Apply failed with 1 conflict: conflict with {owner}: {path}"
    by_owner: dict[str, list[str]] = {}
    for owner, path in causes:
        by_owner.setdefault(str(owner), []).append(path)
    lines = [
        line for name, found in by_owner.items() for line in (f"conflicts with {name}:", *(f"- {p}" for p in found))
    ]
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)


def owners_of(manifest: Manifest) -> dict[Owner, Owned]:
    """Decode `metadata.managedFields`. Entries that are not FieldsV1 are left out."""
    owners: dict[Owner, Owned] = {}
    for entry in (manifest.get("metadata") or {}).get("managedFields") or ():
        tree = entry.get("fieldsV1")
        if not isinstance(tree, dict):
            continue
        operation: Operation = "Apply" if entry.get("operation") == "Apply" else "Update"
        version = entry.get("apiVersion", "")
        owner = Owner(
            manager=entry.get("manager", ""),
            operation=operation,
            api_version=version if operation == "Update" else "",
            subresource=entry.get("subresource", ""),
        )
        owners[owner] = Owned(api_version=version, fields=FieldSet(tree), time=entry.get("time", ""))
    return owners


def encode(owners: Owners) -> list[dict[str, Any]]:
    """The value of `metadata.managedFields`: appliers first, then by time."""
    ordered = sorted(owners.items(), key=lambda pair: (pair[0].operation != "Apply", pair[1].time, pair[0].manager))
    return [_entry(owner, owned) for owner, owned in ordered]


def _entry(owner: Owner, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned.fields.tree,
        "subresource": owner.subresource,
    }
    return {name: value for name, value in entry.items() if value != ""}


def tracked(live: Manifest | None, new: Manifest, *, schema: Schema, writer: Writer) -> Manifest:
    """`new` with managedFields that say what `writer` changed by an ordinary write (create, update, patch).

    An object whose managedFields somebody emptied stays untracked until it is applied.
    """
    owners = owners_of(new)
    if live is not None and not owners:
        return with_owners(new, {})
    bare = _bare(live) if live is not None else schema.blank()
    updated = _track(bare, _bare(new), owners, schema=schema, writer=writer)
    return with_owners(new, updated)


def _track(old: Manifest, new: Manifest, owners: Owners, *, schema: Schema, writer: Writer) -> dict[Owner, Owned]:
    change = changes(old, new, schema)
    taken = change.taken - writer.ignored
    gone = taken | (change.removed - writer.ignored)
    left = {owner: replace(owned, fields=owned.fields - gone) for owner, owned in owners.items()}
    mine = taken - _UNTRACKED
    me = writer.owner("Update")
    if mine:
        before = left[me].fields if me in left else FieldSet()
        left[me] = Owned(api_version=writer.api_version, fields=before | mine, time=writer.now)
    return {owner: owned for owner, owned in left.items() if owned.fields}


def apply(live: Manifest | None, config: Manifest, *, schema: Schema, writer: Writer, force: bool = False) -> Manifest:
    """Server-side apply: the object that results, with its managedFields. `live` itself when nothing changes.

    Raises ApplyConflict when not forced, MergeError when `config` has ambiguous lists.
    """
    owners = owners_of(live) if live is not None else {}
    old = _bare(live) if live is not None else {}
    if live is not None and not owners:
        first = Writer(manager=BEFORE_FIRST_APPLY, api_version=writer.api_version, now=writer.now)
        owners = _track(schema.blank(), old, {}, schema=schema, writer=first)
    me = writer.owner("Apply")
    last = owners.get(me)
    bare_config = _bare(config)
    mine = fields.of(bare_config, schema) - writer.ignored
    owners[me] = Owned(api_version=writer.api_version, fields=mine, time=last.time if last else writer.now)
    merged = merge(old, bare_config, schema)
    if last and (last.fields - mine):
        merged = _pruned(merged, last.fields.tree, owners, schema)
    owners = _settle(old, merged, owners, me=me, schema=schema, writer=writer, force=force)
    if live is not None and same(merged, old):
        return with_owners(live, _stripped(owners, me))
    if me in owners:
        owners[me] = replace(owners[me], time=writer.now)
    return with_owners(merged, _stripped(owners, me))


def _settle(
    old: Manifest, new: Manifest, owners: Owners, *, me: Owner, schema: Schema, writer: Writer, force: bool
) -> dict[Owner, Owned]:
    """Take from the others what this apply changes or removes, or raise when they own it."""
    change = changes(old, new, schema)
    taken = change.taken - writer.ignored
    others = {owner: owned for owner, owned in owners.items() if owner != me}
    conflicts = {owner: found for owner, owned in others.items() if (found := owned.fields & taken)}
    if conflicts and not force:
        raise ApplyConflict(conflicts)
    gone = taken | (change.removed - writer.ignored)
    left = {owner: replace(owned, fields=owned.fields - gone) for owner, owned in others.items()}
    left[me] = owners[me]
    return {owner: owned for owner, owned in left.items() if owned.fields}


def _pruned(merged: Manifest, last: Tree, owners: Owners, schema: Schema) -> Manifest:
    """Drop what the applier applied last time and nobody owns now, and nothing that was never applied."""
    last_named = fields.with_named(last, schema)
    pruned = remove(merged, last_named, schema)
    managed: Tree = {}
    for owned in owners.values():
        managed = fields.union(managed, owned.fields.tree)
    managed = fields.with_named(managed, schema)
    everything = fields.with_named(fields.tree_of(merged, schema), schema)
    kept = fields.with_named(fields.tree_of(pruned, schema), schema)
    pruned = remove(merged, fields.difference(fields.difference(everything, kept), managed), schema)
    kept = fields.with_named(fields.tree_of(pruned, schema), schema)
    cut = fields.intersection(fields.difference(everything, kept), last_named)
    result: Manifest = remove(merged, cut, schema)
    return result


def _stripped(owners: Owners, me: Owner) -> dict[Owner, Owned]:
    stripped = dict(owners)
    if me in stripped:
        mine = stripped[me].fields - _UNTRACKED
        if mine:
            stripped[me] = replace(stripped[me], fields=mine)
        else:
            del stripped[me]
    return stripped


def _bare(manifest: Manifest) -> Manifest:
    """The manifest without managedFields."""
    metadata = manifest.get("metadata")
    if not metadata or "managedFields" not in metadata:
        return manifest
    return {**manifest, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def with_owners(manifest: Manifest, owners: Owners) -> Manifest:
    """The manifest with these managedFields; without any when there are no owners."""
    bare = _bare(manifest)
    if not owners:
        return bare
    return {**bare, "metadata": {**(bare.get("metadata") or {}), "managedFields": encode(owners)}}
