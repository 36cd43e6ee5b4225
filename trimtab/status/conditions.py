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
    before = {(c.type, c.message): c for c in known}
    kept = [c for c in known if c.type not in owned]
    fresh = {(c.type, c.message): c for c in found}
    dated = [
        before.get(key) or Condition(type=c.type, message=c.message, last_transition_time=now)
        for key, c in fresh.items()
    ]
    return tuple(sorted([*kept, *dated], key=lambda c: (c.type, c.message)))
