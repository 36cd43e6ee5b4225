"""What happens during a sync adds up to its result."""

import functools

from msgspec.structs import replace

from tests.builders import START, an_object, compared, prepared
from trimtab.model.application import ResourceResult, SyncPhase
from trimtab.model.keys import ObjectKey
from trimtab.sync.plan import make_plan
from trimtab.sync.progress import (
    Finished,
    Planned,
    Progress,
    Reported,
    SyncEvent,
    Waiting,
    fold,
    result_key,
    succeeded_hooks,
    task_key,
)
from trimtab.sync.task import Options


def a_result(name: str, message: str = "", *, hook: SyncPhase | None = None) -> ResourceResult:
    return ResourceResult(
        group="", version="v1", kind="ConfigMap", namespace="place", name=name, message=message, hook_type=hook
    )


def folded(*events: SyncEvent, start: Progress | None = None) -> Progress:
    return functools.reduce(fold, events, start or Progress())


def test_the_newest_result_counts_in_the_place_of_the_first() -> None:
    progress = folded(Reported(a_result("a", "1")), Reported(a_result("b")), Reported(a_result("a", "2")))
    assert [(r.name, r.message) for r in progress.results] == [("a", "2"), ("b", "")]


def test_a_hook_has_a_result_in_each_of_its_phases() -> None:
    progress = folded(*(Reported(a_result("a", hook=phase)) for phase in ("PreSync", "PostSync", "PreSync", None)))
    assert [r.hook_type for r in progress.results] == ["PreSync", "PostSync", None]


def test_results_from_before_a_restart_are_gone_on_with() -> None:
    before = Progress(results=(a_result("a", "old"), a_result("b", "old")))
    progress = folded(Reported(a_result("b", "new")), Reported(a_result("c")), start=before)
    assert [(r.name, r.message) for r in progress.results] == [("a", "old"), ("b", "new"), ("c", "")]
    assert [r.message for r in before.results] == ["old", "old"]


def test_the_course_of_a_sync() -> None:
    plan = make_plan(compared(prepared(an_object())), (), Options(started_at=START))
    begun = folded(Planned(plan))
    assert (begun.phase, begun.message) == ("Running", "syncing 1 objects")
    waiting = fold(begun, Waiting("waiting for healthy state of Deployment/web"))
    assert (waiting.phase, waiting.message) == ("Running", "waiting for healthy state of Deployment/web")
    ended = fold(waiting, Finished("Failed", "no luck"))
    assert (ended.phase, ended.message) == ("Failed", "no luck")


def test_hooks_that_succeeded_need_not_run_again() -> None:
    done = replace(a_result("a", hook="PreSync"), hook_phase="Succeeded")
    failed = replace(a_result("b", hook="PreSync"), hook_phase="Failed")
    ordinary = replace(a_result("c"), hook_phase="Succeeded")
    assert succeeded_hooks((done, failed, ordinary)) == {result_key(done)}


def test_a_task_and_its_result_have_the_same_key() -> None:
    (task,) = make_plan(compared(prepared(an_object(name="a"))), (), Options(started_at=START)).tasks()
    assert task_key(task) == result_key(a_result("a"))
    assert task.key == ObjectKey(group="", kind="ConfigMap", namespace="place", name="a")


def test_a_large_sync_is_folded_in_no_time() -> None:
    """Linear, not square: 2,000 objects, two events each, took half a minute when each result was searched for."""
    events = [Reported(a_result(f"n{number}", word)) for word in ("a", "b") for number in range(2000)]
    progress = folded(*events)
    assert len(progress.results) == len(progress.places) == 2000
    assert {r.message for r in progress.results} == {"b"}
