"""The life of an operation: what comes next, from values alone."""

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import START
from trimtab.clock import rfc3339
from trimtab.model.application import (
    Application,
    ApplicationSource,
    Backoff,
    HelmSource,
    Initiator,
    Metadata,
    Operation,
    OperationPhase,
    OperationState,
    RetryStrategy,
    SyncOperation,
    SyncResult,
)
from trimtab.sync.lifecycle import Begin, End, Next, Pause, Stop, begun, next_step, pause_before, terminated

OLD, NEW = "a" * 40, "b" * 40
OPERATION = Operation(sync=SyncOperation(revision=OLD), retry=RetryStrategy(limit=2))


def an_app(operation: Operation | None = OPERATION, state: OperationState | None = None) -> Application:
    app = Application(api_version="argoproj.io/v1alpha1", kind="Application", metadata=Metadata(name="shop"))
    return replace(app, operation=operation, status=replace(app.status, operation_state=state))


def a_state(phase: OperationPhase = "Running", operation: Operation = OPERATION, **given: Any) -> OperationState:
    return OperationState(**{"operation": operation, "phase": phase, "started_at": rfc3339(START), **given})


def coming(app: Application, **given: Any) -> Next:
    return next_step(app, **{"now": START, "running": False, "finished": None, "newest": OLD, **given})


def waiting(*, ago: float = 0, count: int = 1, operation: Operation = OPERATION) -> OperationState:
    """Between two attempts, the last of which ended `ago` seconds before START."""
    finished = rfc3339(START - dt.timedelta(seconds=ago))
    return a_state(
        operation=operation, finished_at=finished, retry_count=count, message="no luck.", sync_result=SyncResult()
    )


def test_nobody_asks_for_anything() -> None:
    assert coming(an_app(None)) is None
    assert coming(an_app(None, a_state("Succeeded"))) is None


def test_an_operation_begins() -> None:
    assert coming(an_app()) == Begin(begun(OPERATION, START))
    assert begun(OPERATION, START) == a_state()


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Error"])
def test_it_begins_anew_after_an_earlier_one(phase: OperationPhase) -> None:
    assert coming(an_app(state=a_state(phase, retry_count=7))) == Begin(a_state())


def test_another_operation_takes_the_place_of_one_that_runs_no_more() -> None:
    other = Operation(sync=SyncOperation(revision=NEW))
    assert coming(an_app(other, a_state())) == Begin(begun(other, START))


def test_a_running_operation_is_left_alone() -> None:
    assert coming(an_app(state=a_state()), running=True) is None


def test_after_a_restart_it_goes_on_where_it_was() -> None:
    state = a_state(message="half done", sync_result=SyncResult(revision=OLD))
    assert coming(an_app(state=state)) == Begin(state)


def test_an_operation_whose_values_hold_nulls_is_known_again() -> None:
    """The state was written by a merge patch, which cannot carry a null."""

    def operation(values: dict[str, Any]) -> Operation:
        source = ApplicationSource(repo_url="x", helm=HelmSource(values_object=values))
        return Operation(sync=SyncOperation(revision=OLD, source=source))

    state = a_state(operation=operation({"b": {}}), message="half done")
    assert coming(an_app(operation({"a": None, "b": {"c": None}}), state)) == Begin(state)


def test_somebody_wants_it_to_end() -> None:
    assert coming(an_app(state=a_state("Terminating"))) == Stop()
    assert coming(an_app(state=a_state("Terminating")), running=True) == Stop()
    ended = terminated(a_state("Terminating"), START)
    assert (ended.phase, ended.message, ended.finished_at) == ("Failed", "Operation terminated", rfc3339(START))
    assert coming(an_app(state=a_state("Terminating")), finished=ended) == End(ended)


def test_success_ends_it() -> None:
    state = a_state("Succeeded")
    assert coming(an_app(), finished=state) == End(state)


