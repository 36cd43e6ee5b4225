"""Field sets: algebra, FieldsV1, and what a manifest's own set is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.keys import Kind
from trimtab.typed import fields
from trimtab.typed.builtin import schema_of
from trimtab.typed.fields import FieldSet

DEPLOYMENT = schema_of(Kind("apps", "v1", "Deployment"))

names = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"x"'])
sets = st.sets(st.lists(names, min_size=1, max_size=3).map(tuple), max_size=6)


def tree_of_paths(paths: set[tuple[str, ...]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        tree = fields.union(tree, one(path))
    return tree


def one(path: tuple[str, ...]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for element in reversed(path):
        tree = {element: tree}
    return tree


@given(sets)
def test_a_tree_holds_exactly_its_paths_and_survives_json(paths: set[tuple[str, ...]]) -> None:
    tree = tree_of_paths(paths)
    assert set(fields.paths(tree)) == paths
    assert json.loads(json.dumps(tree)) == tree
    assert all(path in FieldSet(tree) for path in paths)


@given(sets, sets)
def test_operations_are_those_of_sets_of_paths(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> None:
    a, b = FieldSet(tree_of_paths(left)), FieldSet(tree_of_paths(right))
    assert set(a | b) == left | right
    assert set(a - b) == left - right
    assert set(a & b) == left & right
    assert bool(a - a) is False


def test_operations_leave_their_operands_alone() -> None:
    left: dict[str, Any] = {"f:a": {"f:b": {}}}
    right: dict[str, Any] = {"f:a": {}, "f:c": {}}
    fields.union(left, right)
    fields.difference(left, right)
    fields.intersection(left, right)
    assert (left, right) == ({"f:a": {"f:b": {}}}, {"f:a": {}, "f:c": {}})


def test_the_fields_of_a_manifest() -> None:
    manifest = {
        "metadata": {"labels": {"app": "web"}, "finalizers": ["x"], "annotations": {}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "spec": {"containers": [{"name": "web", "args": ["-v"], "ports": [{"containerPort": 80}], "env": None}]}
            },
        },
    }
    container = 'k:{"name":"web"}'
    assert fields.of(manifest, DEPLOYMENT).tree == {
        "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {'v:"x"': {}}, "f:annotations": {}},
        "f:spec": {
            "f:selector": {},
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        container: {
                            ".": {},
                            "f:name": {},
                            "f:args": {},
                            "f:env": {},
                            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                        }
                    }
                }
            },
        },
    }


def test_without_a_schema_maps_merge_and_lists_are_atomic() -> None:
    tree = fields.of({"a": {"b": [1], "c": {}}}, schema_of(Kind("no", "v1", "Such"))).tree
    assert tree == {"f:a": {".": {}, "f:b": {}, "f:c": {}}}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:spec", 'k:{"containerPort":80,"protocol":"TCP"}'), '.spec[containerPort=80,protocol="TCP"]'),
        (("f:finalizers", 'v:"x"'), '.finalizers[="x"]'),
        (("f:list", "i:0"), ".list[0]"),
    ],
)
def test_paths_read_as_the_api_server_prints_them(path: tuple[str, ...], text: str) -> None:
    assert fields.path_text(path) == text
