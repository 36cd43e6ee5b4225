"""When an application is synced without anybody asking: every rule of automated sync and self-heal."""

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import START, an_entry, an_object, compared, prepared, tracked
from trimtab.clock import rfc3339
from trimtab.compare.comparison import Comparison
from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationSpec,
    ApplicationStatus,
    Automated,
    HelmSource,
    HistoryEntry,
    Metadata,
    Operation,
    OperationPhase,
    OperationState,
    RetryStrategy,
    SyncOperation,
    SyncPolicy,
    SyncResourceSelector,
    SyncResult,
)
from trimtab.model.names import HOOK, SYNC_OPTIONS
from trimtab.sync.auto import HEAL_CAP, Decision, Later, Refuse, Situation, Start, decide, heal_backoff

SOURCE = ApplicationSource(repo_url="https://git.example/shop", path="deploy")
AUTOMATED = Automated(prune=True, self_heal=True)
NEW, OLD = "b" * 40, "a" * 40

SYNCED = compared(prepared(an_object(data={})), an_entry(tracked(an_object(data={}))))
MISSING = compared(prepared(an_object()))
EXTRA = compared(
    prepared(an_object(data={})), an_entry(tracked(an_object(data={}))), an_entry(tracked(an_object(name="old")))
)
BOTH = compared(prepared(an_object()), an_entry(tracked(an_object(name="old"))))
EMPTIED = compared(prepared(), an_entry(tracked(an_object(name="old"))))


def an_app(automated: Automated | None = AUTOMATED, **given: Any) -> Application:
    spec = ApplicationSpec(source=SOURCE, sync_policy=SyncPolicy(automated=automated, sync_options=("X=true",)))
    fields = {"api_version": "argoproj.io/v1alpha1", "kind": "Application", "metadata": Metadata(name="shop")}
    return Application(**{**fields, "spec": spec, **given})


def after(
    phase: OperationPhase = "Succeeded",
    *,
    revision: str = NEW,
    ago: float = 0,
    resources: bool = False,
    heals: int = 0,
    dry_run: bool = False,
    result: bool = True,
    source: ApplicationSource | None = SOURCE,
    history: tuple[str, ...] = (),
) -> ApplicationStatus:
    """The status after an operation that ended `ago` seconds before START."""
    selected = (SyncResourceSelector(kind="ConfigMap", name="one"),) if resources else ()
    sync = SyncOperation(
        revision=revision, resources=selected, auto_heal_attempts_count=heals, dry_run=dry_run, source=source
    )
    state = OperationState(
        operation=Operation(sync=sync),
        phase=phase,
        started_at=rfc3339(START - dt.timedelta(seconds=ago + 1)),
        finished_at=rfc3339(START - dt.timedelta(seconds=ago)),
        sync_result=SyncResult(revision=revision, source=source) if result else None,
    )
    entries = tuple(HistoryEntry(id=i, deployed_at="x", revision=r, source=SOURCE) for i, r in enumerate(history))
    return ApplicationStatus(operation_state=state, history=entries)


def decided(comparison: Comparison, app: Application | None = None, **given: Any) -> Decision:
    situation = Situation(app=app or an_app(), comparison=comparison, revision=NEW, sources=(SOURCE,), now=START)
    return decide(replace(situation, **given))


def started(decision: Decision) -> SyncOperation:
    assert isinstance(decision, Start)
    assert decision.operation.sync is not None
    return decision.operation.sync


def test_a_new_revision_is_synced_whole() -> None:
    decision = decided(MISSING)
    sync = started(decision)
    assert (sync.revision, sync.prune, sync.source, sync.resources) == (NEW, True, SOURCE, ())
    assert sync.sync_options == ("X=true",)
    assert isinstance(decision, Start)
    assert decision.operation.initiated_by.automated
    assert decision.operation.retry == RetryStrategy(limit=5)


@pytest.mark.parametrize("automated", [None, Automated(enabled=False)])
def test_without_automation_nothing_starts(automated: Automated | None) -> None:
    assert decided(MISSING, an_app(automated)) is None


def test_enabled_may_be_said_explicitly() -> None:
    assert isinstance(decided(MISSING, an_app(Automated(enabled=True))), Start)


