"""Drift: what held its target and no longer does, in one readable line."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import an_entry, an_object, compared, prepared, tracked
from trimtab.compare.drift import Drift, describe, drifts
from trimtab.compare.structural import MISSING, Difference
from trimtab.model.keys import ObjectKey

TARGET = prepared(an_object(data={"a": "1"}))
KEY = ObjectKey(group="apps", kind="Deployment", namespace="place", name="web")
SYNCED = compared(TARGET, an_entry(tracked(an_object(data={"a": "1"})))).verdicts()


def live(data: dict[str, str], version: str = "2") -> Any:
    return an_entry(tracked(an_object(data=data)), version=version)


def test_an_object_that_was_changed_drifted() -> None:
    (drift,) = drifts(SYNCED, compared(TARGET, live({"a": "2"}), known=SYNCED))
    assert describe(drift).startswith("ConfigMap place/one drifted: data.a '1' → '2'")


def test_an_object_that_was_deleted_drifted() -> None:
    (drift,) = drifts(SYNCED, compared(TARGET, known=SYNCED))
    assert describe(drift) == "ConfigMap place/one was deleted; Git declares it"


def test_a_drift_is_told_once() -> None:
    drifted = compared(TARGET, live({"a": "2"}), known=SYNCED)
    again = compared(TARGET, live({"a": "2"}, "3"), known=drifted.verdicts())
    assert drifts(drifted.verdicts(), again) == ()


def test_what_is_no_drift() -> None:
    assert drifts({}, compared(TARGET, live({"a": "2"}))) == (), "the first look"
    other = prepared(an_object(data={"a": "9"}))
    assert drifts(SYNCED, compared(other, live({"a": "1"}), known=SYNCED)) == (), "a commit"
    assert drifts(SYNCED, compared(TARGET, live({"a": "1"}), known=SYNCED)) == (), "another version of the same"
    leftover = compared(prepared(), live({"a": "1"}))
    assert drifts(leftover.verdicts(), leftover) == (), "what Git does not name"
    missing = compared(TARGET).verdicts()
    assert drifts(missing, compared(TARGET, live({"a": "2"}), known=missing)) == (), "it was not there before"


def test_who_changed_what_when() -> None:
    found = (
        Difference("spec.replicas", 2, 5, "kubectl", "2026-01-02T03:04:05Z"),
        Difference("metadata.labels.app", "web", MISSING),
        Difference("spec.template", MISSING, {"a": [1]}),
    )
    assert describe(Drift(KEY, found)) == (
        "apps/Deployment place/web drifted: spec.replicas 2 → 5 by kubectl at 2026-01-02T03:04:05Z; "
        "metadata.labels.app 'web' → (absent); spec.template (absent) → {'a': [1]}"
    )


@pytest.mark.parametrize("value", ["x" * 10_000, ["y" * 10_000], "a\nb\tc" * 500])
def test_a_long_value_is_cut_and_the_line_stays_one(value: Any) -> None:
    text = describe(Drift(KEY, (Difference("data.a", value, value),)))
    assert "\n" not in text
    assert len(text) < 400


def test_many_fields_are_counted() -> None:
    found = tuple(Difference(f"data.f{number}", 1, 2) for number in range(12))
    text = describe(Drift(KEY, found))
    assert text.endswith("; and 7 more fields")
    assert "data.f4 1 → 2" in text
    assert "data.f5" not in text


def test_the_same_target_at_another_place_in_git_is_the_same() -> None:
    moved = prepared(an_object(name="other"), an_object(data={"a": "1"}))
    (drift,) = drifts(SYNCED, compared(moved, live({"a": "2"}), known=SYNCED))
    assert drift.key.name == "one"
    assert replace(drift, differences=()).differences == ()
