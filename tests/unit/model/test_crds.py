"""The CRDs are generated, open to unknown fields at every object, and shaped as the API server demands."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from trimtab.model.crds import crds, schema_of

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in crds()}
KEEP = "x-kubernetes-preserve-unknown-fields"


def schema(kind: str) -> Any:
    return CRDS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def at(kind: str, path: str) -> Any:
    """The schema at a dotted path; `[]` steps into the items of a list."""
    found = schema(kind)
    for step in path.split("."):
        found = found["items"] if step == "[]" else found["properties"][step]
    return found


def objects(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if part.get("type") == "object":
        yield path, part
    for name, inner in part.get("properties", {}).items():
        yield from objects(inner, f"{path}.{name}")
    if "items" in part:
        yield from objects(part["items"], f"{path}[]")


@pytest.mark.parametrize("kind", CRDS)
def test_every_object_keeps_what_it_does_not_know(kind: str) -> None:
    closed = [
        path
        for path, part in objects(schema(kind))
        if path != ".metadata" and "additionalProperties" not in part and part.get(KEEP) is not True
    ]
    assert closed == []


@pytest.mark.parametrize("kind", CRDS)
def test_no_object_has_both_properties_and_additional_ones(kind: str) -> None:
    assert [p for p, part in objects(schema(kind)) if {"properties", "additionalProperties"} <= part.keys()] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.source.helm.valuesObject", {"type": "object", KEEP: True}),
        ("spec.sources.[].targetRevision", {"type": "string"}),
        ("spec.source.kustomize.replicas.[].count", {"x-kubernetes-int-or-string": True}),
        (
            "spec.source.kustomize.commonLabels",
            {"type": "object", "additionalProperties": {"type": "string"}},
        ),
        ("spec.syncPolicy.automated.enabled", {"type": "boolean"}),
        ("spec.revisionHistoryLimit", {"type": "integer", "format": "int64"}),
        ("operation.sync.syncOptions", {"type": "array", "items": {"type": "string"}}),
        ("status", {"type": "object", KEEP: True}),
    ],
)
def test_types(path: str, expected: dict[str, Any]) -> None:
    assert at("Application", path) == expected


def test_fields_without_a_default_are_required() -> None:
    assert at("Application", "spec.source")["required"] == ["repoURL"]
    assert "required" not in at("Application", "spec")


def test_names_scope_and_columns() -> None:
    spec = CRDS["Application"]["spec"]
    assert spec["names"]["shortNames"] == ["app", "apps"]
    assert CRDS["AppProject"]["spec"]["names"]["shortNames"] == ["appproj", "appprojs"]
    columns = [(c["name"], c.get("priority", 0)) for c in spec["versions"][0]["additionalPrinterColumns"]]
    assert columns == [("Sync Status", 0), ("Health Status", 0), ("Revision", 10), ("Project", 10)]
    for crd in CRDS.values():
        assert crd["metadata"]["name"] == f"{crd['spec']['names']['plural']}.argoproj.io"
        assert crd["spec"]["scope"] == "Namespaced"
        assert "subresources" not in crd["spec"]["versions"][0]


def test_a_type_without_a_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="no schema for"):
        schema_of(inspect.FloatType())
