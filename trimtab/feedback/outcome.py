"""What became of an application's last sync, in the words that GitHub is told."""

import datetime as dt
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from trimtab.clock import parse_rfc3339
from trimtab.model.application import Application, ApplicationStatus, OperationState, ResourceResult

State = Literal["pending", "success", "failure", "inactive"]
SETTLED_SECONDS = 30.0
"""After a sync, the watch has told of all that it changed: what is still different then is different for a reason."""
NAMED = 3
"""Objects that a text names; the others are counted."""


class Outcome(Struct, frozen=True, kw_only=True):
    """`by`: whether the sync itself decided, or the health of what it deployed."""

    state: State
    text: str
    by: Literal["operation", "health"]


def outcome_of(app: Application, *, now: dt.datetime) -> Outcome | None:
    """None where there is nothing to tell: no sync yet, a dry run, or one of some objects only."""
    state = app.status.operation_state
    if state is None or state.operation.sync is None:
        return None
    if state.operation.sync.dry_run or state.operation.sync.resources:
        return None
    verdict, text, by = _verdict(app.status, state, now)
    return Outcome(state=verdict, text=text, by=by)


def is_synced(status: ApplicationStatus) -> bool:
    """Does all that runs equal what Git declares?"""
    return status.sync is not None and status.sync.status == "Synced"


def age_of(state: OperationState, now: dt.datetime) -> float:
    """Seconds since the sync ended, 0 while it runs."""
    try:
        return (now - parse_rfc3339(state.finished_at)).total_seconds() if state.finished_at else 0.0
    except (ValueError, TypeError):
        return 0.0


def seconds_to_settle(state: OperationState, now: dt.datetime) -> float:
    """Until what is still different after the sync is so for a reason; 0 from then on."""
    return max(0.0, SETTLED_SECONDS - age_of(state, now))


def _verdict(
    status: ApplicationStatus, state: OperationState, now: dt.datetime
) -> tuple[State, str, Literal["operation", "health"]]:
    if state.phase in ("Running", "Terminating"):
        return "pending", "Being deployed", "operation"
    results = state.sync_result.resources if state.sync_result else ()
    if state.phase != "Succeeded":
        failed = _names([f"{one.kind} {one.name}" for one in results if _has_failed(one)])
        return "failure", f"Could not be deployed{': ' if failed else ''}{failed}", "operation"
    health = status.health.status if status.health else "Unknown"
    if health == "Degraded":
        degraded = _names(
            [f"{one.kind} {one.name}" for one in status.resources if one.health and one.health.status == "Degraded"]
        )
        return "failure", f"Deployed, and degraded{': ' if degraded else ''}{degraded}", "health"
    applied = sum(one.hook_type is None for one in results)
    settled = is_synced(status) or seconds_to_settle(state, now) == 0
    if settled and health in ("Healthy", "Suspended"):
        return "success", f"Deployed: {applied} object{'' if applied == 1 else 's'}", "health"
    return "pending", "Deployed; not healthy yet", "health"


def _has_failed(result: ResourceResult) -> bool:
    return result.status == "SyncFailed" or result.hook_phase in ("Failed", "Error")


def _names(found: Iterable[str]) -> str:
    names = sorted(set(found))
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
