"""One operation of the API: a line in a table, from which the router, the OpenAPI document and the tests are made."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from trimtab.server.call import Call
from trimtab.server.reply import Reply

Q = TypeVar("Q")
B = TypeVar("B")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Call[Q, B]], Awaitable[Reply]]


class Needs(Struct, frozen=True):
    """The RBAC permission that every call of an operation is held to; the handler names the object.

    `self_service`: what is the caller's own is theirs without it (their account's password and tokens).
    """

    resource: str
    action: str
    self_service: bool = False


Permission = Literal["public", "logged in"] | Needs


class NoQuery(Struct, frozen=True):
    """The operation takes no query parameters."""


class Query(Struct, frozen=True, rename="camel", kw_only=True):
    """Base of query parameters: each field has a default; a tuple is a parameter that may be repeated."""


class Body(Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of request bodies: a field that nobody knows is refused, since it is most likely a misspelt one."""


class Operation(Struct, Generic[Q, B], frozen=True, kw_only=True):
    """`path` has `{parameters}`; a percent-encoded slash is part of one. `id` is Argo CD's operationId; operations
    that only Trimtab has begin with `Trimtab_`. `body` is None for operations that take none. `reply` is the type of
    the JSON body, or of each message of a stream; None: not JSON.
    """

    method: Method
    path: str
    id: str
    handler: Handler[Q, B]
    needs: Permission
    query: type[Q]
    body: type[B]
    reply: Any
    summary: str
    streams: bool = False
    largest_body: int = 4 << 20


AnyOperation = Operation[Any, Any]
