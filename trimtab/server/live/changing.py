"""Single live objects changed by hand: patched and deleted, with rights of their own."""

from typing import Any

import orjson

from trimtab.compare.redact import is_secret
from trimtab.errors import TrimtabError
from trimtab.kube import write
from trimtab.kube.errors import ApiError
from trimtab.kube.write import PATCH_TYPES, PatchType
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.failures import Code, Failure, bad_request, failure_of
from trimtab.server.live.belonging import Member
from trimtab.server.live.look import AnyCall
from trimtab.server.live.subject import Looked
from trimtab.server.writing.objects import FIELD_MANAGER

INHERITANCE = "server.rbac.disableApplicationFineGrainedRBACInheritance"
READING_STEPS = ("copy", "move", "test")
"""Steps of a JSON patch by which masked values could be read."""

Patch = dict[str, Any] | list[Any]


def require(call: AnyCall, subject: Looked, action: str, key: ObjectKey) -> None:
    """The right to `update` or `delete` one object: `update/apps/Deployment/shop/web`. The right to the application
    includes it only where argocd-cm says so. Raises Failure (403).
    """
    inherits = subject.served.configuration.config_map(ARGOCD_CM).get(INHERITANCE) == "false"
    if inherits and call.may("applications", action, subject.rbac_name):
        return
    wanted = f"{action}/{key.group}/{key.kind}/{key.namespace}/{key.name}"
    call.require("applications", wanted, subject.rbac_name)


def read_patch(body: object, patch_type: str) -> tuple[PatchType, Patch]:
    """The patch that a caller sends: JSON, or JSON in a string. Raises Failure (400)."""
    names: dict[str, PatchType] = {media: name for name, media in PATCH_TYPES.items()}
    kind = names.get(patch_type or PATCH_TYPES["merge"])
    if kind is None:
        raise bad_request(f"patchType: {patch_type[:80]} is none of {', '.join(names)}")
    patch = _decoded(body)
    if not isinstance(patch, list if kind == "json" else dict):
        shape = "a list of operations" if kind == "json" else "an object"
        raise bad_request(f"the patch of type {PATCH_TYPES[kind]} has to be {shape}")
    return kind, patch


async def patch_object(subject: Looked, member: Member, kind: PatchType, patch: Patch) -> Manifest:
    """The object afterwards. Raises Failure, `ApiError`; nothing is patched that has only the same name."""
    _check_secret(member.key, patch)
    try:
        return await write.patch(
            subject.cluster.transport,
            member.resource,
            member.key.name,
            _of_that_object(patch, member.observed.meta.uid),
            patch_type=kind,
            namespace=member.key.namespace,
            field_manager=FIELD_MANAGER,
        )
    except ApiError as error:
        raise _told(member.key, error) from error


async def delete_object(subject: Looked, member: Member, *, force: bool, orphan: bool) -> None:
    """Ask for the deletion of exactly that object. `force`: at once; `orphan`: what it owns stays."""
    await write.delete(
        subject.cluster.transport,
        member.resource,
        member.key.name,
        namespace=member.key.namespace,
        propagation="Orphan" if orphan else "Foreground",
        uid=member.observed.meta.uid,
        grace_seconds=0 if force else None,
    )


def _decoded(body: object) -> Any:
    if not isinstance(body, str):
        return body
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the patch is not JSON: {error}") from error


def _of_that_object(patch: Patch, uid: str) -> Patch:
    """The patch, refused where another object has taken the name meanwhile."""
    if isinstance(patch, list):
        return [{"op": "test", "path": "/metadata/uid", "value": uid}, *patch]
    metadata = patch.get("metadata", {})
    return {**patch, "metadata": {"uid": uid, **metadata}} if isinstance(metadata, dict) else patch


def _check_secret(key: ObjectKey, patch: Patch) -> None:
    """Callers do not see a Secret's values, and cannot have them moved to where they would. Raises Failure (400)."""
    steps = [step.get("op") for step in patch if isinstance(step, dict)] if isinstance(patch, list) else []
    if is_secret(key) and any(step in READING_STEPS for step in steps):
        raise bad_request(f"a Secret cannot be patched with {', '.join(READING_STEPS)}")


def _told(key: ObjectKey, error: ApiError) -> Failure | TrimtabError:
    """The API server's words, unless they may hold a Secret's values."""
    if not is_secret(key):
        return error
    failure = failure_of(error)
    return Failure(Code(failure.code), f"{key}: the API server refused the patch ({error.reason})")
