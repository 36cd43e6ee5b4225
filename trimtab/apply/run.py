"""A Plan carried out, as a stream of events: `async for event in run(plan, cluster, …)`.

The steps come one after the other; within a step the groups do, and the objects of a group side by side. An object that
fails does not stop the others of its step; the steps after it do not begin. Between steps everything has to be healthy,
and hooks have to have ended. After the last step only hooks are waited for.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from msgspec import Struct

from trimtab.apply.cluster import Cluster
from trimtab.apply.hooks import delete_hook, find_hook, is_same_attempt, release_hook
from trimtab.apply.objects import (
    apply_object,
    create_namespace,
    remove_tracked,
    wait_established,
)
from trimtab.apply.outcome import Outcome, hook_outcome, object_outcome, result_of
from trimtab.apply.rehearse import Promised, promised, rehearse
from trimtab.compare.prepare import CRD
from trimtab.compare.redact import is_secret, redact_text
from trimtab.errors import TrimtabError
from trimtab.kube.discovery import UnknownKind
from trimtab.model.application import ResourceResult
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Observed
from trimtab.sync.plan import Group, Plan, Step
from trimtab.sync.progress import Finished, Planned, Reported, ResultKey, SyncEvent, Waiting, task_key
from trimtab.sync.task import Task

PARALLEL = 16
LOOK_AGAIN = 5.0
"""Seconds after which the cache is asked again though no change was announced."""


class Terms(Struct, frozen=True, kw_only=True):
    """For whom the plan is run. `done`: hooks that succeeded before a restart and do not run again.

    `dry_run`: every object is sent as a server-side dry run, hooks and prunes are only named, nothing is waited for.
    """

    instance: str
    dry_run: bool = False
    done: frozenset[ResultKey] = frozenset()


async def run(plan: Plan, cluster: Cluster, terms: Terms) -> AsyncGenerator[SyncEvent]:
    """Carry `plan` out. The first event is Planned, the last one Finished. Closing the iterator stops the sync."""
    yield Planned(plan)
    turn = _Turn(cluster.writing)
    try:
        async for event in _carry_out(plan, _Sync(cluster, terms, turn, ahead=promised(plan.tasks()))):
            yield event
    finally:
        turn.give()


async def _carry_out(plan: Plan, sync: "_Sync") -> AsyncIterator[SyncEvent]:
    if refused := tuple(map(_skipped, plan.refused())):
        for result in refused:
            yield Reported(result)
        yield Finished("Failed", f"nothing was applied: {_first(refused)}")
        return
    for at, step in enumerate(plan.steps):
        async for event in sync.step(step, last=at + 1 == len(plan.steps)):
            yield event
        if sync.failures:
            break
    failures = tuple(sync.failures)
    for step in plan.on_failure if failures else ():
        async for event in sync.step(step, last=True):
            yield event
    await sync.clean_up("HookFailed" if failures else "HookSucceeded")
    yield _finished(plan, failures)


def _finished(plan: Plan, failures: tuple[ResourceResult, ...]) -> Finished:
    if failures:
        return Finished("Failed", f"one or more objects failed to apply, reason: {_first(failures)}")
    hooks = any(task.hook_type for task in plan.tasks())
    return Finished("Succeeded", f"successfully synced ({'no more tasks' if hooks else 'all tasks run'})")


def _skipped(task: Task) -> ResourceResult:
    assert task.skip is not None
    return result_of(task, Outcome(status=task.skip.status, message=task.skip.message))


def _first(failures: tuple[ResourceResult, ...]) -> str:
    """Which object failed first, and why."""
    first = failures[0]
    key = ObjectKey(group=first.group, kind=first.kind, namespace=first.namespace, name=first.name)
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"{key}: {first.message}{more}"


class _Turn:
    """A place among the syncs that write to the cluster; given up while there is nothing to do but wait."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._held = False

    async def take(self) -> None:
        if not self._held:
            await self._places.acquire()
            self._held = True

    def give(self) -> None:
        if self._held:
            self._places.release()
            self._held = False


