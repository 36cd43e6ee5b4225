"""Drift: an object that held what Git says, and no longer does though Git has not changed."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.compare.comparison import Comparison, Item, Verdict
from trimtab.compare.redact import redact_differences
from trimtab.compare.structural import MISSING, Difference
from trimtab.model.keys import ObjectKey
from trimtab.text import one_line

SHOWN = 5
"""Fields that one message names."""


class Drift(Struct, frozen=True):
    """One object that drifted. `differences` is () for a deleted one; Secret values are masked already."""

    key: ObjectKey
    differences: tuple[Difference, ...]


def drifts(before: Mapping[ObjectKey, Verdict], after: Comparison) -> tuple[Drift, ...]:
    """The objects whose verdict was "in sync" for the same target and now is not."""
    return tuple(
        Drift(item.key, redact_differences(item.key, item.verdict.differences))
        for item in after.items
        if item.target is not None and _drifted(before.get(item.key), item)
    )


def _drifted(before: Verdict | None, item: Item) -> bool:
    if before is None or before.target_digest != item.verdict.target_digest:
        return False
    was_synced = bool(before.live_version) and not before.differences
    return was_synced and item.status == "OutOfSync"


def describe(drift: Drift) -> str:
    """One line: object, field, old and new value, and who changed it when, as far as managedFields tell."""
    if not drift.differences:
        return f"{drift.key} was deleted; Git declares it"
    shown = "; ".join(_field(difference) for difference in drift.differences[:SHOWN])
    more = len(drift.differences) - SHOWN
    return f"{drift.key} drifted: {shown}" + (f"; and {more} more fields" if more > 0 else "")


def _field(difference: Difference) -> str:
    by = f" by {difference.manager}" if difference.manager else ""
    at = f" at {difference.time}" if difference.time else ""
    return f"{difference.path} {_value(difference.target)} → {_value(difference.live)}{by}{at}"


def _value(value: object) -> str:
    return (
        "(absent)" if value is MISSING else one_line(repr(value) if isinstance(value, str) else str(value), limit=120)
    )
