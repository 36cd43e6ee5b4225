"""The three kinds of patch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.keys import Kind
from trimtab.typed.builtin import schema_of
from trimtab.typed.json_patch import PatchError, apply_json_patch, merge_patch
from trimtab.typed.schema import Schema
from trimtab.typed.strategic import strategic_merge

POD: Schema = schema_of(Kind("", "v1", "Pod"))
DEPLOYMENT: Schema = schema_of(Kind("apps", "v1", "Deployment"))

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b/c", "~d"]), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("document", "operations", "expected"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a/b": 1, "c~d": 2}, [{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/c~0d"}], {}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        ({"a": {"x": 1}}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": {"x": 1}, "b": {"x": 1}}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1}),
        ({"a": 1}, [{"op": "add", "path": "", "value": 2}], 2),
    ],
)
def test_json_patch(document: Any, operations: list[Any], expected: Any) -> None:
    assert apply_json_patch(document, operations) == expected


@pytest.mark.parametrize(
    "operations",
    [
        "nonsense",
        ["nonsense"],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/x/y", "value": 1}],
        [{"op": "add", "path": "/list/7", "value": 1}],
        [{"op": "add", "path": "/list/-1", "value": 1}],
        [{"op": "remove", "path": "/list/-"}],
        [{"op": "remove", "path": "/nothing"}],
        [{"op": "replace", "path": "/nothing", "value": 1}],
        [{"op": "test", "path": "/list", "value": 1}],
        [{"op": "explode", "path": "/list"}],
        [{"op": "move", "path": "/list"}],
    ],
)
def test_a_json_patch_that_cannot_be_carried_out_changes_nothing(operations: Any) -> None:
    document = {"list": [1]}
    with pytest.raises(PatchError):
        apply_json_patch(document, operations)
    assert document == {"list": [1]}


@given(values, values)
def test_a_merge_patch_with_the_document_itself_keeps_it(document: Any, patch: Any) -> None:
    once = merge_patch(document, patch)
    assert merge_patch(once, patch) == once


def test_merge_patch_removes_with_null_and_replaces_lists() -> None:
    patched = merge_patch({"a": {"b": 1, "c": 2}, "l": [1, 2]}, {"a": {"b": None}, "l": [3]})
    assert patched == {"a": {"c": 2}, "l": [3]}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        (
            pod({"name": "a", "image": "1"}, {"name": "b"}),
            pod({"name": "a", "tty": True}, {"name": "c"}),
            pod({"name": "a", "image": "1", "tty": True}, {"name": "b"}, {"name": "c"}),
        ),
        (pod({"name": "a"}, {"name": "b"}), pod({"name": "a", "$patch": "delete"}), pod({"name": "b"})),
        (pod({"name": "a"}), pod({"name": "c"}, {"$patch": "replace"}), pod({"name": "c"})),
        (pod({"name": "a", "args": ["x"]}), pod({"name": "a", "args": ["y"]}), pod({"name": "a", "args": ["y"]})),
        (pod(nodeSelector={"a": "b"}), {"spec": {"nodeSelector": {"c": "d"}}}, pod(nodeSelector={"a": "b", "c": "d"})),
        (
            pod(nodeSelector={"a": "b"}),
            {"spec": {"nodeSelector": {"$patch": "replace", "c": "d"}}},
            pod(nodeSelector={"c": "d"}),
        ),
        (pod(nodeSelector={"a": "b"}), {"spec": {"nodeSelector": None}}, pod()),
        (
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"finalizers": ["c", "a"], "$deleteFromPrimitiveList/finalizers": ["b"]}},
            {"metadata": {"finalizers": ["a", "c"]}},
        ),
        (
            pod({"name": "a"}, {"name": "b"}),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            pod({"name": "b"}, {"name": "a"}),
        ),
        (
            pod(volumes=[{"name": "v", "configMap": {"name": "c"}}]),
            {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "emptyDir"], "emptyDir": {}}]}},
            pod(volumes=[{"name": "v", "emptyDir": {}}]),
        ),
    ],
)
def test_strategic_merge(document: Any, patch: Any, expected: Any) -> None:
    assert strategic_merge(document, patch, POD) == expected


def test_strategic_merge_of_a_union_keeps_only_the_named_keys() -> None:
    document = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(document, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


@pytest.mark.parametrize("patch", [pod({"image": "x"}), {"spec": {"$patch": "explode"}}])
def test_a_strategic_patch_that_makes_no_sense_is_refused(patch: Any) -> None:
    with pytest.raises(PatchError):
        strategic_merge(pod({"name": "a"}), patch, POD)
