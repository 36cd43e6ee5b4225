"""Whatever JSON is compared with whatever other JSON: no crash, one line a difference, and equal is equal."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from trimtab.compare.drift import Drift, describe
from trimtab.compare.structural import MISSING, differences
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import FIELD_MANAGER, LAST_APPLIED

NAMES = st.sampled_from(("name", "a", "a.b/c", "port", "protocol", "limits", "labels", "", 'q"\\<', "é\n"))
SCALARS = st.none() | st.booleans() | st.integers(-1, 2) | st.floats(0, 1) | st.sampled_from(("", "a", "1", "1000m"))
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
KEYS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=2).map(lambda keys: f"k:{orjson.dumps(keys).decode()}")
STEPS = (
    NAMES.map(lambda name: f"f:{name}")
    | KEYS
    | SCALARS.map(lambda value: f"v:{orjson.dumps(value).decode()}")
    | st.just(".")
)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(STEPS, inner, max_size=3), max_leaves=10
)
ENTRIES = st.fixed_dictionaries(
    {
        "manager": st.sampled_from((FIELD_MANAGER, "kubectl-client-side-apply", "robot")),
        "operation": st.sampled_from(("Apply", "Update")),
        "apiVersion": st.sampled_from(("v1", "acme.example/v1")),
        "fieldsV1": st.fixed_dictionaries({"f:spec": TREES, "f:metadata": TREES}),
    }
)
KEY = ObjectKey(group="", kind="X", namespace="", name="x")


def an_object(version: str, spec: Any, metadata: Any) -> Manifest:
    return {"apiVersion": version, "kind": "X", "metadata": {**metadata, "name": "x"}, "spec": spec}


@given(
    st.sampled_from(("v1", "acme.example/v1")),
    st.tuples(JSON, JSON),
    st.tuples(st.dictionaries(NAMES, JSON, max_size=2), st.dictionaries(NAMES, JSON, max_size=2)),
    st.lists(ENTRIES, max_size=3),
    JSON,
)
def test_no_json_is_too_odd(version: str, specs: Any, metadata: Any, entries: list[Any], last: Any) -> None:
    target, live = (an_object(version, spec, part) for spec, part in zip(specs, metadata, strict=True))
    live["metadata"] |= {"managedFields": entries, "annotations": {LAST_APPLIED: orjson.dumps(last).decode()}}
    for found in differences(target, live):
        assert found.target is not MISSING or found.live is not MISSING
        assert "\n" not in describe(Drift(KEY, (found,)))


@given(st.sampled_from(("v1", "acme.example/v1")), JSON, st.dictionaries(NAMES, JSON, max_size=2))
def test_an_object_holds_itself(version: str, spec: Any, metadata: Any) -> None:
    manifest = an_object(version, spec, metadata)
    assert differences(manifest, orjson.loads(orjson.dumps(manifest))) == ()
