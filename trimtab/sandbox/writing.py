"""Writes: create, update, patch, apply. Each goes the same way:

    decode → merge with live → default → track fields → validate → admit → store

All of it is synchronous: between reading the live object and storing the new one nothing else runs.
"""

import uuid
from collections.abc import Callable
from typing import Any, Literal

import orjson
from msgspec import Struct

from trimtab.clock import rfc3339
from trimtab.model.keys import Manifest
from trimtab.sandbox import admission, faults, metadata, validation
from trimtab.sandbox.decoding import Validation, decode, strict_error, strict_text
from trimtab.sandbox.defaults import set_defaults
from trimtab.sandbox.faults import Cause, Fault
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.store import Stored, seal
from trimtab.sandbox.world import World
from trimtab.typed import apply as ssa
from trimtab.typed.changes import same
from trimtab.typed.json_patch import PatchError, apply_json_patch, merge_patch
from trimtab.typed.merge import MergeError
from trimtab.typed.strategic import strategic_merge
from trimtab.typed.validation import problems

PatchType = Literal["json", "merge", "strategic"]

_OWN_STATUS = ("nodes",)
"""Kinds whose creator also says their first status."""


class Options(Struct, frozen=True):
    """The query parameters of a write."""

    manager: str = "unknown"
    dry_run: bool = False
    validation: Validation = "Warn"
    force: bool = False
    subresource: str = ""


class Written(Struct, frozen=True):
    """What came of it. `warnings`: what the client is told beside the answer."""

    stored: Stored
    created: bool = False
    warnings: tuple[str, ...] = ()


class Target(Struct, frozen=True):
    """Which object a request is about."""

    resource: Resource
    namespace: str
    name: str


def create(world: World, target: Target, body: Manifest, options: Options) -> Written:
    """Raises Fault."""
    resource = target.resource
    manifest, warnings = _decoded(body, resource, options.validation)
    manifest = metadata.for_create(manifest, resource, target.namespace, target.name)
    admission.require_namespace(world, resource, manifest)
    _refuse_existing(world, resource, manifest)
    if resource.qualified not in _OWN_STATUS:
        _reset_status(manifest, None, resource)
    set_defaults(manifest, resource)
    manifest = ssa.tracked(None, manifest, schema=resource.schema, writer=_writer(world, resource, options))
    return _create(world, resource, manifest, options, warnings)


def _create(
    world: World, resource: Resource, manifest: Manifest, options: Options, warnings: tuple[str, ...] = ()
) -> Written:
    manifest = metadata.stamped(manifest, uid=str(uuid.uuid4()), now=rfc3339(world.clock.now()), resource=resource)
    _check(validation.on_create(manifest, resource), resource, manifest["metadata"]["name"])
    admission.on_create(world, resource, manifest)
    return Written(_store(world, resource, manifest, dry_run=options.dry_run), created=True, warnings=warnings)


def _refuse_existing(world: World, resource: Resource, manifest: Manifest) -> None:
    meta = manifest["metadata"]
    if world.store.get(resource.storage, meta.get("namespace", ""), meta["name"]):
        raise faults.already_exists(resource, meta["name"])


def update(world: World, target: Target, body: Manifest, options: Options) -> Written:
    """Replace an object (or its status). Raises Fault."""
    live = live_object(world, target)
    manifest, warnings = _decoded(body, target.resource, options.validation)
    given = manifest.get("metadata") or {}
    if given.get("name", target.name) != target.name:
        raise faults.bad_request(
            f"the name of the object ({given['name']}) does not match the name on the URL ({target.name})"
        )
    return _update(world, target, live, manifest, options, warnings=warnings)


def patch(world: World, target: Target, body: Any, options: Options, kind: PatchType) -> Written:
    """Raises Fault."""
    live = live_object(world, target)
    current = at_version(live.manifest, target.resource)
    patched = _patched(current, body, target.resource, kind)
    _refuse_new_uid(current, patched, target.resource)
    decoded = decode(patched, target.resource)
    fresh = tuple(path for path in decoded.unknown if options.validation != "Ignore")
    if fresh and options.validation == "Strict":
        raise faults.invalid_patch(_shown(patched), strict_text(fresh))
    warnings = tuple(f'unknown field "{path}"' for path in fresh)
    return _update(world, target, live, decoded.manifest, options, warnings=warnings)


def _shown(manifest: Manifest) -> str:
    """A patched object as errors quote it."""
    meta = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    return orjson.dumps(dict(sorted(metadata.ordered({**manifest, "metadata": meta}).items()))).decode()


