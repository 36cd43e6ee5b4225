"""Holds every exchange with the fake GitHub to what GitHub publishes: the OpenAPI description, the webhook schemas.

    async with FakeGitHub(validator=GitHubContract()) as github:

Both ways: an answer that GitHub would not give is a fault of the fake, a request that it would not take (a wrong body,
an unknown parameter, a path that is not there) is a fault of the client. `settle` names them all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
from aiohttp import web

Schema = dict[str, Any]
HERE = Path(__file__).parent
_COMMON_QUERY = {"per_page", "page"}


class GitHubContract:
    """`problems` holds a line for each breach; a test that breaks the contract on purpose clears it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: set[str] = set()
        """Operations that were called, `GET /meta`."""

    def exchange(
        self, request: web.Request, *, path: str, content: bytes, status: int, content_type: str, body: bytes
    ) -> None:
        """One request and its answer."""
        found = _find(request.method, path)
        if found is None:
            self.problems.append(f"{request.method} {path}: no such operation")
            return
        name, operation = found
        self.seen.add(name)
        wrong = [*_wrong_answer(operation, status, content_type, body)]
        if not 400 <= status < 500:
            wrong += [*_wrong_query(operation, request.query), *_wrong_body(operation, content)]
        self.problems += [f"{name}: {one}" for one in wrong]

    def settle(self) -> None:
        """Raises AssertionError when there were problems."""
        assert not self.problems, "\n".join(self.problems)


def check_event(event: str, payload: Mapping[str, Any]) -> None:
    """Raises AssertionError for a payload that GitHub would not send."""
    name = f"{event}${payload['action']}" if "action" in payload else f"{event}$event"
    problems = [f"{_where(one)}: {one.message}" for one in _event_schema(name).iter_errors(payload)]
    assert not problems, f"{name}: {'; '.join(problems)}"


def operations() -> set[str]:
    """All that is described, `GET /meta`."""
    return {name for _, _, name, _ in _table()}


@cache
def _document() -> Schema:
    found: Schema = orjson.loads((HERE / "github_openapi.json").read_bytes())
    return found


@cache
def _event_schema(name: str) -> jsonschema_rs.Draft7Validator:
    schemas = orjson.loads((HERE / "github_webhooks.json").read_bytes())
    assert name in schemas["definitions"], f"{name} is not among the carved events"
    return jsonschema_rs.Draft7Validator({"$ref": f"#/definitions/{name}", **schemas})


@cache
def _table() -> list[tuple[str, re.Pattern[str], str, Schema]]:
    """Method, pattern, name and operation; those that say more of the path first."""
    lines = []
    for path, methods in sorted(_document()["paths"].items(), key=lambda one: -len(re.sub(r"\{.*?\}", "", one[0]))):
        for method, operation in methods.items():
            pattern = _pattern(path, operation)
            lines.append((method.upper(), re.compile(pattern), f"{method.upper()} {path}", operation))
    return lines


def _pattern(path: str, operation: Schema) -> str:
    deep = {one["name"] for one in map(_resolved, operation.get("parameters", ())) if one.get("x-multi-segment")}
    parts = re.split(r"(\{[a-z_]+\})", path)
    return "".join(
        (".*" if part[1:-1] in deep else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )


def _find(method: str, path: str) -> tuple[str, Schema] | None:
    for verb, pattern, name, operation in _table():
        if verb == method and pattern.fullmatch(path):
            return name, operation
    return None


def _wrong_query(operation: Schema, query: Mapping[str, str]) -> Iterator[str]:
    known = {one["name"]: one for one in map(_resolved, operation.get("parameters", ())) if one["in"] == "query"}
    yield from (f"query {name}: unknown" for name in query.keys() - known.keys() - _COMMON_QUERY)
    for name, value in query.items():
        schema = known.get(name, {}).get("schema", {})
        typed: Any = int(value) if schema.get("type") == "integer" and value.isdigit() else value
        yield from (f"query {name}: {one.message}" for one in _validator(schema).iter_errors(typed))


def _wrong_body(operation: Schema, content: bytes) -> Iterator[str]:
    described = _resolved(operation.get("requestBody", {}))
    media = described.get("content", {}).get("application/json")
    if media is None:
        if content:
            yield "a body, where none is described"
        return
    if not content:
        if described.get("required"):
            yield "no body"
        return
    value = orjson.loads(content)
    yield from (f"body {_where(one)}: {one.message}" for one in _validator(media["schema"]).iter_errors(value))
    properties = media["schema"].get("properties")
    if isinstance(value, dict) and properties is not None and not media["schema"].get("additionalProperties"):
        yield from (f"body {name}: unknown" for name in value.keys() - properties.keys())


def _wrong_answer(operation: Schema, status: int, content_type: str, body: bytes) -> Iterator[str]:
    if status == 304 or status >= 500:
        return
    responses = operation["responses"]
    if str(status) not in responses and status < 400:
        yield f"status {status} is not described"
        return
    response = _resolved(responses.get(str(status), {}))
    media = response.get("content", {}).get("application/json")
    if status == 204 or (media is None and status < 400):
        if body:
            yield f"status {status} has a body"
        return
    if content_type != "application/json":
        yield f"status {status} is {content_type}"
        return
    schema = media["schema"] if media else {"$ref": "#/components/schemas/basic-error"}
    if status >= 400 and "oneOf" in schema:
        # The kinds of errors are not told apart: nothing of them is required.
        schema = {"anyOf": schema["oneOf"]}
    value = orjson.loads(body)
    yield from (f"{status} {_where(one)}: {one.message[-300:]}" for one in _validator(schema).iter_errors(value))


def _validator(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    return _compiled(orjson.dumps(schema))


@cache
def _compiled(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    whole = {**orjson.loads(schema), "components": _document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _resolved(value: Schema) -> Schema:
    while "$ref" in value:
        found: Any = _document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def _where(error: Any) -> str:
    return "/".join(map(str, error.instance_path)) or "."