class _Sync:
    """A plan under way: its cluster, and what has failed so far."""

    def __init__(self, cluster: Cluster, terms: Terms, turn: _Turn, *, ahead: Promised) -> None:
        self.cluster = cluster
        self.turn = turn
        self.ahead = ahead
        self.terms = terms
        self.failures: list[ResourceResult] = []
        self.ended_hooks: list[tuple[Task, str]] = []
        self.taken_up: set[ObjectKey] = set()
        self._limit = asyncio.Semaphore(PARALLEL)

    async def step(self, step: Step, *, last: bool) -> AsyncIterator[SyncEvent]:
        await self.turn.take()
        async for event in self._make_way(step):
            yield event
        await self.turn.take()
        for group in step.groups:
            async for result in self._group(group):
                yield Reported(result)
        async for event in self._settle(step, objects=not last):
            yield event

    async def clean_up(self, policy: str) -> None:
        """Delete the hooks whose policy says so, now that the sync has ended."""
        for task, phase in self.ended_hooks:
            due = "HookSucceeded" if phase == "Succeeded" else "HookFailed"
            if due in task.delete_policies and (policy == due or phase != "Succeeded"):
                await delete_hook(task.key, task.kind, self.cluster)

    async def _group(self, group: Group) -> AsyncIterator[ResourceResult]:
        """Results in the order in which they come in."""
        for task in group.tasks:
            if task_key(task) in self.terms.done:
                await self._hook_ended(task, "Succeeded")
        ready = [task for task in group.tasks if task_key(task) not in self.terms.done]
        for task in ready:
            if task.skip is not None:
                yield _skipped(task)
        running = [asyncio.ensure_future(self._one(task)) for task in ready if task.skip is None]
        try:
            for finished in asyncio.as_completed(running):
                result = await finished
                if result is not None:
                    yield self._noted(result)
        finally:
            for future in running:
                future.cancel()

    def _noted(self, result: ResourceResult) -> ResourceResult:
        if result.status == "SyncFailed" or result.hook_phase in ("Failed", "Error"):
            self.failures.append(result)
        return result

    async def _one(self, task: Task) -> ResourceResult | None:
        async with self._limit:
            try:
                outcome = await self._act(task)
            except TrimtabError as error:
                outcome = Outcome(status="SyncFailed", message=_shown(task, error), hook_phase="Failed")
        return result_of(task, outcome) if outcome else None

    async def _act(self, task: Task) -> Outcome | None:
        if self.terms.dry_run:
            return await rehearse(task, self.cluster, self.ahead)
        match task.action:
            case "CreateNamespace":
                created = await create_namespace(task.key.name, self.cluster)
                return Outcome(status="Synced", message=f"namespace/{task.key.name} created") if created else None
            case "Prune":
                there = await remove_tracked(task.key, task.kind, self.cluster, instance=self.terms.instance)
                return Outcome(status="Pruned", message="pruned" if there else "was gone, or given to another, already")
            case "Hook":
                return await self._start_hook(task)
            case "Apply":
                return await self._apply(task)

    async def _apply(self, task: Task) -> Outcome:
        assert task.target is not None
        observed = await apply_object(task.target, self.cluster, takeover=task.takeover)
        if (task.key.group, task.key.kind) == CRD:
            await wait_established(task.key.name, self.cluster)
        return Outcome(status="Synced", message=_said(task, observed), hook_phase="Running")

    async def _start_hook(self, task: Task) -> Outcome:
        assert task.target is not None
        if task.key in self.taken_up:
            return Outcome(status="Synced", message="taken up again", hook_phase="Running")
        observed = await apply_object(task.target, self.cluster)
        return Outcome(status="Synced", message=_said(task, observed), hook_phase="Running")

    async def _make_way(self, step: Step) -> AsyncIterator[SyncEvent]:
        """Remove the hook objects of earlier syncs, and wait until they are gone.

        One that this very attempt made before a restart runs, or has run, already: it is taken up.
        """
        leaving = [task for task in step.tasks() if self._is_renewed(task) and not await self._is_ours(task)]
        await asyncio.gather(*(delete_hook(task.key, task.kind, self.cluster) for task in leaving))
        said = ""
        while leaving := [task for task in leaving if self.cluster.live.presence(task.key) in ("kept", "unread")]:
            if (message := _waiting_for(leaving, "deletion of hook")) != said:
                said = message
                yield Waiting(message)
            else:
                self.turn.give()
                await self.cluster.changed(frozenset(task.key for task in leaving), timeout=LOOK_AGAIN)

    def _is_renewed(self, task: Task) -> bool:
        """Is this a hook that is to be made now, and made anew where it exists?"""
        renewed = task.action == "Hook" and "BeforeHookCreation" in task.delete_policies
        return renewed and not self.terms.dry_run and task_key(task) not in self.terms.done

    async def _is_ours(self, task: Task) -> bool:
        assert task.target is not None
        found = await find_hook(task.target, self.cluster)
        ours = found is not None and is_same_attempt(found, task.target)
        if ours:
            self.taken_up.add(task.key)
        return ours or found is None

    async def _settle(self, step: Step, *, objects: bool) -> AsyncIterator[SyncEvent]:
        """Wait until hooks have ended and, with `objects`, everything of the step is healthy or gone."""
        failed = {(f.group, f.kind, f.namespace, f.name) for f in self.failures}
        pending = [
            task
            for task in step.tasks()
            if self._awaited(task, objects=objects and not self.failures) and _identity(task) not in failed
        ]
        said = ""
        while pending:
            seen = [(task, self._look(task)) for task in pending]
            pending = [task for task, outcome in seen if outcome is None]
            ended = [(task, outcome) for task, outcome in seen if outcome is not None and outcome.reported]
            for task, outcome in ended:
                # Told first: only what is written down may vanish from the cluster.
                yield Reported(self._noted(result_of(task, outcome)))
                await self._hook_ended(task, outcome.hook_phase or "Failed")
            message = _waiting_for(pending, _purpose(pending[0])) if pending else said
            if message != said:
                said = message
                yield Waiting(message)
            elif pending and not ended:
                # Nothing was awaited since the look: no change can have been missed.
                self.turn.give()
                await self.cluster.changed(frozenset(task.key for task in pending), timeout=LOOK_AGAIN)

    def _awaited(self, task: Task, *, objects: bool) -> bool:
        if task.skip is not None or task.action == "CreateNamespace" or task_key(task) in self.terms.done:
            return False
        if self.terms.dry_run:
            return False
        return objects or task.action == "Hook"

    def _look(self, task: Task) -> Outcome | None:
        """How the task has ended, None while it goes on, or while nothing is known of it."""
        entry = self.cluster.live.get(task.key)
        if entry is None and self.cluster.live.presence(task.key) != "absent":
            return None
        if task.action == "Prune":
            return Outcome(status="Pruned", reported=False) if entry is None else None
        manifest = entry.manifest() if entry else None
        return hook_outcome(task, manifest) if task.action == "Hook" else object_outcome(task, manifest)

    async def _hook_ended(self, task: Task, phase: str) -> None:
        """Its outcome is known and written down: the object may go from now on."""
        if task.action != "Hook":
            return
        self.ended_hooks.append((task, phase))
        try:
            await release_hook(task.key, await self.cluster.resource(task.kind), self.cluster)
        except UnknownKind:
            return


