"""Failures as API clients see them: Argo CD's error body, gRPC's codes, and the HTTP status of each."""

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct

from trimtab.errors import Retry, TrimtabError, Wait
from trimtab.kube import errors as kube
from trimtab.text import one_line


class Code(IntEnum):
    """gRPC's status codes, which Argo CD's clients read as `code`."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


HTTP_STATUS: Mapping[Code, int] = {
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNKNOWN: 500,
    Code.INTERNAL: 500,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}
"""As grpc-gateway maps them."""


class Failure(Exception):
    """Ends a call. `message` is one line for the caller and holds no secret; `status` overrides the code's."""

    def __init__(self, code: Code, message: str, *, status: int = 0, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.message = one_line(message)
        self.status = status or HTTP_STATUS[code]
        self.headers = dict(headers or {})
        super().__init__(self.message)


class ErrorBody(Struct, frozen=True):
    """The body of every failed call; `message` says the same as `error`."""

    error: str
    code: int
    message: str


def error_body(failure: Failure) -> ErrorBody:
    return ErrorBody(error=failure.message, code=int(failure.code), message=failure.message)


def bad_request(message: str) -> Failure:
    return Failure(Code.INVALID_ARGUMENT, message)


def denied(message: str = "permission denied") -> Failure:
    return Failure(Code.PERMISSION_DENIED, message)


def not_found(message: str) -> Failure:
    return Failure(Code.NOT_FOUND, message)


def precondition(message: str) -> Failure:
    """What is asked for cannot be done in the state that things are in."""
    return Failure(Code.FAILED_PRECONDITION, message)


def unimplemented(what: str) -> Failure:
    """`what` names the part of the engine that does not exist yet."""
    return Failure(Code.UNIMPLEMENTED, f"{what} is not supported yet")


KUBERNETES: tuple[tuple[type[kube.ApiError], Code], ...] = (
    (kube.NotFound, Code.NOT_FOUND),
    (kube.AlreadyExists, Code.ALREADY_EXISTS),
    (kube.Conflict, Code.ABORTED),
    (kube.Invalid, Code.INVALID_ARGUMENT),
    (kube.BadRequest, Code.INVALID_ARGUMENT),
    (kube.Forbidden, Code.PERMISSION_DENIED),
    (kube.TooManyRequests, Code.RESOURCE_EXHAUSTED),
)


def failure_of(error: TrimtabError) -> Failure:
    """What the API says of an error of the engine or of the API server of Kubernetes."""
    for kind, code in KUBERNETES:
        if isinstance(error, kind):
            return Failure(code, error.message)
    if isinstance(error, Retry | Wait):
        return Failure(Code.UNAVAILABLE, error.message)
    return Failure(Code.FAILED_PRECONDITION, error.message)
