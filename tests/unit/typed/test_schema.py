"""Schemas: the distilled table of built-in kinds, and those of CRDs."""

from typing import Any

import pytest

from trimtab.model.keys import Kind
from trimtab.typed.builtin import OBJECT_META, schema_of, table
from trimtab.typed.schema import Schema, from_openapi
from trimtab.typed.validation import problems


def at(schema: Schema, *path: str) -> Schema:
    for name in path:
        schema = schema.item if name == "[]" else schema.child(name)
    return schema


def test_lists_know_how_they_merge() -> None:
    containers = at(schema_of(Kind("apps", "v1", "Deployment")), "spec", "template", "spec", "containers")
    assert (containers.list_type, containers.keys, containers.merge_key) == ("map", ("name",), "name")
    ports = at(containers, "[]", "ports")
    assert (ports.keys, ports.item.defaults) == (("containerPort", "protocol"), {"protocol": "TCP"})
    assert at(containers, "[]", "args").list_type == "atomic"
    assert at(schema_of(Kind("", "v1", "Pod")), "metadata", "finalizers").list_type == "set"


def test_every_built_in_kind_can_be_built() -> None:
    for kind in table().kinds():
        schema = schema_of(kind)
        assert schema.shape == "struct", kind
        assert "apiVersion" in schema.fields, kind


def test_recursive_types_end() -> None:
    crd = schema_of(Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"))
    properties = at(crd, "spec", "versions", "[]", "schema", "openAPIV3Schema", "properties", "x", "properties", "y")
    assert properties.name.endswith("JSONSchemaProps")


def test_an_unknown_kind_is_anything() -> None:
    assert schema_of(Kind("no", "v1", "Such")).shape == "any"


CRD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["kind"],
                    "items": {"type": "object", "properties": {"kind": {"type": "string", "default": "mast"}}},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "size": {"x-kubernetes-int-or-string": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "count": {"type": "integer"},
            },
        }
    },
}
BOAT = from_openapi(CRD, metadata=table().type(OBJECT_META))


def test_a_crds_schema() -> None:
    spec = BOAT.child("spec")
    assert spec.child("tags").list_type == "set"
    assert (spec.child("parts").keys, spec.child("parts").item.defaults) == (("kind",), {"kind": "mast"})
    assert spec.child("free").shape == "any"
    assert spec.child("labels").item.type == "string"
    assert BOAT.child("metadata").name == OBJECT_META


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"free": {"x": [1]}, "size": "5%", "labels": {"a": "b"}, "count": None}, []),
        ({"unknown": 1}, [".spec.unknown: field not declared in schema"]),
        ({"count": "two"}, [".spec.count: expected numeric (int or float), got string"]),
        ({"count": True}, [".spec.count: expected numeric (int or float), got bool"]),
        ({"tags": ["a", "a"]}, ['.spec.tags: duplicate entries for key [="a"]']),
        ({"tags": "a"}, [".spec.tags: expected list, got &{a}"]),
        ({"labels": ["a"]}, [".spec.labels: expected map, got &{['a']}"]),
        (
            {"parts": [{"kind": 1}]},
            [".spec.parts[kind=1].kind: expected string, got &value.valueUnstructured{Value:1}"],
        ),
    ],
)
def test_what_server_side_apply_refuses(spec: dict[str, Any], expected: list[str]) -> None:
    assert list(problems({"metadata": {"name": "a"}, "spec": spec}, BOAT)) == expected
