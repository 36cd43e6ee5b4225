"""Replies held to the server's own OpenAPI document: called on every exchange of every test of the server."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from trimtab.model.part import Part
from trimtab.server.failures import Failure
from trimtab.server.openapi import EVENTS, JSON, document
from trimtab.server.operation import AnyOperation
from trimtab.server.router import Router

Schema = dict[str, Any]


class Conforming:
    """`check` raises AssertionError for a reply that the document does not allow.

    Beyond what the document says, an object of a reply holds no property that is not declared: one that nobody
    declared is a secret that got out, or a misspelt name. Objects of Kubernetes may hold what others put there.
    """

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        listed = tuple(operations)
        self._router = Router(listed)
        self._document = _closed(document(listed))
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, method: str, path: str, *, status: int, content_type: str, body: bytes) -> None:
        """`path` as it went over the wire, with or without a query."""
        operation = self._operation(method, path)
        if method == "HEAD" or status in (204, 304) or (operation and not self._has_body(operation, status)):
            return
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "text/html" and operation is not None and operation.reply is None:
            return
        where = f"{method} {path}: {status} {kind}"
        assert kind in (JSON, EVENTS), f"{where}: neither JSON nor events"
        validator = self._validator(operation if operation is not None and status < 400 else None)
        streams = operation is not None and operation.streams and status < 400
        for value in _messages(body, kind) if streams else [orjson.loads(body)]:
            problems = [
                f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(value)
            ]
            assert not problems, f"{where}: {'; '.join(problems)[:2000]}"

    def _operation(self, method: str, path: str) -> AnyOperation | None:
        try:
            return self._router.find(method, path.partition("?")[0].encode()).operation
        except Failure:
            return None

    def _has_body(self, operation: AnyOperation, status: int) -> bool:
        """Is the body one that the document describes?"""
        return status >= 400 or (operation.reply is not None and not 300 <= status < 400)

    def _validator(self, operation: AnyOperation | None) -> jsonschema_rs.Draft202012Validator:
        """For the successes of `operation`; for failures: None."""
        name = operation.id if operation else ""
        if name not in self._validators:
            response = self._document["components"]["responses"]["Failed"]
            if operation is not None:
                described = self._document["paths"][operation.path][operation.method.lower()]
                response = described["responses"]["2XX"]
            schema = {**response["content"][JSON]["schema"], "components": self._document["components"]}
            self._validators[name] = jsonschema_rs.Draft202012Validator(schema)
        return self._validators[name]


@cache
def conforming() -> Conforming:
    """For all that the server serves."""
    from trimtab.server.operations import OPERATIONS

    return Conforming(OPERATIONS)


def _messages(body: bytes, kind: str) -> Iterator[Any]:
    for line in body.splitlines():
        if kind == JSON and line:
            yield orjson.loads(line)
        elif line.startswith(b"data:"):
            yield orjson.loads(line.removeprefix(b"data:"))


def _closed(described: Schema) -> Schema:
    """The document with no properties allowed but the declared ones, except in objects of Kubernetes."""
    free = {kind.__name__ for kind in _parts(Part) if kind.__module__.startswith("trimtab.model.")}
    for schema in described["components"]["schemas"].values():
        if schema.get("title") not in free and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


def _parts(kind: type[Part]) -> Iterator[type[Part]]:
    for one in kind.__subclasses__():
        yield one
        yield from _parts(one)
