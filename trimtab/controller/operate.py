"""One attempt at an operation: from `.operation` to a Plan, carried out, with its progress in the status."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec
from msgspec.structs import replace

from trimtab.access.project import Limits
from trimtab.access.windows import state as window_state
from trimtab.access.windows import windows_for
from trimtab.apply.run import Terms, run
from trimtab.clock import parse_rfc3339, rfc3339
from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.refresh import declare, observe
from trimtab.controller.world import Declared, Memory, World
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.kube.errors import Forbidden
from trimtab.model.application import (
    Application,
    Operation,
    OperationPhase,
    OperationState,
    ResourceResult,
    SyncOperation,
    SyncResourceSelector,
    SyncResult,
)
from trimtab.model.keys import ObjectKey
from trimtab.model.options import parse_options
from trimtab.status.patch import merge_diff
from trimtab.sync.lifecycle import Begin, Pause, held_back
from trimtab.sync.plan import Plan, make_plan
from trimtab.sync.progress import Planned, Progress, Reported, SyncEvent, Waiting, fold, succeeded_hooks
from trimtab.sync.task import Options

log = logging.getLogger(__name__)
WORTH_COUNTING = 50
"""Objects from which on the progress of a sync is counted."""
WRITE_EVERY = 2.0
"""Seconds between progress writes; waits and hooks are written at once."""


async def operate(
    app: Application, state: OperationState, world: World, memory: Memory, *, begin: Callable[[], Awaitable[None]]
) -> OperationState:
    """Run one attempt of `state.operation`; the state at its end (Succeeded, Failed or Error). Never raises
    TrimtabError. `begin` is called before anything that has to be written down first.
    """
    sync = state.operation.sync or SyncOperation()
    reporter = _Reporter(app, state, world, begin)
    result = state.sync_result or _result(app, sync)
    try:
        _supported(state.operation)
        cluster = world.clusters.find(app.spec.destination)
        limits = await _permitted(app, state, world)
        declared = await _declared(app, sync, world, memory, cluster)
        result = replace(result, revision=declared.revision if not app.spec.sources else "")
        result = replace(result, revisions=declared.revisions if app.spec.sources else ())
        plan = await _plan(app, state, declared, cluster, memory, limits=limits)
        _all_found(sync, plan)
        if any(task.hook_type for task in (*plan.tasks(), *(t for step in plan.on_failure for t in step.tasks()))):
            await begin()
        memory.results = result.resources
        progress = Progress(results=result.resources)
        terms = Terms(instance=declared.identity.instance, done=succeeded_hooks(result.resources), dry_run=sync.dry_run)
        async with aclosing(run(plan, cluster, terms)) as events:
            async for event in events:
                progress = fold(progress, event)
                memory.results = progress.results
                if isinstance(event, Reported) and event.result.status == "Pruned" and not sync.dry_run:
                    memory.pruned.add(_key_of(event.result))
                result = replace(result, resources=progress.results)
                await reporter.report(replace(state, message=progress.message, sync_result=result), event)
    except TrimtabError as error:
        phase: OperationPhase = "Error" if isinstance(error, Retry) else "Failed"
        return _ended(state, world, phase=phase, message=error.message, result=result)
    return _ended(state, world, phase=progress.phase, message=progress.message, result=result)


def _supported(operation: Operation) -> None:
    if operation.sync is None:
        raise Stalled("the operation asks for no sync, and nothing else is known here; correct .operation")
    if operation.sync.manifests:
        raise Stalled("sync of local manifests is not supported yet; commit them and sync the revision")


async def _permitted(app: Application, state: OperationState, world: World) -> Limits:
    """Raises Stalled where the project does not permit the application, the operation's sources or the time."""
    sync = state.operation.sync or SyncOperation()
    limits = await world.projects.check(app, sync.sources or ((sync.source,) if sync.source else ()))
    now = world.clock.now()
    step = held_back(Begin(state), window_state(windows_for(app, limits.project), now), now)
    if isinstance(step, Pause):
        raise Stalled(f"{step.state.message}; sync again then")
    return limits


async def _declared(
    app: Application, sync: SyncOperation, world: World, memory: Memory, cluster: ClusterHandle
) -> Declared:
    """What the operation is about: its own sources and revisions, else the application's."""
    sources = sync.sources or ((sync.source,) if sync.source else app.spec.all_sources())
    pinned = sync.revisions or ((sync.revision,) if sync.revision else ())
    known = memory.declared
    if known and known.sources == sources and (not pinned or pinned == known.revisions[: len(pinned)]):
        return known
    return await declare(app, world, cluster, known=known, sources=sources, pinned=pinned)


