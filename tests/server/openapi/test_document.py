"""The document is made of the table of operations, and replies are held to it."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from msgspec import Struct
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.server.conforming import Conforming
from trimtab.model.application import Application
from trimtab.model.part import Part
from trimtab.server.call import Call
from trimtab.server.openapi import JSON, describing, document
from trimtab.server.operation import AnyOperation, Body, Needs, NoQuery, Operation, Query
from trimtab.server.operations import OPERATIONS
from trimtab.server.reply import Json
from trimtab.server.router import Router


class Wish(Body, frozen=True):
    name: str
    count: int = 1


class Filter(Query, frozen=True):
    app_namespace: str = ""
    projects: tuple[str, ...] = ()
    limit: int = 20


class Wishes(Struct, frozen=True):
    items: list[Wish]
    total: int = 0


async def nothing(call: Call[Any, Any]) -> Json:
    return Json(value=None)


def an_operation(**given: Any) -> AnyOperation:
    plain = {
        "method": "GET", "path": "/wishes/{name}", "id": "Wishes_List", "handler": nothing, "needs": "public",
        "query": NoQuery, "body": type(None), "reply": Wishes, "summary": "All wishes",
    }  # fmt: skip
    return Operation(**{**plain, **given})


def described(**given: Any) -> dict[str, Any]:
    operation = an_operation(**given)
    found: dict[str, Any] = document([operation])["paths"][operation.path][operation.method.lower()]
    return found


def test_parameters() -> None:
    assert described(query=Filter)["parameters"] == [
        {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
        {"name": "appNamespace", "in": "query", "required": False, "schema": {"type": "string"}},
        {
            "name": "projects",
            "in": "query",
            "required": False,
            "schema": {"type": "array", "items": {"type": "string"}},
        },
        {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "default": 20}},
    ]


def test_rights() -> None:
    assert described()["security"] == []
    assert "security" not in described(needs="logged in")
    assert described(needs=Needs("projects", "get"))["x-needs"] == {"resource": "projects", "action": "get"}


def test_bodies() -> None:
    assert "requestBody" not in described()
    assert described(method="POST", body=bytes)["requestBody"] == {"content": {"*/*": {}}}
    wish, text = {"schema": {"$ref": "#/components/schemas/Wish"}}, {"schema": {"type": "string"}}
    assert described(method="POST", body=Wish)["requestBody"] == {"content": {JSON: wish}, "required": True}
    assert described(method="POST", body=str)["requestBody"] == {"content": {JSON: text}, "required": True}
    assert described(method="POST", body=dict[str, int])["requestBody"]["required"] is False


def test_replies() -> None:
    plain = described()["responses"]
    assert plain["2XX"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Wishes"}
    assert set(plain) == {"2XX", "4XX", "5XX"}
    assert "content" not in described(reply=None)["responses"]["2XX"]
    stream = described(streams=True)
    assert stream["x-streams"] is True
    assert set(stream["responses"]["2XX"]["content"]) == {"application/json", "text/event-stream"}


def test_an_id_is_of_one_operation() -> None:
    with pytest.raises(ValueError, match="Wishes_List"):
        document([an_operation(), an_operation(path="/other")])


def test_structs_of_one_name_are_kept_apart() -> None:
    other = msgspec.defstruct("Wishes", [("none", bool)], module="elsewhere", frozen=True)
    made = document([an_operation(), an_operation(path="/other", id="Other", reply=other)])
    assert len([name for name in made["components"]["schemas"] if name.endswith("Wishes")]) == 2


def test_everything_that_is_served_is_described() -> None:
    made = document(OPERATIONS)
    for operation in OPERATIONS:
        one = made["paths"][operation.path][operation.method.lower()]
        assert (one["operationId"], one["summary"]) == (operation.id, operation.summary)
        assert operation.summary
    for name in made["components"]["schemas"]:
        root = {"$ref": f"#/components/schemas/{name}", "components": made["components"]}
        jsonschema_rs.Draft202012Validator(root)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_it_is_openapi_and_every_reference_leads_somewhere() -> None:
    made = json.loads(json.dumps(document(OPERATIONS)))
    OPENAPI_31_VALIDATOR.validate(made)
    for reference in set(references(made)):
        found: Any = made
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found, reference


async def test_the_document_is_served() -> None:
    served = (an_operation(), *describing((an_operation(),)))
    router = Router(served)
    for path in ("/api/openapi.json", "/swagger.json"):
        call: Any = None
        reply = await router.find("GET", path.encode()).operation.handler(call)
        body = getattr(reply, "body", b"")
        assert set(msgspec.json.decode(body)["paths"]) == {"/wishes/{name}", "/api/openapi.json", "/swagger.json"}
        Conforming(served).check("GET", path, status=200, content_type="application/json", body=body)


FAILED = b'{"error": "no", "code": 5, "message": "no"}'
APP = (
    b'{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a", "managedFields": []},'
    b'"spec": {"project": "default", "newer": 1}}'
)


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b'{"items": [{"name": "x"}]}', ""),
        (200, b'{"items": [{"name": 1}]}', "items/0/name"),
        (200, b'{"items": [], "secret": 1}', "secret"),
        (200, b'{"total": 1}', "items"),
        (404, FAILED, ""),
        (404, b'{"error": "no"}', "code"),
        (503, b'{"items": []}', "error"),
    ],
)
def test_replies_are_held_to_it(status: int, body: bytes, problem: str) -> None:
    def check() -> None:
        held = Conforming([an_operation()])
        held.check("GET", "/wishes/x?limit=1", status=status, content_type="application/json", body=body)

    if not problem:
        check()
        return
    with pytest.raises(AssertionError, match=problem):
        check()


def test_text_is_no_reply() -> None:
    with pytest.raises(AssertionError, match="neither JSON"):
        Conforming([an_operation()]).check("GET", "/wishes/x", status=500, content_type="text/plain", body=b"oops")
    with pytest.raises(AssertionError, match="neither JSON"):
        Conforming([]).check("GET", "/nowhere", status=404, content_type="text/html", body=b"<p>")
    Conforming([an_operation(reply=None)]).check("GET", "/wishes/x", status=200, content_type="image/png", body=b"")


def test_objects_of_kubernetes_may_hold_more() -> None:
    held = Conforming([an_operation(reply=Application)])
    held.check("GET", "/wishes/x", status=200, content_type="application/json", body=APP)
    assert issubclass(Application, Part)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_every_message_of_a_stream_is_looked_at(kind: str) -> None:
    held = Conforming([an_operation(streams=True, reply=Wish)])
    good, bad = b'{"result": {"name": "x"}}', b'{"result": {"name": 1}}'
    error = b'{"error": {"grpc_code": 7, "http_code": 403, "message": "no", "http_status": ""}}'

    def sent(*messages: bytes) -> bytes:
        if kind == "application/json":
            return b"".join(message + b"\n" for message in messages)
        return b"".join(b"data: " + message + b"\n\n:\n\n" for message in messages)

    held.check("GET", "/wishes/x", status=200, content_type=kind, body=sent(good, good, error))
    with pytest.raises(AssertionError, match="not valid"):
        held.check("GET", "/wishes/x", status=200, content_type=kind, body=sent(good, bad))
