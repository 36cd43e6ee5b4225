from typing import Any

import hypothesis
import pytest

from tests.unit.declare.builders import a_declaration, declarations
from trimtab.declare.declaration import Declaration, SecretKey, Volume
from trimtab.declare.difference import difference
from trimtab.declare.objects import full_objects
from trimtab.model.keys import Manifest, kind_of
from trimtab.typed.builtin import table
from trimtab.typed.strategic import strategic_merge


def deployment(declared: Declaration) -> Manifest:
    return full_objects(declared)[0]


def ordered(value: Any) -> Any:
    """Lists whose order counts for nothing, in one order."""
    if isinstance(value, dict):
        return {name: ordered(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return sorted((ordered(item) for item in value), key=repr)
    return value


@hypothesis.given(before=declarations(), after=declarations())
@hypothesis.settings(max_examples=60, deadline=None)
def test_the_patch_makes_one_of_the_other(before: Declaration, after: Declaration) -> None:
    old, new = deployment(before), deployment(after)
    schema = table().kind(kind_of(old))
    assert schema is not None
    assert ordered(strategic_merge(old, difference(old, new), schema)) == ordered(new)


@hypothesis.given(declared=declarations())
def test_what_is_equal_needs_no_patch(declared: Declaration) -> None:
    assert difference(deployment(declared), deployment(declared)) == {}


def patch_of_container(before: Declaration, after: Declaration) -> dict[str, Any]:
    patch = difference(deployment(before), deployment(after))
    container = patch["spec"]["template"]["spec"]["containers"]
    assert len(container) == 1
    return dict(container[0])


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {"env": {"A": "x"}}, {"env": [{"name": "A", "value": "x"}]}),
        ({"env": {"A": "x"}}, {"env": {"A": "y"}}, {"env": [{"name": "A", "value": "y"}]}),
        (
            {"env": {"A": "x", "B": "y"}},
            {"env": {"B": "y"}},
            {"env": [{"$patch": "delete", "name": "A"}]},
        ),
        ({"env": {"A": "x"}}, {}, {"env": None}),
        (
            {"env": {"A": "x"}},
            {"env": {"A": SecretKey("s", "k")}},
            {"env": [{"name": "A", "value": None, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        ),
        (
            {"port": 80},
            {"port": 81},
            {"ports": [{"$patch": "delete", "containerPort": 80}, {"name": "http", "containerPort": 81}]},
        ),
    ],
)
def test_patches_are_small(before: dict[str, Any], after: dict[str, Any], patch: dict[str, Any]) -> None:
    assert patch_of_container(a_declaration(**before), a_declaration(**after)) == {"name": "web", **patch}


def test_an_order_alone_is_no_difference() -> None:
    data, cache = (Volume(name=name, path=f"/{name}", size="1Gi") for name in ("data", "cache"))
    before, after = a_declaration(volumes=(data, cache)), a_declaration(volumes=(cache, data))
    assert difference(deployment(before), deployment(after)) == {}
