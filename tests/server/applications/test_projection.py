"""`fields=`: what is asked for is there as it was, and nothing else."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.server.applications.projection import LONGEST, Cutter, parse_fields

APP: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"a.b": "c"}},
    "spec": {"source": {"path": "x"}, "project": "default"},
    "status": {"resources": [{"kind": "A", "name": "a"}, {"kind": "B"}], "health": {}, "nothing": None},
}


def cut(fields: str, prefix: str = "items") -> Any:
    return orjson.loads(Cutter(parse_fields(fields, prefix)).cut(orjson.dumps(APP)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", APP),
        ("items", APP),
        ("items.metadata.name", {"metadata": {"name": "web"}}),
        ("items.metadata.name,items.spec", {"metadata": {"name": "web"}, "spec": APP["spec"]}),
        ("items.spec,items.spec.source", {"spec": APP["spec"]}),
        ("metadata.resourceVersion, items.status.health", {"status": {"health": {}}}),
        ("items.status.resources.kind", {"status": {"resources": [{"kind": "A"}, {"kind": "B"}]}}),
        ("items.status.nothing", {"status": {"nothing": None}}),
        ("items.metadata.name.deeper", {}),
        ("items.absent", {}),
        ("metadata.name", {}),
        ("result.application.spec", {}),
        ("items.metadata.labels.a", {}),
        ("-items.status,items.spec", {"metadata": APP["metadata"]}),
        ("-items.status.resources.kind,items.spec,items.metadata",
         {"status": {"resources": [{"name": "a"}, {}], "health": {}, "nothing": None}}),
        ("-items.absent.deeper", APP),
        ("-metadata", APP),
        ("-items", {}),
        (",", {}),
        ("..", {}),
    ],
)  # fmt: skip
def test_cut(fields: str, expected: Any) -> None:
    assert cut(fields) == expected


def test_the_names_of_fields_on_streams() -> None:
    projection = parse_fields("result.type,result.application.metadata.name", "result.application")
    assert (projection.paths, projection.typed) == ((("metadata", "name"),), True)
    assert not parse_fields("result.application.spec", "result.application").typed
    assert parse_fields("-result.application.spec", "result.application").typed
    assert parse_fields("result", "result.application").whole


@pytest.mark.parametrize("fields", ["a," * 201, "a." * 17, "x" * (LONGEST + 1)])
def test_refused(fields: str) -> None:
    with pytest.raises(ValueError, match=r"more than|longer"):
        parse_fields(fields, "items")


def _below(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


keys = st.sampled_from(["a", "b", "c"])
trees = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=3), lambda inner: st.dictionaries(keys, inner), max_leaves=12
)
paths = st.lists(st.lists(keys, min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=60)
@given(st.dictionaries(keys, trees), paths)
def test_what_is_asked_for_and_what_is_left_out_are_the_whole(app: dict[str, Any], asked: list[list[str]]) -> None:
    fields = ",".join(".".join(["items", *path]) for path in asked)
    raw = orjson.dumps(app)
    kept = orjson.loads(Cutter(parse_fields(fields, "items")).cut(raw))
    rest = orjson.loads(Cutter(parse_fields(f"-{fields}", "items")).cut(raw))
    for path in asked:
        assert _below(kept, path) == _below(app, path)
        assert _below(rest, path) is None
    assert _merged(rest, kept) == app


def _merged(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {key: _merged(one[key], other[key]) if key in one and key in other else one.get(key, other.get(key))
            for key in one.keys() | other.keys()}  # fmt: skip
