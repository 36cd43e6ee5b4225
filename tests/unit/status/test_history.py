"""The deployment history: one entry for each successful sync of everything, the newest of them."""

from typing import Any

import pytest

from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationSpec,
    ApplicationStatus,
    HistoryEntry,
    Initiator,
    Metadata,
    Operation,
    OperationPhase,
    OperationState,
    SyncOperation,
    SyncResourceSelector,
    SyncResult,
)
from trimtab.status.history import with_deployment

SOURCE = ApplicationSource(repo_url="x")


def an_app(*ids: int, limit: int | None = None) -> Application:
    history = tuple(HistoryEntry(id=number, deployed_at="then", revision=str(number)) for number in ids)
    return Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="shop"),
        spec=ApplicationSpec(revision_history_limit=limit),
        status=ApplicationStatus(history=history),
    )


def ended(
    phase: OperationPhase = "Succeeded", *, result: bool = True, sync: bool = True, **given: Any
) -> OperationState:
    operation = Operation(sync=SyncOperation(**given) if sync else None, initiated_by=Initiator(username="jane"))
    return OperationState(
        operation=operation,
        phase=phase,
        started_at="start",
        finished_at="end",
        sync_result=SyncResult(revision="new", source=SOURCE) if result else None,
    )


def ids(app: Application, state: OperationState) -> list[int]:
    return [entry.id for entry in with_deployment(app, state)]


def test_an_entry_says_what_was_deployed_when_and_by_whom() -> None:
    (entry,) = with_deployment(an_app(), ended())
    assert entry == HistoryEntry(
        id=0,
        deployed_at="end",
        deploy_started_at="start",
        initiated_by=Initiator(username="jane"),
        revision="new",
        source=SOURCE,
    )


@pytest.mark.parametrize(
    "state",
    [
        ended("Failed"),
        ended("Error"),
        ended("Running"),
        ended("Terminating"),
        ended(dry_run=True),
        ended(resources=(SyncResourceSelector(kind="ConfigMap", name="a"),)),
        ended(result=False),
        ended(sync=False),
    ],
)
def test_what_is_no_deployment(state: OperationState) -> None:
    app = an_app(3, 4)
    assert with_deployment(app, state) is app.status.history


def test_numbers_go_on_after_the_last_whatever_was_trimmed() -> None:
    assert ids(an_app(41, 42), ended()) == [41, 42, 43]
    assert ids(an_app(42), ended()) == [42, 43]


@pytest.mark.parametrize(
    "limit, kept",
    [(None, list(range(2, 12))), (3, [9, 10, 11]), (1, [11]), (0, []), (-5, []), (100, list(range(12)))],
)
def test_the_oldest_are_trimmed(limit: int | None, kept: list[int]) -> None:
    assert ids(an_app(*range(11), limit=limit), ended()) == kept
