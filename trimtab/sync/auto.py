"""Should an application be synced now without anybody asking? Automated sync and self-heal, decided in one place.

A revision (with its sources) is synced once. After that, `selfHeal` corrects what drifts: the first correction comes at
once, repeated ones with growing pauses, and they go on after a failed sync too. A correction syncs what has drifted
and runs no hooks; after a sync that failed it is the whole of that sync again, lest its hooks be passed over.
"""

import datetime as dt

from msgspec import Struct

from trimtab.compare.comparison import Comparison, Item
from trimtab.model.application import (
    Application,
    ApplicationSource,
    Automated,
    HistoryEntry,
    Initiator,
    Operation,
    OperationState,
    RetryStrategy,
    SyncOperation,
    SyncResourceSelector,
    SyncResult,
)
from trimtab.model.nulls import has_nulls, same_but_for_nulls
from trimtab.model.options import object_options
from trimtab.sync.lifecycle import seconds_since

DEFAULT_RETRY_LIMIT = 5
HEAL_FIRST = 2.0
HEAL_FACTOR = 3
HEAL_CAP = 300.0
HEAL_STEPS = 10
"""After so many the pause has long reached its cap."""
FAILED = frozenset(("Failed", "Error"))
HEAL_CALM = 60.0
"""Seconds after the last correction at which the next one counts as the first again."""


class Start(Struct, frozen=True):
    """Start this operation now."""

    operation: Operation


class Later(Struct, frozen=True):
    """Look again in `seconds`: a correction is due then, or a sync window opens."""

    seconds: float


class Refuse(Struct, frozen=True):
    """Syncing would do harm; tell the user (SyncError)."""

    message: str


Decision = Start | Later | Refuse | None


class Situation(Struct, frozen=True, kw_only=True):
    """What the decision is made from. `revisions`: one for each of several sources, else `revision` alone counts.

    `closed_for`: seconds until the sync windows may let a sync begin, 0 where they do.
    """

    app: Application
    comparison: Comparison
    revision: str
    revisions: tuple[str, ...] = ()
    sources: tuple[ApplicationSource, ...]
    now: dt.datetime
    closed_for: float = 0.0


def decide(situation: Situation) -> Decision:
    """Start, wait, refuse, or (None) nothing to do."""
    decision = _decide(situation)
    return Later(situation.closed_for) if situation.closed_for and isinstance(decision, Start) else decision


def _decide(situation: Situation) -> Decision:
    app, comparison = situation.app, situation.comparison
    automated = automation(app)
    if automated is None or app.operation is not None or comparison.status == "Synced":
        return None
    if not (drifted := [item for item in comparison.items if _is_correctable(item, automated)]):
        return None
    if (refusal := _would_wipe(app, comparison, automated)) is not None:
        return refusal
    if not _was_attempted(situation) or _has_moved(app):
        return Start(_operation(situation, automated))
    if not automated.self_heal:
        return None
    return _heal(situation, automated, drifted)


def automation(app: Application) -> Automated | None:
    """The `automated` block where it is in force."""
    automated = app.spec.sync_policy.automated if app.spec.sync_policy else None
    return automated if automated and automated.enabled is not False else None


def already_attempted(state: OperationState | None, situation: Situation) -> bool:
    """Was this revision of these sources synced by `state`'s operation, whatever came of it?"""
    if state is None or state.operation.sync is None:
        return False
    tried = state.sync_result or state.operation.sync
    return _is_situation(tried, situation)


def _was_attempted(situation: Situation) -> bool:
    """A dry run, or a person's sync of some objects, says nothing of the revision: then the history does."""
    status = situation.app.status
    sync = status.operation_state.operation.sync if status.operation_state else None
    if sync and not sync.dry_run and not (sync.resources and not sync.auto_heal_attempts_count):
        return already_attempted(status.operation_state, situation)
    last = status.history[-1] if status.history else None
    return last is not None and _is_situation(last, situation)


