"""A project's limits in a plan, and its sync windows in an operation's life."""

import datetime as dt
from typing import Any

import pytest

from tests.builders import START, an_entry, an_object, compared, prepared, tracked
from tests.unit.access.builders import a_project
from trimtab.access.project import Limits
from trimtab.access.windows import OPEN, WindowState, state
from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationSpec,
    Automated,
    Destination,
    Initiator,
    Metadata,
    Operation,
    OperationState,
    SyncOperation,
    SyncPolicy,
    SyncResult,
)
from trimtab.model.appproject import ResourcePattern, SyncWindow
from trimtab.model.names import HOOK
from trimtab.sync.auto import Later, Situation, Start, decide
from trimtab.sync.lifecycle import Begin, Pause, begun, held_back
from trimtab.sync.plan import make_plan
from trimtab.sync.task import Options

NO_JOBS = Limits(
    project=a_project(
        destinations=(Destination(server="*", namespace="*"),),
        namespace_resource_blacklist=(ResourcePattern(group="batch", kind="*"),),
    ),
    server="https://k8s.example",
)
SOURCE = ApplicationSource(repo_url="https://git.example/shop", path="deploy")


def a_job(**annotations: str) -> dict[str, Any]:
    return an_object("Job", "migrate", api_version="batch/v1", annotations=annotations)


def windows(**window: Any) -> WindowState:
    """At noon, in a deny window from noon to one."""
    deny = SyncWindow(**{"kind": "deny", "schedule": "0 12 * * *", "duration": "1h", "applications": ("*",), **window})
    return state((deny,), dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))


@pytest.mark.parametrize("manifest", [a_job(), a_job(**{HOOK: "PreSync"}), a_job(**{HOOK: "SyncFail"})])
def test_a_kind_that_is_not_permitted_vetoes_the_whole_plan(manifest: dict[str, Any]) -> None:
    found = prepared(an_object(), manifest)
    plan = make_plan(compared(found), found.hooks, Options(started_at=START, limits=NO_JOBS))
    (refused,) = plan.refused()
    assert refused.key.kind == "Job"
    assert refused.skip is not None
    assert refused.skip.message == "batch/Job is denied by namespaceResourceBlacklist of project shop"


def test_other_vetoes_are_no_reason_to_run_nothing() -> None:
    plan = make_plan(compared(prepared(), an_entry(tracked(an_object()))), (), Options(started_at=START))
    assert plan.tasks()[0].skip is not None
    assert plan.refused() == ()


def test_automated_sync_comes_when_the_window_opens() -> None:
    app = Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="shop"),
        spec=ApplicationSpec(source=SOURCE, sync_policy=SyncPolicy(automated=Automated())),
    )

    def situation(closed_for: float) -> Situation:
        missing = compared(prepared(an_object()))
        return Situation(
            app=app, comparison=missing, revision="a" * 40, sources=(SOURCE,), now=START, closed_for=closed_for
        )

    assert decide(situation(3600.0)) == Later(3600.0)
    assert isinstance(decide(situation(0.0)), Start)


def begin(*, automated: bool = False, dry_run: bool = False, under_way: bool = False) -> Begin:
    operation = Operation(sync=SyncOperation(dry_run=dry_run), initiated_by=Initiator(automated=automated))
    started: OperationState = begun(operation, START)
    result = SyncResult(revision="a" * 40) if under_way else None
    return Begin(
        OperationState(operation=operation, phase="Running", started_at=started.started_at, sync_result=result)
    )


@pytest.mark.parametrize(
    ("step", "window", "waits"),
    [
        (begin(), {}, True),
        (begin(automated=True), {}, True),
        (begin(), {"manual_sync": True}, False),
        (begin(automated=True), {"manual_sync": True}, True),
        (begin(under_way=True), {}, True),
        (begin(under_way=True), {"sync_overrun": True}, False),
        (begin(), {"sync_overrun": True}, True),
        (begin(dry_run=True), {}, False),
        (begin(), {"kind": "allow"}, False),
    ],
)
def test_an_operation_waits_for_the_window(step: Begin, window: dict[str, Any], *, waits: bool) -> None:
    now = dt.datetime(2026, 1, 1, 12, 15, tzinfo=dt.UTC)
    found = held_back(step, windows(**window), now)
    assert isinstance(found, Pause) is waits
    if isinstance(found, Pause):
        assert found.seconds == 45 * 60
        assert found.state.phase == "Running"
        assert found.state.message == (
            'Sync operation is blocked by deny window "0 12 * * *" for 1h (UTC), until 2026-01-01T13:00:00Z'
        )
    else:
        assert found is step


def test_one_that_waited_says_so_no_more_when_it_begins() -> None:
    waiting = held_back(begin(), windows(), START)
    assert isinstance(waiting, Pause)
    assert held_back(Begin(waiting.state), OPEN, START) == begin()
