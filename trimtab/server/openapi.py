"""The OpenAPI 3.1 document of what is served, made from the table of operations: nothing is written down twice."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from isal import igzip
from msgspec import Struct

from trimtab import __version__
from trimtab.server.call import Call
from trimtab.server.failures import ErrorBody
from trimtab.server.operation import AnyOperation, Needs, NoQuery, Operation
from trimtab.server.reply import Raw

Schema = dict[str, Any]
SchemaOf = Callable[[Any], Schema]
JSON = "application/json"
EVENTS = "text/event-stream"
PATHS = (("/api/openapi.json", "Trimtab_OpenAPI"), ("/swagger.json", "Trimtab_Swagger"))
"""The second is where Argo CD has its own document."""
SECURITY_SCHEMES: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "argocd.token"},
}
INFO = {
    "title": "Trimtab",
    "version": __version__,
    "description": "Argo CD's REST API. Operation ids that begin with Trimtab_ are additions.",
}


class StreamError(Struct, frozen=True, kw_only=True):
    """How a stream says that it breaks off (`streams.py`)."""

    grpc_code: int
    http_code: int
    message: str
    http_status: str


def document(operations: Iterable[AnyOperation]) -> Schema:
    """The document, as JSON values. Raises ValueError for an id that two operations have."""
    listed = tuple(operations)
    schema_of, components = _schemas(listed)
    paths: dict[str, Schema] = {}
    ids: set[str] = set()
    for operation in listed:
        if operation.id in ids:
            raise ValueError(f"two operations have the id {operation.id}")
        ids.add(operation.id)
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _failures(schema_of(ErrorBody)),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def describing(operations: Iterable[AnyOperation]) -> tuple[AnyOperation, ...]:
    """The operations that serve the document of `operations`, and of themselves."""

    async def describe(call: Call[NoQuery, None]) -> Raw:
        if not made:
            body = msgspec.json.encode(document((*operations, *own)))
            made.append(Raw(body=body, gzipped=igzip.compress(body, 3)))
        return made[0]

    made: list[Raw] = []
    own = tuple(
        Operation(
            method="GET",
            path=path,
            id=operation_id,
            handler=describe,
            needs="public",
            query=NoQuery,
            body=type(None),
            reply=dict[str, Any],
            summary="What this server serves, as OpenAPI",
        )
        for path, operation_id in PATHS
    )
    return own


def _schemas(operations: tuple[AnyOperation, ...]) -> tuple[SchemaOf, Mapping[str, Schema]]:
    """What gives the schema of a type that any of the operations speaks of, and the schemas that those refer to."""
    types = list(_types(operations))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")

    def schema_of(wanted: Any) -> Schema:
        return schemas[types.index(wanted)]

    return schema_of, components


def _types(operations: tuple[AnyOperation, ...]) -> Iterator[Any]:
    yield from (ErrorBody, StreamError)
    for operation in operations:
        yield from (field.type for field in msgspec.structs.fields(operation.query))
        if _is_json(operation.body):
            yield operation.body
        if operation.reply is not None:
            yield operation.reply


def _operation(operation: AnyOperation, schema_of: SchemaOf) -> Schema:
    described: Schema = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.id.partition("_")[0]],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation, schema_of)],
        "responses": _responses(operation, schema_of),
    }
    if operation.needs == "public":
        described["security"] = []
    if isinstance(operation.needs, Needs):
        described["x-needs"] = {"resource": operation.needs.resource, "action": operation.needs.action}
    if operation.streams:
        described["x-streams"] = True
    if operation.body is bytes:
        described["requestBody"] = {"content": {"*/*": {}}}
    elif _is_json(operation.body):
        content = {JSON: {"schema": schema_of(operation.body)}}
        described["requestBody"] = {"content": content, "required": _is_required(operation.body)}
    return described


def _is_json(body: Any) -> bool:
    return body is not bytes and body is not type(None)


def _is_required(body: Any) -> bool:
    """No body counts as an empty object."""
    try:
        msgspec.json.decode(b"{}", type=body)
    except msgspec.ValidationError:
        return True
    return False


def _path_parameters(operation: AnyOperation) -> Iterator[Schema]:
    for name in re.findall(r"\{([^}]+)\}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(operation: AnyOperation, schema_of: SchemaOf) -> Iterator[Schema]:
    for field in msgspec.structs.fields(operation.query):
        schema = dict(schema_of(field.type))
        if field.default is not msgspec.NODEFAULT and field.default not in ("", None, ()):
            schema["default"] = field.default
        yield {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _responses(operation: AnyOperation, schema_of: SchemaOf) -> Schema:
    failed: Schema = {"$ref": "#/components/responses/Failed"}
    if operation.reply is None:
        failed = {"$ref": "#/components/responses/FailedForPeople"}
        done: Schema = {"2XX": {"description": "Done"}, "3XX": {"description": "It is elsewhere"}}
    elif operation.streams:
        done = {"2XX": _stream(schema_of(operation.reply), schema_of(StreamError))}
    else:
        done = {"2XX": _json("Done", schema_of(operation.reply))}
    return {**done, "4XX": failed, "5XX": failed}


def _failures(body: Schema) -> Schema:
    """What is no call of a program (pages, pictures) may be refused by a page."""
    failed = _json("Refused, or failed", body)
    return {"Failed": failed, "FailedForPeople": {**failed, "content": {**failed["content"], "text/html": {}}}}


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _stream(message: Schema, error: Schema) -> Schema:
    one: Schema = {
        "oneOf": [
            {"type": "object", "required": [name], "properties": {name: schema}}
            for name, schema in (("result", message), ("error", error))
        ]
    }
    return {
        "description": "Any number of messages: one a line, or each a server-sent event's data where that is asked for",
        "content": {JSON: {"schema": one}, EVENTS: {"schema": one}},
    }
