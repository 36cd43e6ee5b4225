"""The API's errors: what handlers raise, and the `Status` that a client gets. The wording is the API server's."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from trimtab.sandbox.resources import Resource


class Cause(Struct, frozen=True):
    reason: str
    message: str
    field: str


class Fault(Exception):
    """An answer other than success."""

    def __init__(self, code: int, reason: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        return {name: value for name, value in status.items() if value not in (None, "")}


def _details(resource: Resource, name: str, *, kind: str = "", causes: list[Cause] | None = None) -> dict[str, Any]:
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes or ()]
    details = {"name": name, "group": resource.group, "kind": kind or resource.plural, "causes": listed}
    return {key: value for key, value in details.items() if value}


def not_found(resource: Resource, name: str) -> Fault:
    message = f'{resource.qualified} "{name}" not found'
    return Fault(404, "NotFound", message, details=_details(resource, name))


def no_such_path() -> Fault:
    return Fault(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: Resource, name: str) -> Fault:
    message = f'{resource.qualified} "{name}" already exists'
    return Fault(409, "AlreadyExists", message, details=_details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Fault:
    text = why or ("the object has been modified; please apply your changes to the latest version and try again")
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {text}'
    return Fault(409, "Conflict", message, details=_details(resource, name))


def precondition_failed(resource: Resource, name: str, *, label: str, given: str, live: str) -> Fault:
    """`label`: UID or ResourceVersion."""
    hint = "deleted and then recreated" if label == "UID" else "modified"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    message = (
        f'Operation cannot be fulfilled on {kind} "{name}": the {label} in the precondition ({given}) does not match '
        f"the {label} in record ({live}). The object might have been {hint}"
    )
    return Fault(409, "Conflict", message, details=_details(resource, name, kind=resource.kind))


def apply_conflict(message: str, causes: list[Cause]) -> Fault:
    listed = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return Fault(409, "Conflict", message, details={"causes": listed})


def invalid(resource: Resource, name: str, causes: list[Cause]) -> Fault:
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    parts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"
    details = _details(resource, name, kind=resource.kind, causes=causes)
    return Fault(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details=details)


def invalid_patch(patched: str, why: str) -> Fault:
    """The patched object cannot be decoded."""
    message = f"Invalid value: {json.dumps(patched)}: {why}"
    causes = [{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]
    return Fault(422, "Invalid", f' "" is invalid: patch: {message}', details={"causes": causes})


def no_manager() -> Fault:
    """A server-side apply that does not say who applies."""
    message = "Required value: is required for apply patch"
    causes = [{"reason": "FieldValueRequired", "message": message, "field": "fieldManager"}]
    details = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": causes}
    text = f'PatchOptions.meta.k8s.io "" is invalid: fieldManager: {message}'
    return Fault(422, "Invalid", text, details=details)


def rejected() -> Fault:
    """A JSON patch that cannot be carried out; the API server says no more than this."""
    return Fault(422, "Invalid", "the server rejected our request due to an error in our request", details={})


def bad_request(message: str) -> Fault:
    return Fault(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str) -> Fault:
    message = f'{resource.qualified} "{name}" is forbidden: {why}'
    return Fault(403, "Forbidden", message, details=_details(resource, name))


def method_not_allowed() -> Fault:
    message = "the server does not allow this method on the requested resource"
    return Fault(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(given: str) -> Fault:
    message = (
        f'the body of the request was in an unknown format - accepted media types include: "application/json", '
        f'"application/yaml" (got {given!r})'
    )
    return Fault(415, "UnsupportedMediaType", message, details={})


def unsupported_patch(accepted: Iterable[str]) -> Fault:
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return Fault(415, "UnsupportedMediaType", message)


def not_acceptable() -> Fault:
    return Fault(406, "NotAcceptable", "only the following media types are accepted: application/json", details={})


def expired(oldest: int, asked: int) -> Fault:
    return Fault(410, "Expired", f"too old resource version: {asked} ({oldest})")
