"""The life of an operation: begun, retried, stopped, ended. What comes next is decided here, from values alone.

.operation set ──▶ Running ──▶ Succeeded
                      │  ▲         ▲
                      ▼  │ retry   │
                    Failed ──▶ (no retry left) Failed
Terminating ──▶ Failed "Operation terminated"
"""

import datetime as dt

from msgspec import Struct
from msgspec.structs import replace

from trimtab.access.windows import WindowState
from trimtab.clock import parse_rfc3339, rfc3339
from trimtab.model.application import Application, Operation, OperationState, RetryStrategy
from trimtab.model.durations import parse_duration
from trimtab.model.nulls import same_but_for_nulls

FIRST_PAUSE = 5.0
FACTOR = 2
LONGEST_PAUSE = 180.0
BLOCKED = "Sync operation is "
"""What the message of an operation that waits for its window begins with."""
ENDED = frozenset(("Succeeded", "Failed", "Error"))


class Begin(Struct, frozen=True):
    """Run the operation; `state` says Running."""

    state: OperationState


class End(Struct, frozen=True):
    """The operation has ended: `state` is final, `.operation` is cleared."""

    state: OperationState


class Stop(Struct, frozen=True):
    """Somebody asked for the end: stop what runs, be it an attempt of ours or hooks that an earlier process left."""


class Pause(Struct, frozen=True):
    """A retry is due in `seconds`, or a sync window opens; `state` is what the status says meanwhile."""

    state: OperationState
    seconds: float


Next = Begin | End | Stop | Pause | None


def next_step(
    app: Application, *, now: dt.datetime, running: bool, finished: OperationState | None, newest: str
) -> Next:
    """What to do about the application's operation. `finished`: an attempt that has just ended; `newest`: Git's
    revision.
    """
    state = app.status.operation_state
    if finished is not None:
        return _after_attempt(finished, now)
    if app.operation is None:
        return None
    if state is not None and state.phase == "Terminating":
        return Stop()
    if running:
        return None
    if state is None or not is_begun(app):
        return Begin(begun(app.operation, now))
    if state.finished_at is None:
        return Begin(state)
    return _retry(state, now, newest)


def held_back(step: Begin, windows: WindowState, now: dt.datetime) -> Begin | Pause:
    """An operation waits until the sync windows let it begin, or go on where it has written down what it did.

    A dry run changes nothing, and need not wait.
    """
    state, manually = step.state, not step.state.operation.initiated_by.automated
    open_ = windows.may_go_on(manually=manually) if state.sync_result else windows.may_sync(manually=manually)
    if open_ or (state.operation.sync and state.operation.sync.dry_run):
        return Begin(replace(state, message="")) if state.message.startswith(BLOCKED) else step
    return Pause(replace(state, message=f"{BLOCKED}{windows.reason()}"), windows.seconds_left(now))


def is_begun(app: Application) -> bool:
    """Is the operation that somebody asks for the one that runs, or waits for its retry?"""
    state = app.status.operation_state
    return state is not None and state.phase not in ENDED and same_but_for_nulls(state.operation, app.operation)


def begun(operation: Operation, now: dt.datetime) -> OperationState:
    """The state of an operation that starts now."""
    return OperationState(operation=operation, phase="Running", started_at=rfc3339(now))


def terminated(state: OperationState, now: dt.datetime) -> OperationState:
    """The state of an operation that somebody stopped."""
    return replace(state, phase="Failed", message="Operation terminated", finished_at=rfc3339(now))


def _after_attempt(state: OperationState, now: dt.datetime) -> Next:
    retry = state.operation.retry
    left = retry.limit < 0 or state.retry_count < retry.limit
    if state.phase == "Succeeded" or not left or state.message == "Operation terminated":
        return End(state)
    pause = pause_before(state.retry_count, retry)
    due = rfc3339(now + dt.timedelta(seconds=pause))
    message = f"{state.message}. Retrying attempt #{state.retry_count + 1} at {due}."
    waiting = replace(state, phase="Running", message=message, retry_count=state.retry_count + 1)
    return Pause(waiting, pause)


def _retry(state: OperationState, now: dt.datetime, newest: str) -> Next:
    """The next attempt when it is due; none at a commit that a newer one has overtaken."""
    sync = state.operation.sync
    if state.operation.initiated_by.automated and sync and newest and sync.revision != newest:
        message = f"{state.message} Given up: {newest[:7]} has arrived."
        return End(replace(state, phase="Failed", message=message, finished_at=rfc3339(now)))
    assert state.finished_at is not None
    pause = pause_before(state.retry_count - 1, state.operation.retry)
    left = pause - seconds_since(state.finished_at, now)
    if left > 0:
        return Pause(state, left)
    # The results of the attempt before are not this one's: its hooks run again, too.
    return Begin(replace(state, finished_at=None, message="", sync_result=None))


def pause_before(attempt: int, retry: RetryStrategy) -> float:
    """Seconds before retry number `attempt` (from 0). What cannot be read as a duration counts as the default."""
    backoff = retry.backoff
    first = _seconds(backoff.duration if backoff else "", FIRST_PAUSE)
    longest = _seconds(backoff.max_duration if backoff else "", LONGEST_PAUSE)
    factor = backoff.factor if backoff and backoff.factor and backoff.factor > 0 else FACTOR
    try:
        return float(max(0.0, min(longest, first * factor ** min(attempt, 50))))
    except OverflowError:
        return longest


def seconds_since(moment: str, now: dt.datetime) -> float:
    """Never negative: a clock that was set back must not make us wait for hours. 0 for what is no time."""
    try:
        return max(0.0, (now - parse_rfc3339(moment)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _seconds(text: str, default: float) -> float:
    try:
        return parse_duration(text) if text else default
    except ValueError:
        return default
