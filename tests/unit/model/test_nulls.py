"""What a merge patch loses."""

from typing import Any

import pytest

from trimtab.model.application import ApplicationSource, HelmSource
from trimtab.model.nulls import has_nulls, same_but_for_nulls, without_nulls


def a_source(values: dict[str, Any] | None) -> ApplicationSource:
    return ApplicationSource(repo_url="x", helm=HelmSource(values_object=values))


@pytest.mark.parametrize(
    "value, bare",
    [
        (None, None),
        ({"a": None, "b": {"c": None, "d": 0}}, {"b": {"d": 0}}),
        ([{"a": None}, None, ""], [{}, None, ""]),
        (({"a": None},), [{}]),
    ],
)
def test_without_nulls(value: Any, bare: Any) -> None:
    assert without_nulls(value) == bare


@pytest.mark.parametrize(
    "values, holds", [(None, False), ({}, False), ({"a": False, "b": []}, False), ({"a": [{"b": None}]}, True)]
)
def test_has_nulls(values: dict[str, Any] | None, holds: bool) -> None:
    assert has_nulls(a_source(values)) is holds


def test_same_but_for_nulls() -> None:
    assert same_but_for_nulls(a_source({"a": None, "b": 1}), a_source({"b": 1}))
    assert not same_but_for_nulls(a_source({"a": 0}), a_source({}))
    assert same_but_for_nulls(None, None)
    assert not same_but_for_nulls(a_source({}), None)
