"""What is served is Argo CD's: the same operations, every parameter of theirs, and no field that they do not know."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.server.openapi.argocd import ArgoOperation, argocd_operations
from trimtab.server.api import not_yet
from trimtab.server.openapi import JSON, document
from trimtab.server.operations import OPERATIONS

DOCUMENT = Path(__file__).parents[3] / "docs/api.md"
OWN = "Trimtab_"
UNUSED: dict[str, str] = {}
"""Parameters of Argo CD's that are taken and mean nothing here, by operation and name, and why."""
ADDED: dict[str, str] = {}
"""Fields of ours that Argo CD's replies do not have, by operation and name, and why."""

Schema = dict[str, Any]
SERVED = {one.id: one for one in OPERATIONS if not one.id.startswith(OWN)}
ALWAYS_501 = {
    "ApplicationService_RevisionChartDetails",
    "ApplicationService_GetOCIMetadata",
    "ClusterService_Create",
    "ClusterService_Update",
    "ClusterService_Delete",
    "ClusterService_RotateAuth",
    "GPGKeyService_Create",
}
"""Those whose handler refuses everything, beside the table of such."""
MISSING = {one.id for one in not_yet.OPERATIONS} | ALWAYS_501
WHOLE = sorted(set(SERVED) - MISSING)


@cache
def described() -> Schema:
    return document(OPERATIONS)


def ours(name: str) -> Schema:
    operation = SERVED[name]
    found: Schema = described()["paths"][operation.path][operation.method.lower()]
    return found


def resolved(schema: Schema) -> Schema:
    """What a schema comes to: references followed, `null` left out, arrays as their items."""
    while True:
        if "$ref" in schema:
            schema = described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next((one for one in schema["anyOf"] if one != {"type": "null"}), {})
        elif schema.get("type") == "array" and isinstance(schema.get("items"), dict):
            schema = schema["items"]
        else:
            return schema


def fields(schema: Schema, depth: int = 2) -> Iterator[str]:
    for name, part in resolved(schema).get("properties", {}).items():
        yield name
        if depth > 1:
            yield from (f"{name}.{inner}" for inner in fields(part, depth - 1))


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_the_table_is_whole() -> None:
    listed = argocd_operations()
    assert len(listed) == 106
    assert listed["ApplicationService_List"] == ArgoOperation(
        id="ApplicationService_List",
        method="GET",
        path="/api/v1/applications",
        streams=False,
        query=frozenset(
            ("name", "refresh", "projects*", "resourceVersion", "selector", "repo", "appNamespace", "project*")
        ),
        reply=frozenset(("items", "items.metadata", "items.spec", "items.status", "items.operation", "metadata")),
    )


@pytest.mark.parametrize("name", sorted(SERVED))
def test_an_operation_is_theirs(name: str) -> None:
    theirs, own = argocd_operations()[name], SERVED[name]
    assert (own.method, shape(own.path)) == (theirs.method, shape(theirs.path))
    if name not in MISSING:
        assert own.streams == theirs.streams


@pytest.mark.parametrize("name", WHOLE)
def test_every_parameter_of_theirs_is_taken(name: str) -> None:
    taken: set[str] = set()
    for one in ours(name)["parameters"]:
        if one["in"] == "query":
            many = one["schema"].get("type") == "array"
            taken |= {one["name"], f"{one['name']}*"} if many else {one["name"]}
    missing = {one for one in argocd_operations()[name].query - taken if f"{name} {one}" not in UNUSED}
    assert not missing


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_of_their_bodies_is_taken(name: str) -> None:
    body = ours(name).get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    theirs = argocd_operations()[name].body
    if theirs == {"string"}:
        assert body == {} or "string" in (resolved(body).get("type"), *(one["type"] for one in body.get("anyOf", ())))
        return
    taken = resolved(body)
    if taken.get("additionalProperties") is False:
        assert {one for one in theirs - set(taken["properties"]) if f"{name} {one}" not in UNUSED} == set()


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_of_our_replies_is_theirs(name: str) -> None:
    schema = ours(name)["responses"]["2XX"]["content"][JSON]["schema"]
    if SERVED[name].streams:
        schema = schema["oneOf"][0]["properties"]["result"]
    theirs = argocd_operations()[name].reply
    opened = {one.partition(".")[0] for one in theirs if "." in one}
    own = {one for one in fields(schema) if "." not in one or one.partition(".")[0] in opened}
    assert {one for one in own - theirs if f"{name} {one}" not in ADDED} == set()


def test_what_is_not_served_is_documented() -> None:
    listed = set(re.findall(r"`([A-Za-z]+_[A-Za-z0-9]+)`", DOCUMENT.read_text().partition("## What is not served")[2]))
    assert listed == (set(argocd_operations()) - set(SERVED)) | MISSING


def test_exceptions_are_of_something() -> None:
    assert {one.split()[0] for one in (*UNUSED, *ADDED)} <= set(SERVED)