def test_failure_is_retried_until_the_limit() -> None:
    first = coming(an_app(), finished=a_state("Failed", message="no luck", finished_at=rfc3339(START)))
    assert isinstance(first, Pause)
    assert (first.seconds, first.state.phase, first.state.retry_count) == (5.0, "Running", 1)
    assert first.state.message == "no luck. Retrying attempt #1 at 2026-01-02T03:04:10Z."
    second = coming(an_app(), finished=a_state("Error", retry_count=1))
    assert isinstance(second, Pause)
    assert (second.seconds, second.state.retry_count) == (10.0, 2)
    last = a_state("Failed", retry_count=2)
    assert coming(an_app(), finished=last) == End(last)


@pytest.mark.parametrize("limit, ends", [(0, True), (-1, False)])
def test_no_retry_and_endless_retry(limit: int, ends: bool) -> None:
    operation = replace(OPERATION, retry=RetryStrategy(limit=limit))
    state = a_state("Failed", operation=operation, retry_count=1000 if limit else 0)
    assert isinstance(coming(an_app(operation), finished=state), End) is ends


def test_a_retry_waits_until_it_is_due() -> None:
    assert coming(an_app(state=waiting(ago=3))) == Pause(waiting(ago=3), 2.0)
    due = coming(an_app(state=waiting(ago=5)))
    assert isinstance(due, Begin)
    assert (due.state.finished_at, due.state.message, due.state.retry_count) == (None, "", 1)
    assert due.state.sync_result is None, "its hooks run again"


def test_a_clock_that_was_set_back_does_not_prolong_the_wait() -> None:
    pause = coming(an_app(state=waiting(ago=-7200)))
    assert isinstance(pause, Pause)
    assert pause.seconds == 5.0


@pytest.mark.parametrize("moment", ["", "soon", "2026-01-02T03:04:05"])
def test_a_time_that_is_none_is_now(moment: str) -> None:
    pause = coming(an_app(state=replace(waiting(), finished_at=moment)))
    assert isinstance(pause, Pause)
    assert pause.seconds == 5.0


def test_an_automated_sync_gives_up_at_a_commit_that_is_overtaken() -> None:
    automated = replace(OPERATION, initiated_by=Initiator(automated=True))
    end = coming(an_app(automated, waiting(operation=automated)), newest=NEW)
    assert isinstance(end, End)
    assert (end.state.phase, end.state.message) == ("Failed", "no luck. Given up: bbbbbbb has arrived.")
    assert isinstance(coming(an_app(automated, waiting(operation=automated)), newest=""), Pause)


def test_what_a_person_asked_for_is_retried_as_asked() -> None:
    assert isinstance(coming(an_app(state=waiting(ago=5)), newest=NEW), Begin)


@pytest.mark.parametrize(
    "backoff, pauses",
    [
        (None, [5, 10, 20, 40, 80, 160, 180]),
        (Backoff(), [5, 10, 20]),
        (Backoff(duration="1s", factor=3, max_duration="10s"), [1, 3, 9, 10]),
        (Backoff(duration="2m"), [120, 180]),
        (Backoff(duration="7"), [7, 14]),
        (Backoff(duration="nonsense", max_duration="later"), [5, 10]),
        (Backoff(factor=0), [5, 10]),
        (Backoff(factor=-3), [5, 10]),
        (Backoff(duration="-5s"), [0, 0]),
        (Backoff(factor=1), [5, 5, 5]),
    ],
)
def test_the_pauses_between_attempts(backoff: Backoff | None, pauses: list[float]) -> None:
    assert [pause_before(n, RetryStrategy(backoff=backoff)) for n in range(len(pauses))] == pauses


@pytest.mark.parametrize("factor", [2, 10**9])
def test_no_number_of_attempts_is_too_large(factor: int) -> None:
    assert pause_before(10**6, RetryStrategy(backoff=Backoff(factor=factor))) == 180.0
