"""What is carved out of GitHub's descriptions: whole, terse, and no more than is needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.carve_github_openapi import EVENTS, OPERATIONS, references, terse

SERVERS = Path(__file__).parents[1] / "servers"


def read(name: str) -> Any:
    return json.loads((SERVERS / name).read_text())


@pytest.mark.parametrize("name", ["github_openapi.json", "github_webhooks.json"])
def test_all_that_is_referred_to_is_there(name: str) -> None:
    whole = read(name)
    for reference in set(references(whole)):
        found = whole
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    assert (SERVERS / name).stat().st_size < 300_000


def test_it_is_what_the_tables_name() -> None:
    paths = read("github_openapi.json")["paths"]
    found = {f"{method} {path}" for path, methods in paths.items() for method in methods}
    assert found == set(OPERATIONS.split("\n")) - {""}
    assert set(EVENTS) <= read("github_webhooks.json")["definitions"].keys()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "description": "d", "example": 1}, {"type": "string"}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"allOf": [{}], "nullable": True}, {"anyOf": [{"allOf": [{}]}, {"type": "null"}]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"properties": {"description": {"title": "x"}}}, {"properties": {"description": {}}}),
        ({"properties": {"properties": {"title": "x"}}}, {"properties": {"properties": {}}}),
        ({"type": "string", "format": "uri", "default": ""}, {"type": "string", "default": ""}),
    ],
)
def test_prose_goes_and_null_is_a_type(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert terse(schema) == expected