def _is_situation(tried: SyncResult | SyncOperation | HistoryEntry, situation: Situation) -> bool:
    """The same revisions of the same sources? Sources that were not noted down were those of the spec."""
    several = len(situation.sources) > 1 and tried.revisions and situation.revisions
    if several and tried.revisions != situation.revisions:
        return False
    if not several and situation.revision != (tried.revision or next(iter(tried.revisions), "")):
        return False
    sources = tried.sources or ((tried.source,) if tried.source else situation.sources)
    return len(sources) == len(situation.sources) and all(map(same_but_for_nulls, sources, situation.sources))


def _has_moved(app: Application) -> bool:
    """Is this the first look since the destination was changed?"""
    compared = app.status.sync.compared_to if app.status.sync else None
    return compared is not None and compared.destination != app.spec.destination


def _is_correctable(item: Item, automated: Automated) -> bool:
    """Out of sync, and a sync would do something about it. What is being deleted already is only waited for."""
    if item.status != "OutOfSync":
        return False
    if item.target is not None or item.live is None:
        return True
    if not automated.prune:
        return False
    live = item.live.manifest()
    is_going = bool(live["metadata"].get("deletionTimestamp"))
    return not is_going and "Prune=false" not in object_options(live)


def _would_wipe(app: Application, comparison: Comparison, automated: Automated) -> Refuse | None:
    empty = not any(item.target for item in comparison.items)
    if not empty or automated.allow_empty:
        return None
    return Refuse(
        f"auto-sync would wipe out all resources: revision declares no object, {len(comparison.items)} are running; "
        "set syncPolicy.automated.allowEmpty or sync by hand if that is meant"
    )


def _heal(situation: Situation, automated: Automated, drifted: list[Item]) -> Decision:
    state = situation.app.status.operation_state
    attempts, wait = heal_backoff(state, situation.now)
    if wait > 0:
        return Later(wait)
    selected = tuple(
        SyncResourceSelector(group=i.key.group, kind=i.key.kind, namespace=i.key.namespace, name=i.key.name)
        for i in drifted
    )
    if state and state.phase in FAILED and state.operation.sync and not state.operation.sync.resources:
        selected = ()
    return Start(_operation(situation, automated, selected=selected, attempts=attempts + 1))


def heal_backoff(state: OperationState | None, now: dt.datetime) -> tuple[int, float]:
    """(corrections in a row so far, seconds still to wait before the next one)."""
    if state is None or state.finished_at is None:
        return (0, 0.0)
    since = seconds_since(state.finished_at, now)
    sync = state.operation.sync
    attempts = sync.auto_heal_attempts_count if sync else 0
    failed = state.phase in FAILED
    in_a_row = max(attempts, 1 if failed else 0)
    if in_a_row == 0:
        return (0, 0.0)
    pause = min(HEAL_CAP, HEAL_FIRST * HEAL_FACTOR ** min(in_a_row - 1, HEAL_STEPS))
    if since >= max(HEAL_CALM, 2 * pause) and not failed:
        return (0, 0.0)
    return (attempts, max(0.0, pause - since))


def _operation(
    situation: Situation,
    automated: Automated,
    *,
    selected: tuple[SyncResourceSelector, ...] = (),
    attempts: int = 0,
) -> Operation:
    spec = situation.app.spec
    policy = spec.sync_policy
    pinned = () if any(map(has_nulls, situation.sources)) else situation.sources
    one = pinned[0] if pinned and not spec.sources else None
    sync = SyncOperation(
        revision=situation.revision,
        revisions=situation.revisions if len(situation.sources) > 1 else (),
        prune=automated.prune,
        source=one,
        sources=() if one else pinned,
        sync_options=policy.sync_options if policy else (),
        resources=selected,
        auto_heal_attempts_count=attempts,
    )
    retry = policy.retry if policy and policy.retry else RetryStrategy(limit=DEFAULT_RETRY_LIMIT)
    return Operation(sync=sync, initiated_by=Initiator(automated=True), retry=retry)
