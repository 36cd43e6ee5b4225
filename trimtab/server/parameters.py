"""Query parameters and bodies, decoded into the types that an operation declares."""

from typing import Any, TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request

from trimtab.server.auth.cookies import NAME
from trimtab.server.bodies import Room
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.operation import AnyOperation

Q = TypeVar("Q", bound=msgspec.Struct)
BODY_SECONDS = 30.0
"""A body that takes longer than this to arrive is given up."""


def decode_query(params: QueryParams, kind: type[Q]) -> Q:
    """An empty value counts as left out; what nobody declares is ignored, as Argo CD does. Raises Failure (400)."""
    found: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind):
        values = [value for value in params.getlist(one.encode_name) if value]
        if values:
            found[one.encode_name] = values if one.default == () else values[-1]
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise bad_request(f"query parameter: {error}") from error


def check_content_type(request: Request) -> None:
    """Raises Failure (415) for a POST that comes with our cookie and is not JSON, whatever its operation takes.

    Another site's page can send a form in a person's name, and old browsers do not say where it comes from; but a
    form is never JSON, and for other methods a browser asks us first.
    """
    by_token = request.headers.get("authorization", "").lower().startswith("bearer ")
    if request.method == "POST" and not by_token and NAME in request.cookies:
        _check_json(request.headers.get("content-type", ""))


async def read_body(request: Request, largest: int, room: Room) -> bytes:
    """Raises Failure for one that is too large (413), for which there is no room (429), or that breaks off (400)."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > largest:
        raise _too_large(largest)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > largest:
                raise _too_large(largest)
            room.take(len(chunk))
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise bad_request("the body broke off") from error
    return b"".join(chunks)


def decode_body(operation: AnyOperation, content_type: str, raw: bytes) -> Any:
    """The body as the operation declares it: raw for `bytes`, else JSON. Raises Failure (400, 415)."""
    if operation.body is type(None):
        return None
    if operation.body is bytes:
        return raw
    _check_json(content_type)
    try:
        return msgspec.json.decode(raw or b"{}", type=operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body is not what {operation.id} takes: {error}") from error


def _check_json(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Failure(Code.INVALID_ARGUMENT, "Invalid content type: send application/json", status=415)


def _too_large(largest: int) -> Failure:
    return Failure(Code.RESOURCE_EXHAUSTED, f"the body is larger than {largest} bytes", status=413)