def _refuse_new_uid(live: Manifest, patched: Manifest, resource: Resource) -> None:
    uid = patched["metadata"].get("uid", live["metadata"]["uid"])
    if uid != live["metadata"]["uid"]:
        causes = 2 * [Cause("FieldValueInvalid", f'Invalid value: "{uid}": field is immutable', "metadata.uid")]
        raise faults.invalid(resource, live["metadata"]["name"], causes)


def _patched(current: Manifest, body: Any, resource: Resource, kind: PatchType) -> Manifest:
    try:
        if kind == "json":
            patched = apply_json_patch(current, body)
        elif not isinstance(body, dict):
            raise faults.bad_request("the patch is not an object")
        elif kind == "merge":
            patched = merge_patch(current, body)
        else:
            patched = strategic_merge(current, body, resource.schema)
    except PatchError as error:
        raise faults.rejected() from error
    if not isinstance(patched, dict) or not isinstance(patched.get("metadata"), dict):
        raise faults.bad_request("the patch leaves no object")
    return patched


def apply(world: World, target: Target, body: Manifest, options: Options) -> Written:
    """Server-side apply. Raises Fault."""
    resource = target.resource
    if (body.get("apiVersion"), body.get("kind")) != (resource.api_version, resource.kind):
        group, _, version = str(body.get("apiVersion") or "").rpartition("/")
        raise faults.bad_request(f"invalid object type: {group}/{version}, Kind={body.get('kind') or ''}")
    if not isinstance(body.get("metadata") or {}, dict):
        raise faults.bad_request("metadata: Invalid value: must be an object")
    if (body.get("metadata") or {}).get("managedFields"):
        raise faults.bad_request("metadata.managedFields must be nil")
    manifest = metadata.for_apply(body, resource, target.namespace, target.name)
    _check_typed(body, resource)
    config = _own_part(manifest, resource, options.subresource)
    found = world.store.get(resource.storage, target.namespace, target.name)
    if found is None and options.subresource:
        raise faults.not_found(resource, target.name)
    live = at_version(found.manifest, resource) if found else None
    merged = _merged(live, config, _writer(world, resource, options), options, resource)
    if found is None:
        if not (body.get("metadata") or {}).get("name"):
            name = f"the name of the object ({target.name} based on URL)"
            raise faults.bad_request(f"{name} was undeterminable: name must be provided")
        admission.require_namespace(world, resource, merged)
        merged = decode(merged, resource).manifest
        set_defaults(merged, resource)
        return _create(world, resource, merged, options)
    if same(merged, live):
        return Written(found)
    merged = decode(merged, resource).manifest
    return _update(world, target, found, merged, options, tracked=True)


def _check_typed(config: Manifest, resource: Resource) -> None:
    found = list(problems(config, resource.schema))
    if found:
        text = found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {problem}" for problem in found)])
        meta = config.get("metadata") or {}
        version = f"{resource.group}/{resource.version}"
        what = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {version}, Kind={resource.kind}"
        raise Fault(500, "", f"failed to create typed patch object ({what}): {text}")


def _merged(
    live: Manifest | None, config: Manifest, writer: ssa.Writer, options: Options, resource: Resource
) -> Manifest:
    try:
        return ssa.apply(live, config, schema=resource.schema, writer=writer, force=options.force)
    except ssa.ApplyConflict as conflict:
        causes = [Cause("FieldManagerConflict", f"conflict with {owner}", path) for owner, path in conflict.causes]
        raise faults.apply_conflict(str(conflict), causes) from conflict
    except MergeError as error:
        raise Fault(500, "", f"failed to merge config: {error}") from error


def _own_part(manifest: Manifest, resource: Resource, subresource: str) -> Manifest:
    """The part of an applied configuration that the endpoint takes: all but status, or only status."""
    if subresource == "status":
        return {name: manifest[name] for name in ("apiVersion", "kind", "metadata", "status") if name in manifest}
    if resource.has_status:
        return {name: value for name, value in manifest.items() if name != "status"}
    return manifest


def mutate(world: World, target: Target, change: Callable[[Manifest], None], options: Options) -> Written:
    """Change a copy of the live object in place and store it: how the sandbox's own controllers write."""
    live = live_object(world, target)
    manifest = metadata.copied(live.manifest)
    change(manifest)
    return _update(world, target, live, manifest, options)


