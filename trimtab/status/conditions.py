"""Conditions of an Application: replaced by kind, with their times kept while nothing changes."""

from collections.abc import Iterable

from trimtab.model.application import Condition

REFRESH_TYPES = frozenset(
    (
        "InvalidSpecError",
        "ComparisonError",
        "SyncError",
        "UnknownError",
        "SharedResourceWarning",
        "RepeatedResourceWarning",
        "ExcludedResourceWarning",
        "OrphanedResourceWarning",
    )
)
"""The types that a refresh decides anew; others (DeletionError) are left as they are."""


def merge_conditions(
    known: Iterable[Condition], found: Iterable[Condition], *, now: str, owned: frozenset[str] = REFRESH_TYPES
) -> tuple[Condition, ...]:
    """`found` replaces what `known` says of the types in `owned`; an unchanged condition keeps its transition time."""
    before = list(known)
    times = {(c.type, c.message): c.last_transition_time for c in before}
    fresh = {(c.type, c.message) for c in found}
    kept = [c for c in before if c.type not in owned and (c.type, c.message) not in fresh]
    dated = [Condition(type=t, message=m, last_transition_time=times.get((t, m)) or now) for t, m in fresh]
    return tuple(sorted([*kept, *dated], key=lambda c: (c.type, c.message)))