def _shown(task: Task, error: TrimtabError) -> str:
    """The API server may quote what it refuses: no value of a Secret may get any further."""
    if task.target is None or not is_secret(task.key):
        return error.message
    return redact_text(error.message, task.target.manifest())


def _identity(task: Task) -> tuple[str, str, str, str]:
    return (task.key.group, task.key.kind, task.key.namespace, task.key.name)


def _said(task: Task, observed: Observed) -> str:
    """`deployment.apps/web created`, in kubectl's words."""
    name = f"{task.key.kind.lower()}{'.' + task.key.group if task.key.group else ''}/{task.key.name}"
    if task.live_uid != observed.meta.uid:
        return f"{name} created"
    return f"{name} {'unchanged' if task.live_version == observed.meta.resource_version else 'configured'}"


def _purpose(task: Task) -> str:
    return {"Hook": "completion of hook", "Prune": "deletion of"}.get(task.action, "healthy state of")


def _waiting_for(pending: list[Task], what: str) -> str:
    first = pending[0]
    name = "/".join(part for part in (first.key.group, first.key.kind, first.key.name) if part)
    more = f" and {len(pending) - 1} more {'hooks' if first.action == 'Hook' else 'resources'}"
    return f"waiting for {what} {name}{more if len(pending) > 1 else ''}"