async def _plan(
    app: Application,
    state: OperationState,
    declared: Declared,
    cluster: ClusterHandle,
    memory: Memory,
    *,
    limits: Limits,
) -> Plan:
    """Raises Stalled where the targets cannot be decided: then nothing is applied."""
    if errors := declared.prepared.errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Stalled(f"{errors[0].message}{more}", reason="ComparisonError")
    comparison = await observe(app, declared, cluster, known=memory.verdicts, limits=limits)
    options = replace(_options(app, state, declared), limits=limits)
    return make_plan(comparison, declared.prepared.hooks, options)


def _all_found(sync: SyncOperation, plan: Plan) -> None:
    """Raises Stalled when somebody names an object that is not there. What healing wants may have gone meanwhile."""
    if sync.auto_heal_attempts_count:
        return
    planned = {task.key for task in plan.tasks()}
    planned |= {replace(key, namespace="") for key in planned}
    for wanted in map(_key_of, sync.resources):
        if wanted not in planned:
            raise Stalled(f"{wanted} is no object of this application; correct the selection or sync everything")


def _key_of(selector: SyncResourceSelector | ResourceResult) -> ObjectKey:
    return ObjectKey(group=selector.group, kind=selector.kind, namespace=selector.namespace, name=selector.name)


def _options(app: Application, state: OperationState, declared: Declared) -> Options:
    sync = state.operation.sync or SyncOperation()
    policy = app.spec.sync_policy
    words = frozenset(parse_options((*(policy.sync_options if policy else ()), *sync.sync_options)))
    return Options(
        prune=sync.prune,
        hooks=not (sync.sync_strategy and sync.sync_strategy.apply),
        create_namespace=app.spec.destination.namespace if "CreateNamespace=true" in words else "",
        selected=frozenset(map(_key_of, sync.resources)) or None,
        only_out_of_sync="ApplyOutOfSyncOnly=true" in words,
        started_at=parse_rfc3339(state.started_at),
        retry=state.retry_count,
        revision=declared.revision,
    )


def _result(app: Application, sync: SyncOperation) -> SyncResult:
    one = sync.source or (app.spec.source if not app.spec.sources else None)
    many = sync.sources or app.spec.sources
    return SyncResult(revision=sync.revision, revisions=sync.revisions, source=one, sources=() if one else many)


def _ended(
    state: OperationState, world: World, *, phase: OperationPhase, message: str, result: SyncResult
) -> OperationState:
    now = rfc3339(world.clock.now())
    return replace(state, phase=phase, message=message, finished_at=now, sync_result=result)


class _Reporter:
    """Writes the progress of a long operation to the status.

    What has to outlive a crash (a hook has ended) and what people wait for is written at once and whole. In between
    it is only a count now and then: the list of results of a large application is a costly thing to write.
    """

    def __init__(
        self, app: Application, state: OperationState, world: World, begin: Callable[[], Awaitable[None]]
    ) -> None:
        self._app = app
        self._begin = begin
        self._world = world
        self._written = state
        self._at = 0.0
        self._total = 0

    async def report(self, state: OperationState, event: SyncEvent) -> None:
        if isinstance(event, Planned):
            self._total = len(event.plan.tasks())
        if not self._at:
            self._at = self._world.clock.monotonic()
        hook_ended = isinstance(event, Reported) and event.result.hook_phase in ("Succeeded", "Failed", "Error")
        if hook_ended or isinstance(event, Waiting):
            await self._write(state)
        elif self._total >= WORTH_COUNTING and self._world.clock.monotonic() - self._at >= WRITE_EVERY:
            done = len(state.sync_result.resources) if state.sync_result else 0
            message = f"{done} of {self._total} objects done"
            await self._write(replace(state, message=message, sync_result=self._written.sync_result))

    async def _write(self, state: OperationState) -> None:
        patch = merge_diff(msgspec.to_builtins(self._written), msgspec.to_builtins(state))
        self._at = self._world.clock.monotonic()
        if not patch:
            return
        try:
            await self._begin()
            await self._world.applications.patch(self._app, {"status": {"operationState": patch}})
        except (Retry, Forbidden) as error:
            # The sync is another matter than telling of it; what cannot be written at its end either, is tried again.
            log.warning("%s: progress not written yet: %s", self._app.metadata.name, error.message)
        else:
            self._written = state