def _update(
    world: World,
    target: Target,
    live: Stored,
    manifest: Manifest,
    options: Options,
    *,
    warnings: tuple[str, ...] = (),
    tracked: bool = False,
) -> Written:
    resource = target.resource
    old = at_version(live.manifest, resource)
    _check_preconditions(resource, old, manifest)
    manifest = metadata.for_update(old, manifest, tracked=tracked)
    manifest = _confined(old, manifest, resource, options.subresource)
    set_defaults(manifest, resource)
    if not tracked:
        manifest = ssa.tracked(old, manifest, schema=resource.schema, writer=_writer(world, resource, options))
    if not options.subresource:
        causes = [*metadata.new_finalizers(old, manifest), *validation.on_update(old, manifest, resource)]
        _check(causes, resource, target.name)
    admission.on_update(world, resource, old, manifest)
    if metadata.unchanged(old, manifest):
        return Written(live, warnings=warnings)
    metadata.count_generation(old, manifest, resource, status=options.subresource == "status")
    if metadata.is_finished(manifest):
        gone = live if options.dry_run else world.store.remove(resource.storage, seal(manifest, 0))
        return Written(gone, warnings=warnings)
    return Written(_store(world, resource, manifest, dry_run=options.dry_run), warnings=warnings)


def _confined(old: Manifest, new: Manifest, resource: Resource, subresource: str) -> Manifest:
    """Only what the endpoint may change: status and nothing else through `/status`, everything else elsewhere."""
    if subresource == "status":
        kept = {name: value for name, value in old.items() if name != "status"}
        meta = {**old["metadata"], "managedFields": new["metadata"].get("managedFields")}
        confined = {**kept, "metadata": {k: v for k, v in meta.items() if v is not None}}
        return {**confined, "status": new["status"]} if "status" in new else confined
    confined = dict(new)
    _reset_status(confined, old, resource)
    return confined


def _reset_status(manifest: Manifest, old: Manifest | None, resource: Resource) -> None:
    if not resource.has_status:
        return
    manifest.pop("status", None)
    if old is not None and "status" in old:
        manifest["status"] = old["status"]
    elif "status" in resource.schema.embedded:
        manifest["status"] = resource.schema.child("status").blank()


def _check_preconditions(resource: Resource, old: Manifest, new: Manifest) -> None:
    given, live = new.get("metadata") or {}, old["metadata"]
    version = given.get("resourceVersion")
    if version and version != live["resourceVersion"]:
        raise faults.conflict(resource, live["name"])
    uid = given.get("uid")
    if uid and uid != live["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {live['uid']}"
        raise faults.conflict(resource, live["name"], why)


def _decoded(body: Manifest, resource: Resource, level: Validation) -> tuple[Manifest, tuple[str, ...]]:
    _check_kind(body, resource)
    decoded = decode(body, resource)
    if not decoded.unknown or level == "Ignore":
        return decoded.manifest, ()
    if level == "Strict":
        raise strict_error(resource, decoded.unknown)
    return decoded.manifest, tuple(f'unknown field "{path}"' for path in decoded.unknown)


def _check_kind(body: Manifest, resource: Resource) -> None:
    version, kind = body.get("apiVersion") or resource.api_version, body.get("kind") or resource.kind
    if not (isinstance(version, str) and isinstance(kind, str)):
        raise faults.bad_request("couldn't get version/kind; json parse error: apiVersion and kind must be strings")
    if (version, kind) != (resource.api_version, resource.kind):
        given = version.rpartition("/")[2]
        internal = resource.group.partition(".")[0] or "core"
        raise faults.bad_request(
            f'{kind} in version "{given}" cannot be handled as a {resource.kind}: '
            f"converting ({given}.{kind}) to ({internal}.{resource.kind}): unknown conversion"
        )
    body["apiVersion"], body["kind"] = resource.api_version, resource.kind


def _check(causes: list[Cause], resource: Resource, name: str) -> None:
    if causes:
        raise faults.invalid(resource, name, causes)


def _writer(world: World, resource: Resource, options: Options) -> ssa.Writer:
    return ssa.Writer(
        manager=options.manager,
        api_version=resource.api_version,
        now=rfc3339(world.clock.now()),
        subresource=options.subresource,
    )


def _store(world: World, resource: Resource, manifest: Manifest, *, dry_run: bool) -> Stored:
    ordered = metadata.ordered(manifest)
    if dry_run:
        return seal(ordered, 0)
    return world.store.put(resource.storage, ordered)


def live_object(world: World, target: Target) -> Stored:
    """Raises Fault when there is none."""
    found = world.store.get(target.resource.storage, target.namespace, target.name)
    if found is None:
        raise faults.not_found(target.resource, target.name)
    return found


def at_version(manifest: Manifest, resource: Resource) -> Manifest:
    """The manifest as the given version of its kind shows it. Versions differ in nothing but their name here."""
    if manifest["apiVersion"] == resource.api_version:
        return manifest
    return {**manifest, "apiVersion": resource.api_version, "kind": resource.kind}
