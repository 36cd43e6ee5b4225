"""Which drift is a person's doing, and which our own sync's, whose writes come back by the watch a moment later."""

from collections.abc import Iterable, Set

from trimtab.compare.drift import Drift
from trimtab.model.application import Operation
from trimtab.model.keys import ObjectKey


def by_others(
    drifts: Iterable[Drift], *, syncing: bool, operation: Operation | None, pruned: Set[ObjectKey]
) -> tuple[Drift, ...]:
    """The drifts that our sync cannot have caused. `syncing`: one runs, or has just ended; `operation`: what is
    asked for now. `pruned`: what the last sync deleted, whenever the watch says so.
    """
    return tuple(
        drift for drift in drifts if not (_was_pruned(drift, pruned) or (syncing and _may_be_ours(drift, operation)))
    )


def _was_pruned(drift: Drift, pruned: Set[ObjectKey]) -> bool:
    return not drift.differences and drift.key in pruned


def _may_be_ours(drift: Drift, operation: Operation | None) -> bool:
    """Others sign what they change; only what a person asks for, such as a rollback, prunes what the newest revision
    declares.
    """
    if drift.differences:
        return not any(difference.manager for difference in drift.differences)
    return operation is not None and not operation.initiated_by.automated