def test_nothing_starts_while_in_sync_or_busy() -> None:
    assert decided(SYNCED) is None
    assert decided(Comparison()) is None
    assert decided(MISSING, an_app(operation=Operation())) is None


def test_leftovers_alone_start_nothing_unless_they_may_be_pruned() -> None:
    assert decided(EXTRA, an_app(Automated())) is None
    assert started(decided(BOTH, an_app(Automated()))).prune is False
    assert started(decided(EXTRA)).prune is True


def test_leftovers_that_ask_to_be_kept_start_nothing() -> None:
    kept = tracked(an_object(name="old", annotations={SYNC_OPTIONS: "Prune=false"}))
    comparison = compared(prepared(an_object(data={})), an_entry(tracked(an_object(data={}))), an_entry(kept))
    assert comparison.status == "OutOfSync"
    assert decided(comparison) is None


def test_a_leftover_that_is_being_deleted_is_waited_for() -> None:
    going = tracked(an_object(name="old"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    comparison = compared(prepared(an_object(data={})), an_entry(tracked(an_object(data={}))), an_entry(going))
    assert comparison.status == "OutOfSync"
    assert decided(comparison) is None
    assert decided(comparison, an_app(status=after(heals=1, ago=10))) is None


def test_nothing_left_in_git_is_refused() -> None:
    decision = decided(EMPTIED)
    assert isinstance(decision, Refuse)
    assert "wipe out all resources" in decision.message
    assert "1 are running" in decision.message
    hooks_only = prepared(an_object("Job", "hook", annotations={HOOK: "PreSync"}))
    assert isinstance(decided(compared(hooks_only, an_entry(tracked(an_object(name="old"))))), Refuse)


def test_nothing_left_in_git_may_be_allowed() -> None:
    assert started(decided(EMPTIED, an_app(Automated(prune=True, allow_empty=True)))).prune


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Error"])
def test_a_revision_is_tried_once(phase: OperationPhase) -> None:
    app = an_app(Automated(), status=after(phase))
    assert decided(MISSING, app) is None
    assert isinstance(decided(MISSING, app, revision=OLD), Start)
    assert isinstance(decided(MISSING, app, sources=(replace(SOURCE, path="else"),)), Start)


def test_a_sync_that_failed_before_it_had_a_result_was_tried_too() -> None:
    app = an_app(Automated(), status=after("Error", result=False))
    assert decided(MISSING, app) is None


def test_an_older_state_without_sources_counts_by_its_revision() -> None:
    assert decided(MISSING, an_app(Automated(), status=after(source=None))) is None


@pytest.mark.parametrize("partial", [{"dry_run": True}, {"resources": True}])
def test_a_dry_run_or_a_persons_partial_sync_is_no_try_of_the_revision(partial: dict[str, Any]) -> None:
    assert started(decided(MISSING, an_app(Automated(), status=after(**partial)))).resources == ()


@pytest.mark.parametrize("partial", [{"dry_run": True}, {"resources": True}])
def test_it_does_not_make_a_deployed_revision_new_again(partial: dict[str, Any]) -> None:
    status = after(**partial, history=(OLD, NEW))
    assert decided(MISSING, an_app(Automated(), status=status)) is None
    back = after(**partial, history=(NEW, OLD))
    assert isinstance(decided(MISSING, an_app(Automated(), status=back)), Start)


def test_the_first_drift_is_healed_at_once_and_alone() -> None:
    sync = started(decided(BOTH, an_app(status=after())))
    assert [(r.kind, r.namespace, r.name) for r in sync.resources] == [
        ("ConfigMap", "place", "one"),
        ("ConfigMap", "place", "old"),
    ]
    assert sync.auto_heal_attempts_count == 1


def test_healing_without_prune_leaves_leftovers_alone() -> None:
    sync = started(decided(BOTH, an_app(Automated(self_heal=True), status=after())))
    assert [r.name for r in sync.resources] == ["one"]
    assert decided(EXTRA, an_app(Automated(self_heal=True), status=after())) is None


@pytest.mark.parametrize("heals, pause", [(1, 2), (2, 6), (3, 18), (4, 54), (5, 162), (6, 300), (7, 300), (9999, 300)])
def test_repeated_healing_pauses_longer_and_longer(heals: int, pause: int) -> None:
    app = an_app(status=after(resources=True, heals=heals))
    assert decided(MISSING, app) == Later(float(pause))
    just_due = an_app(status=after(resources=True, heals=heals, ago=pause))
    assert started(decided(MISSING, just_due)).auto_heal_attempts_count == heals + 1


@pytest.mark.parametrize("heals, calm", [(1, 60), (3, 60), (4, 108), (6, 600), (20, 600)])
def test_after_a_calm_time_healing_starts_afresh(heals: int, calm: int) -> None:
    before = an_app(status=after(resources=True, heals=heals, ago=calm - 1))
    assert started(decided(MISSING, before)).auto_heal_attempts_count == heals + 1
    quiet = an_app(status=after(resources=True, heals=heals, ago=calm))
    assert started(decided(MISSING, quiet)).auto_heal_attempts_count == 1


def test_a_failed_sync_is_tried_again_as_a_whole() -> None:
    """A sync of single objects would run no hooks: a migration that failed would be passed over."""
    assert decided(MISSING, an_app(status=after("Failed"))) == Later(2.0)
    sync = started(decided(MISSING, an_app(status=after("Failed", ago=2))))
    assert (sync.resources, sync.auto_heal_attempts_count) == ((), 1)
    again = started(decided(MISSING, an_app(status=after("Failed", ago=2, heals=1))))
    assert (again.resources, again.auto_heal_attempts_count) == ((), 2)


def test_a_failed_correction_is_tried_again_as_it_was() -> None:
    sync = started(decided(MISSING, an_app(status=after("Failed", ago=300, resources=True, heals=3))))
    assert ([r.name for r in sync.resources], sync.auto_heal_attempts_count) == (["one"], 4)


def test_failures_do_not_calm_down() -> None:
    app = an_app(status=after("Failed", resources=True, heals=8, ago=3600))
    assert started(decided(MISSING, app)).auto_heal_attempts_count == 9


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-01-02T03:04:05", "2099-01-01T00:00:00Z"])
def test_an_odd_time_waits_no_longer_than_usual(moment: str) -> None:
    status = after(resources=True, heals=50)
    assert status.operation_state is not None
    state = replace(status.operation_state, finished_at=moment)
    attempts, pause = heal_backoff(state, START)
    assert (attempts, pause <= HEAL_CAP) == (50, True)


def test_a_policy_of_its_own_for_retries_is_kept() -> None:
    policy = SyncPolicy(automated=AUTOMATED, retry=RetryStrategy(limit=0))
    decision = decided(MISSING, an_app(spec=ApplicationSpec(source=SOURCE, sync_policy=policy)))
    assert isinstance(decision, Start)
    assert decision.operation.retry.limit == 0


def test_several_sources() -> None:
    """A commit to any of their repositories is a new state."""
    sources = (SOURCE, replace(SOURCE, repo_url="https://git.example/values"))
    spec = ApplicationSpec(sources=sources, sync_policy=SyncPolicy(automated=Automated()))
    given: dict[str, Any] = {"sources": sources, "revisions": (NEW, OLD)}
    sync = started(decided(MISSING, an_app(spec=spec), **given))
    assert (sync.source, sync.sources, sync.revisions) == (None, sources, (NEW, OLD))
    result = SyncResult(revision=NEW, revisions=(NEW, OLD), sources=sources)
    tried = OperationState(operation=Operation(sync=sync), phase="Succeeded", started_at="x", sync_result=result)
    app = an_app(spec=spec, status=ApplicationStatus(operation_state=tried))
    assert decided(MISSING, app, **given) is None
    assert isinstance(decided(MISSING, app, **{**given, "revisions": (NEW, NEW)}), Start)


def test_values_with_nulls_come_back_without_them() -> None:
    """They are part of the source, and lost where it is noted down: not a new source, and not to be synced from."""
    values = {"a": None, "b": {"c": [None, {"d": None}], "e": 1}}
    source = replace(SOURCE, helm=HelmSource(values_object=values))
    lost = replace(SOURCE, helm=HelmSource(values_object={"b": {"c": [None, {}], "e": 1}}))
    assert started(decided(MISSING, sources=(source,))).source is None
    assert decided(MISSING, an_app(Automated(), status=after(source=lost)), sources=(source,)) is None
    assert isinstance(decided(MISSING, an_app(Automated(), status=after()), sources=(source,)), Start)
