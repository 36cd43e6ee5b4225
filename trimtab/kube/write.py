"""Writing objects: create, server-side apply, patch, replace, delete. Who calls this: `apply/` and the controller."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from trimtab.errors import Stalled
from trimtab.kube.read import decode_manifest
from trimtab.kube.resource import Resource
from trimtab.kube.retry import JSON_PATCH
from trimtab.kube.transport import JSON, Transport
from trimtab.model.keys import Manifest

APPLY_PATCH = "application/apply-patch+yaml"
WRITE_SECONDS = 35.0
"""Deadline of a write: the server gives a slow admission webhook up to 30 s."""

PatchType = Literal["merge", "json", "strategic"]
PATCH_TYPES: Mapping[PatchType, str] = {
    "merge": "application/merge-patch+json",
    "json": JSON_PATCH,
    "strategic": "application/strategic-merge-patch+json",
}

FieldValidation = Literal["Strict", "Warn", "Ignore"]
Propagation = Literal["Background", "Foreground", "Orphan"]


async def create(
    transport: Transport,
    resource: Resource,
    manifest: Manifest,
    *,
    field_manager: str,
    dry_run: bool = False,
    field_validation: FieldValidation = "Strict",
) -> Manifest:
    """Create the object (`generateName` works). Raises `AlreadyExists`, `Invalid` and other `ApiError`s."""
    metadata = manifest.get("metadata") or {}
    name = metadata.get("name") or f"{metadata.get('generateName', '')}*"
    namespace = metadata.get("namespace") or ""
    if resource.namespaced and not namespace:
        raise Stalled(f"{resource.kind.kind} {name}: no namespace given", reason="BadRequest")
    return await _write(
        transport,
        "POST",
        resource.collection(namespace),
        verb="create",
        subject=str(resource.key(name, namespace=namespace)),
        query=_query(field_manager=field_manager, dry_run=dry_run, field_validation=field_validation),
        body=encode(manifest),
    )


async def apply(
    transport: Transport,
    resource: Resource,
    manifest: Manifest,
    *,
    field_manager: str,
    force: bool,
    dry_run: bool = False,
    field_validation: FieldValidation = "Strict",
    subresource: str = "",
) -> Manifest:
    """Server-side apply; the object as it is (with `dry_run`: would be) afterwards.

    Raises `FieldConflict` (only without `force`), `Invalid` and other `ApiError`s.
    """
    metadata = manifest.get("metadata") or {}
    raw = await apply_raw(
        transport,
        resource,
        encode(manifest),
        name=metadata.get("name") or "",
        namespace=metadata.get("namespace") or "",
        field_manager=field_manager,
        force=force,
        dry_run=dry_run,
        field_validation=field_validation,
        subresource=subresource,
    )
    return decode_manifest(raw, f"apply {metadata.get('name')}")


async def apply_raw(
    transport: Transport,
    resource: Resource,
    body: bytes,
    *,
    name: str,
    namespace: str = "",
    field_manager: str,
    force: bool,
    dry_run: bool = False,
    field_validation: FieldValidation = "Strict",
    subresource: str = "",
) -> bytes:
    """As `apply`, from an encoded object to an encoded object (`read.observe` decodes its metadata)."""
    query = _query(field_manager=field_manager, dry_run=dry_run, field_validation=field_validation)
    query["force"] = "true" if force else "false"
    return await transport.request(
        "PATCH",
        resource.object(name, namespace=namespace, subresource=subresource),
        query=query,
        body=body,
        content_type=APPLY_PATCH,
        timeout=WRITE_SECONDS,
        verb="dry-run apply" if dry_run else "apply",
        subject=str(resource.key(name, namespace=namespace)),
    )


async def patch(
    transport: Transport,
    resource: Resource,
    name: str,
    body: Any,
    *,
    patch_type: PatchType,
    namespace: str = "",
    subresource: str = "",
    field_manager: str = "",
    dry_run: bool = False,
) -> Manifest:
    """Patch the object, or its `subresource` (`status`, `scale`). `body`: a dict, for "json" a list of operations.

    A resourceVersion in a merge or strategic patch is a precondition: `StaleConflict` when it is no longer current.
    """
    return await _write(
        transport,
        "PATCH",
        resource.object(name, namespace=namespace, subresource=subresource),
        verb="patch",
        subject=_subject(resource, name, namespace, subresource),
        query=_query(field_manager=field_manager, dry_run=dry_run),
        body=encode(body),
        content_type=PATCH_TYPES[patch_type],
    )


async def replace(
    transport: Transport,
    resource: Resource,
    manifest: Manifest,
    *,
    field_manager: str,
    subresource: str = "",
    dry_run: bool = False,
    field_validation: FieldValidation = "Strict",
) -> Manifest:
    """Put the whole object. With a resourceVersion in it only over that state (`StaleConflict` otherwise)."""
    metadata = manifest.get("metadata") or {}
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    return await _write(
        transport,
        "PUT",
        resource.object(name, namespace=namespace, subresource=subresource),
        verb="update",
        subject=_subject(resource, name, namespace, subresource),
        query=_query(field_manager=field_manager, dry_run=dry_run, field_validation=field_validation),
        body=encode(manifest),
    )


async def delete(
    transport: Transport,
    resource: Resource,
    name: str,
    *,
    namespace: str = "",
    propagation: Propagation | None = None,
    uid: str = "",
    resource_version: str = "",
    grace_seconds: int | None = None,
    dry_run: bool = False,
) -> None:
    """Ask for the deletion; finalizers may keep the object for a while. `propagation` None: the kind's default.

    `uid`, `resource_version`: delete only that very object, in that state. Raises `NotFound`, `StaleConflict` (a
    precondition does not hold) and other `ApiError`s.
    """
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    preconditions = {key: value for key, value in preconditions.items() if value}
    options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1"}
    if propagation:
        options["propagationPolicy"] = propagation
    if preconditions:
        options["preconditions"] = preconditions
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    if dry_run:
        options["dryRun"] = ["All"]
    await transport.request(
        "DELETE",
        resource.object(name, namespace=namespace),
        body=encode(options),
        timeout=WRITE_SECONDS,
        verb="delete",
        subject=str(resource.key(name, namespace=namespace)),
    )


def encode(body: Any) -> bytes:
    """`body` as JSON. Raises Stalled for what JSON cannot hold."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise Stalled(f"cannot be sent as JSON: {error}", reason="BadRequest") from error


async def _write(
    transport: Transport,
    method: str,
    path: str,
    *,
    verb: str,
    subject: str,
    query: dict[str, str],
    body: bytes,
    content_type: str = JSON,
) -> Manifest:
    answer = await transport.request(
        method,
        path,
        query=query,
        body=body,
        content_type=content_type,
        timeout=WRITE_SECONDS,
        verb=verb,
        subject=subject,
    )
    return decode_manifest(answer, f"{verb} {subject}")


def _query(
    *, field_manager: str = "", dry_run: bool = False, field_validation: FieldValidation | None = None
) -> dict[str, str]:
    query: dict[str, str] = {}
    if field_manager:
        query["fieldManager"] = field_manager
    if dry_run:
        query["dryRun"] = "All"
    if field_validation:
        query["fieldValidation"] = field_validation
    return query


def _subject(resource: Resource, name: str, namespace: str, subresource: str) -> str:
    key = str(resource.key(name, namespace=namespace))
    return f"{key} ({subresource})" if subresource else key
