"""Conditions keep their times while they say the same, and go when nobody says them any more."""

from trimtab.model.application import Condition
from trimtab.status.conditions import merge_conditions

OLD, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def a_condition(kind: str, message: str = "m", time: str | None = OLD) -> Condition:
    return Condition(type=kind, message=message, last_transition_time=time)


def found(kind: str, message: str = "m") -> Condition:
    return Condition(type=kind, message=message)


def test_what_is_said_again_keeps_its_time() -> None:
    known = (a_condition("ComparisonError"),)
    assert merge_conditions(known, [found("ComparisonError")], now=NOW) == known


def test_another_message_has_another_time() -> None:
    merged = merge_conditions((a_condition("SyncError", "a"),), [found("SyncError", "b")], now=NOW)
    assert merged == (a_condition("SyncError", "b", NOW),)


def test_what_is_not_said_any_more_goes() -> None:
    assert merge_conditions((a_condition("ComparisonError"), a_condition("SyncError")), [], now=NOW) == ()


def test_what_is_not_ours_stays() -> None:
    known = (a_condition("DeletionError"), a_condition("SomethingNew"))
    assert merge_conditions(known, [], now=NOW) == known
    assert merge_conditions(known, [], now=NOW, owned=frozenset(("DeletionError",))) == known[1:]


def test_nothing_is_said_twice() -> None:
    merged = merge_conditions((), [found("SyncError"), found("SyncError"), found("SyncError", "n")], now=NOW)
    assert merged == (a_condition("SyncError", "m", NOW), a_condition("SyncError", "n", NOW))
    again = merge_conditions((a_condition("DeletionError"),), [found("DeletionError")], now=NOW)
    assert again == (a_condition("DeletionError"),)


def test_a_time_that_is_missing_is_filled_in() -> None:
    known = (a_condition("SyncError", time=None),)
    assert merge_conditions(known, [found("SyncError")], now=NOW) == (a_condition("SyncError", time=NOW),)


def test_the_order_does_not_depend_on_the_order_of_discovery() -> None:
    one = merge_conditions((), [found("B"), found("A", "2"), found("A", "1")], now=NOW)
    other = merge_conditions((), [found("A", "1"), found("B"), found("A", "2")], now=NOW)
    assert one == other
    assert [(c.type, c.message) for c in one] == [("A", "1"), ("A", "2"), ("B", "m")]
