"""The one status write: a merge patch that does what it says, and none when nothing changed."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.application import (
    AppHealth,
    ApplicationSource,
    ApplicationStatus,
    ComparedTo,
    Destination,
    HelmSource,
    ResourceStatus,
    SyncStatus,
)
from trimtab.model.nulls import without_nulls
from trimtab.status.patch import merge_diff, status_patch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(("", "a")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, as Kubernetes' API server does it: nulls within a new value are dropped, in lists too."""
    if not isinstance(patch, dict):
        return without_nulls(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_the_patch_makes_one_object_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    stored = without_nulls(before)
    patch = merge_diff(stored, after)
    result = merged(stored, patch)
    assert result == without_nulls(after)
    assert merge_diff(result, after) == {}, "nothing is left to write"


@pytest.mark.parametrize(
    "before, after, patch",
    [
        ({}, {}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": 1}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
        ({"a": [1, {"b": 2}]}, {"a": [1]}, {"a": [1]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": None}]}, {}),
        ({"a": {}}, {"a": {"b": None}}, {}),
        ({"a": None}, {}, {}),
        ({"a": 0}, {"a": False, "b": ""}, {"b": ""}),
    ],
)
def test_merge_diff(before: dict[str, Any], after: dict[str, Any], patch: dict[str, Any]) -> None:
    assert merge_diff(before, after) == patch


def test_nothing_changed_is_no_patch() -> None:
    status = ApplicationStatus(health=AppHealth(status="Healthy"), resources=(a_resource("a"),))
    assert status_patch(status, msgspec.structs.replace(status)) is None
    assert status_patch(ApplicationStatus(), ApplicationStatus()) is None


def test_only_what_changed_is_named() -> None:
    before = ApplicationStatus(health=AppHealth(status="Healthy", message="x"), reconciled_at="1", source_type="Helm")
    after = ApplicationStatus(health=AppHealth(status="Degraded"), reconciled_at="2", source_type="Helm")
    assert status_patch(before, after) == {"health": {"status": "Degraded", "message": None}, "reconciledAt": "2"}


def test_lists_are_written_whole_and_removed_when_empty() -> None:
    before = ApplicationStatus(resources=(a_resource("a"),))
    both = status_patch(before, ApplicationStatus(resources=(a_resource("a"), a_resource("b"))))
    assert both is not None
    assert [resource["name"] for resource in both["resources"]] == ["a", "b"]
    assert status_patch(before, ApplicationStatus()) == {"resources": None}


def test_helm_values_with_nulls_are_not_written_for_ever() -> None:
    def compared(values: dict[str, Any]) -> ApplicationStatus:
        source = ApplicationSource(repo_url="x", helm=HelmSource(values_object=values))
        to = ComparedTo(destination=Destination(), source=source, sources=(source,))
        return ApplicationStatus(sync=SyncStatus(status="Synced", compared_to=to))

    assert status_patch(compared({"b": {}}), compared({"a": None, "b": {"c": None}})) is None


def a_resource(name: str) -> ResourceStatus:
    return ResourceStatus(kind="ConfigMap", name=name, version="v1")
