"""What can go wrong between us and an API server, by consequence.

    ApiError
    ├── NotFound, AlreadyExists, Invalid, BadRequest, Forbidden, Unauthorized, Unsupported   Stalled
    ├── Conflict
    │   ├── StaleConflict     resourceVersion or uid is not the current one                  Retry
    │   └── FieldConflict     another field manager owns the field                           Stalled
    ├── BeingDeleted          the object or its namespace is on its way out                  Retry
    ├── Starting              it refuses everybody, for it has not read its roles yet        Retry
    ├── Gone, TooManyRequests, ServerError, Unreachable                                      Retry
    └── Untrusted             the server's certificate is not the expected one               Stalled

`from_reply` makes one out of an HTTP status and the body that came with it.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from trimtab.errors import Retry, Stalled, TrimtabError


class Cause(Struct, frozen=True):
    """One entry of a Status' `details.causes`: `reason` like `FieldValueRequired`, `field` like `spec.replicas`."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(Struct, frozen=True, rename="camel"):
    """A Status' `details`."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: int = 0


class Status(Struct, frozen=True):
    """The part of a `v1/Status` body that we read."""

    reason: str = ""
    message: str = ""
    code: int = 0
    details: Details | None = None


class ApiError(TrimtabError):
    """An API server said no, or nothing. `status` is the HTTP status, 0 when there was no answer."""

    def __init__(self, message: str, *, status: int = 0, reason: str = "", details: Details | None = None) -> None:
        super().__init__(message, reason=reason or type(self).__name__)
        self.status = status
        self.details = details or Details()


class _ApiRetry(ApiError, Retry):
    """An `ApiError` that may pass; `after`: seconds the server asked to wait, or None."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        details: Details | None = None,
        after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, reason=reason, details=details)
        self.after = after


class _ApiStalled(ApiError, Stalled):
    """An `ApiError` that the same request will meet again."""


class NotFound(_ApiStalled):
    """404: no such object, or no such resource."""


class AlreadyExists(_ApiStalled):
    """409 upon create."""


class Invalid(_ApiStalled):
    """422: validation or admission refused the object; `details.causes` names the fields.

    Also when server-side apply cannot fit the object to its schema (see `TYPED_OBJECT`).
    """


class BadRequest(_ApiStalled):
    """400 and 413: the request itself is malformed, or has unknown fields under strict validation."""


class Forbidden(_ApiStalled):
    """403: RBAC, quota or admission."""


class Unauthorized(_ApiStalled):
    """401: the credentials are not (or no longer) accepted, after one refresh."""


class Unsupported(_ApiStalled):
    """405, 406, 415, 501: the resource does not do that."""


class Untrusted(_ApiStalled):
    """The TLS handshake failed: the server's certificate is not signed by the cluster's CA or names another host."""


class Conflict(ApiError):
    """409: either a `StaleConflict` or a `FieldConflict`."""


class StaleConflict(Conflict, _ApiRetry):
    """The object has changed meanwhile (resourceVersion), or is another one (uid)."""


class FieldConflict(Conflict, _ApiStalled):
    """Server-side apply without force met fields of other managers; `details.causes` names each."""


class BeingDeleted(_ApiRetry):
    """Cannot be created now: the object of that name, or its namespace, is being deleted."""


class Starting(_ApiRetry):
    """403 of an API server that has just started: not even the roles that it makes itself are known to it yet."""


class Gone(_ApiRetry):
    """410: the resourceVersion or continue token has expired; list again."""


class TooManyRequests(_ApiRetry):
    """429, and the server's wish for patience went beyond the deadline."""


class ServerError(_ApiRetry):
    """5xx, still after retries."""


class Unreachable(_ApiRetry):
    """No answer: refused, reset, timed out, or no such host."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: Unsupported,
    406: Unsupported,
    409: StaleConflict,
    410: Gone,
    413: BadRequest,
    415: Unsupported,
    422: Invalid,
    429: TooManyRequests,
    501: Unsupported,
}

TYPED_OBJECT = "failed to create typed"
"""How server-side apply begins to say that an object does not fit its schema (wrong type, unknown field, duplicate key
of a list). It answers 500 without a reason, as if the fault were its own."""

NO_ROLES = 'clusterrole.rbac.authorization.k8s.io "system:discovery" not found'
"""What a refusal says while the roles are being read. Everybody has this one, and a start makes it where it is gone."""

_STATUS = msgspec.json.Decoder(Status)


def parse_status(body: bytes) -> Status:
    """The Status in `body`; a body that is none (a proxy's page) becomes the message, as text."""
    try:
        return _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status(message=body[:300].decode(errors="replace"))


def from_reply(status: int, body: bytes, *, doing: str, after: float | None = None) -> ApiError:
    """The error of a reply with HTTP `status` (>= 400). `doing`: verb and object, `get Pod shop/web`."""
    return from_status(parse_status(body), code=status, doing=doing, after=after)


def from_status(status: Status, *, code: int, doing: str, after: float | None = None) -> ApiError:
    """As `from_reply`, from a decoded Status (an ERROR event of a watch holds one)."""
    details = status.details or Details()
    kind = _class_of(code, status, details)
    message = f"{doing}: {_explain(status, details, code)}"
    error = kind(message, status=code, reason=status.reason, details=details)
    if isinstance(error, Retry):
        error.after = after if after is not None else (details.retry_after_seconds or None)
    return error


def _class_of(code: int, status: Status, details: Details) -> type[ApiError]:
    if code == 409 and status.reason == "AlreadyExists":
        return BeingDeleted if "is being deleted" in status.message else AlreadyExists
    if code == 409 and any(cause.reason == "FieldManagerConflict" for cause in details.causes):
        return FieldConflict
    if code == 403 and any(cause.reason == "NamespaceTerminating" for cause in details.causes):
        return BeingDeleted
    if code == 403 and NO_ROLES in status.message:
        return Starting
    if code == 500 and status.message.startswith(TYPED_OBJECT):
        return Invalid
    return _BY_STATUS.get(code, ServerError if code >= 500 else _ApiStalled)


def _explain(status: Status, details: Details, code: int) -> str:
    """The server's message; causes that it leaves out are added."""
    text = status.message or status.reason or "no explanation"
    extra = [
        f"{cause.field}: {cause.message}" for cause in details.causes if cause.message and cause.message not in text
    ]
    return f"{'; '.join([text, *extra])} (HTTP {code})"
