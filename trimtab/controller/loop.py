"""One pass over one application: look, decide, write the status once, start what was decided.

The place where errors turn into requeues and conditions: `Retry` comes back soon, `Wait` when it says, `Stalled` with
the next poll (a change of the object brings it back at once).
"""

import asyncio
import contextlib
import logging
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trimtab.access.windows import OPEN, WindowState, windows_for
from trimtab.access.windows import state as window_state
from trimtab.apply.hooks import abort, let_go
from trimtab.clock import rfc3339
from trimtab.compare.drift import describe
from trimtab.controller.beginning import Beginning
from trimtab.controller.delete import finalize, is_deleting
from trimtab.controller.measure import measure_pass, measure_sync
from trimtab.controller.operate import operate
from trimtab.controller.pace import (
    backoff,
    forget_push,
    fresh_since,
    is_asked,
    is_passing,
    known_trouble,
    must_resolve,
    poll_pause,
)
from trimtab.controller.queue import WorkQueue
from trimtab.controller.refresh import Refreshed, refresh
from trimtab.controller.source_alerts import source_failed, source_fetched
from trimtab.controller.world import Memory, Trouble, World
from trimtab.errors import TrimtabError, Wait
from trimtab.kube.errors import NotFound, StaleConflict
from trimtab.model.application import Application, ApplicationStatus, Operation, OperationState
from trimtab.model.keys import AppKey
from trimtab.model.names import REFRESH, REFRESH_TIMESTAMP, SKIP_RECONCILE
from trimtab.model.nulls import same_but_for_nulls
from trimtab.status.history import with_deployment
from trimtab.status.outcome import Found, status_found, status_unknown
from trimtab.status.patch import status_patch
from trimtab.sync.auto import Later, Refuse, Start
from trimtab.sync.lifecycle import Begin, End, Next, Pause, Stop, begun, held_back, next_step, terminated
from trimtab.sync.own_doing import by_others

log = logging.getLogger(__name__)
ATTEMPTS = 40
"""Tries to write against the newest state: somebody may edit an Application faster than we read it."""
AFTER_CONFLICT = 0.1
AFTER_DEFECT = 60.0
LOOK_WHILE_SYNCING = 5.0


class Looked(Struct, frozen=True):
    """The status after a look, and when to look again at the latest (seconds)."""

    status: ApplicationStatus
    again: float
    refreshed: Refreshed | None = None


class Loop:
    """Works the queue. Passes of one application follow each other; those of several run side by side."""

    def __init__(self, world: World, queue: WorkQueue[AppKey]) -> None:
        self.world = world
        self.queue = queue

    async def work(self) -> None:
        """Take keys from the queue, for ever; run several of these as tasks."""
        while True:
            key = await self.queue.get()
            try:
                await self._guarded(key)
            finally:
                self.queue.done(key)

    async def _guarded(self, key: AppKey) -> None:
        try:
            self.queue.add_later(key, await self.reconcile(key))
        except NotFound:
            log.info("%s is gone", key)
        except StaleConflict:
            # Somebody changed it while we looked; the watch tells us what.
            self.queue.add_later(key, AFTER_CONFLICT)
        except TrimtabError as error:
            log.warning("%s: %s", key, error.message)
            self.queue.add_later(key, backoff(self.world.memory(key), error, self.world))
        except Exception:
            log.exception("%s: a defect in Trimtab; the application is looked at again in a minute", key)
            self.queue.add_later(key, AFTER_DEFECT)

    async def reconcile(self, key: AppKey) -> float:
        """One pass; seconds until the next one at the latest."""
        world = self.world
        app = world.applications.get(key)
        if app is None:
            await self._forget(key)
            return float("inf")
        if (app.metadata.annotations or {}).get(SKIP_RECONCILE) == "true":
            return float("inf")
        if self._is_another(key, app):
            await self._forget(key)
        memory = world.memory(key)
        memory.uid = app.metadata.uid
        world.feedback.notice(app)
        if is_deleting(app):
            await self._stop(memory)
            return await finalize(app, world)
        if memory.running and (wait := self._not_yet(app, memory)) > 0:
            return wait
        memory.looked_at = self.world.clock.monotonic()
        memory.calm_until = memory.looked_at + self.world.settings.calm
        looked = await self._look(app, memory)
        self._announce_drift(app, memory, looked)
        windows = await self._windows(app, memory)
        if memory.running and not windows.may_go_on(manually=_is_asked_for(app)):
            await self._stop(memory)
        step = self._next(app, memory, looked, windows)
        wait = await self._carry_out(app, memory, looked, step)
        measure_pass(app, memory, world)
        told = world.feedback.seconds_left(world.applications.get(key) or app)
        return min(wait, looked.again, windows.seconds_left(world.clock.now()), told)

    def _is_another(self, key: AppKey, app: Application) -> bool:
        """Was an application of that name deleted, and made anew, since the last look?"""
        known = self.world.memories.get(key)
        return known is not None and known.uid not in ("", app.metadata.uid)

    def _not_yet(self, app: Application, memory: Memory) -> float:
        """While a sync runs, its own writes need no look each: one every few seconds, or when somebody asks."""
        state = app.status.operation_state
        asked = is_asked(app) or (state is not None and state.phase == "Terminating")
        since = self.world.clock.monotonic() - memory.looked_at
        return 0.0 if asked else max(0.0, LOOK_WHILE_SYNCING - since)

    async def _look(self, app: Application, memory: Memory) -> Looked:
        now, clock = rfc3339(self.world.clock.now()), self.world.clock
        if (trouble := known_trouble(app, memory, self.world)) is not None:
            return Looked(_troubled(app, trouble, now), trouble.until - clock.monotonic())
        resolve, pushed = must_resolve(app, memory, self.world), memory.pushed_at
        try:
            refreshed = await refresh(
                app, self.world, memory, resolve=resolve, since=fresh_since(app, memory, self.world)
            )
        except Wait as wait:
            return Looked(app.status, wait.after)
        except TrimtabError as error:
            forget_push(memory, pushed)
            source_failed(app, memory, self.world, error=error)
            again = backoff(memory, error, self.world)
            if is_passing(app, memory, error):
                return Looked(app.status, again)
            memory.trouble = Trouble(error, app.spec, clock.monotonic() + again)
            return Looked(_troubled(app, memory.trouble, now), again)
        memory.failures, memory.trouble = 0, None
        forget_push(memory, pushed)
        if resolve:
            source_fetched(app, memory, self.world)
            memory.poll_at = clock.monotonic() + poll_pause(memory, self.world)
        return Looked(self._status(app, refreshed, now), self._again(memory, refreshed), refreshed)

    def _status(self, app: Application, refreshed: Refreshed, now: str) -> ApplicationStatus:
        declared, decision = refreshed.declared, refreshed.decision
        found = Found(
            sources=declared.sources,
            revisions=declared.revisions,
            source_types=declared.source_types,
            prepared=declared.prepared,
            comparison=refreshed.comparison,
            instance=declared.identity.instance,
            refusal=decision.message if isinstance(decision, Refuse) else "",
        )
        return status_found(app, found, now=now)

    def _again(self, memory: Memory, refreshed: Refreshed) -> float:
        poll = max(0.0, memory.poll_at - self.world.clock.monotonic())
        return min(poll, refreshed.decision.seconds) if isinstance(refreshed.decision, Later) else poll

    async def _windows(self, app: Application, memory: Memory) -> WindowState:
        """What the sync windows say to the operation that runs, or is asked for. Where it is not known what they say,
        whoever begins the operation is told.
        """
        if app.operation is None and not memory.running:
            return OPEN
        try:
            limits = await self.world.projects.limits(app)
        except TrimtabError:
            return OPEN
        return window_state(windows_for(app, limits.project), self.world.clock.now())

    def _next(self, app: Application, memory: Memory, looked: Looked, windows: WindowState) -> Next:
        refreshed = looked.refreshed
        newest = refreshed.declared.revision if refreshed else ""
        now = self.world.clock.now()
        step = next_step(app, now=now, running=memory.running, finished=memory.finished, newest=newest)
        if step is None and refreshed and isinstance(refreshed.decision, Start) and not memory.running:
            return Begin(begun(refreshed.decision.operation, now))
        return held_back(step, windows, now) if isinstance(step, Begin) else step

    async def _carry_out(self, app: Application, memory: Memory, looked: Looked, step: Next) -> float:
        """Write the status, then act; seconds until something is due."""
        match step:
            case Begin(state):
                memory.results, memory.pruned = (), set()
                taken_up = app.status.operation_state == state
                await self._begin(app, looked, state, memory)
                self._announce(app, looked, "OperationStarted", "" if taken_up else _begun_text(state))
            case End(state):
                status = replace(looked.status, operation_state=state)
                ended = replace(app, status=replace(status, history=app.status.history))
                looked = replace(looked, status=replace(status, history=with_deployment(ended, state)))
                # Another operation may have been asked for meanwhile: it is next.
                following = None if same_but_for_nulls(app.operation, state.operation) else app.operation
                await self._write(app, looked, state, operation=following)
                memory.finished = None
                measure_sync(app, state, self.world)
                self._announce(app, looked, "OperationCompleted", f"Sync operation {state.phase}: {state.message}")
                refreshed = looked.refreshed
                settled = refreshed is not None and refreshed.comparison.status == "Synced"
                return float("inf") if settled and following is None else 0.0
            case Pause(state, seconds):
                await self._write(app, looked, state, operation=app.operation or state.operation)
                memory.finished = None
                return seconds
            case Stop():
                await self._terminate(app, memory)
            case None:
                await self._write(app, looked, app.status.operation_state, operation=app.operation)
                self._announce(app, looked, "ResourceUpdated", "")
        return float("inf")

    async def _write(
        self, app: Application, looked: Looked, state: OperationState | None, *, operation: Operation | None
    ) -> Application:
        """The one write of a pass; none when nothing changed."""
        now = rfc3339(self.world.clock.now())
        body = _patch(app, replace(looked.status, operation_state=state), operation, now=now)
        if not body:
            return app
        written = await self.world.applications.patch(app, body)
        self.world.feedback.notice(written)
        return written

    async def _begin(self, app: Application, looked: Looked, state: OperationState, memory: Memory) -> None:
        """Start the operation; what somebody asked for is written down first, the rest when it takes its time."""

        async def write() -> None:
            seen = app
            for _ in range(ATTEMPTS):
                with contextlib.suppress(StaleConflict):
                    await self._write(seen, looked, state, operation=state.operation)
                    return
                seen = await self.world.applications.read(seen)
                if seen.operation is not None and not same_but_for_nulls(seen.operation, state.operation):
                    break
            raise StaleConflict("somebody else asked for another operation meanwhile")

        beginning = Beginning(write, self.world.clock)
        if app.operation is not None:
            await beginning.now()
        self._start(app, state, memory, beginning)

    def _start(self, app: Application, state: OperationState, memory: Memory, beginning: Beginning) -> None:
        key = AppKey(app.metadata.namespace, app.metadata.name)

        async def attempt() -> None:
            try:
                memory.finished = await operate(app, state, self.world, memory, begin=beginning.now)
            finally:
                await beginning.close()

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("%s: a defect in Trimtab ended the operation", key, exc_info=error)
                message = f"a defect in Trimtab: {error!r}"
                now = rfc3339(self.world.clock.now())
                memory.finished = replace(state, phase="Error", message=message, finished_at=now)
            self.queue.add(key)

        memory.run = asyncio.create_task(attempt(), name=f"sync {key}")
        memory.run.add_done_callback(ended)

    async def _terminate(self, app: Application, memory: Memory) -> None:
        await self._stop(memory)
        state = app.status.operation_state
        written = state.sync_result.resources if state and state.sync_result else ()
        await abort((*written, *memory.results), self.world.clusters.find(app.spec.destination))
        if state is not None:
            memory.finished = terminated(state, self.world.clock.now())
        self.queue.add(AppKey(app.metadata.namespace, app.metadata.name))

    async def _stop(self, memory: Memory) -> None:
        if memory.run is not None:
            memory.run.cancel()
            await asyncio.gather(memory.run, return_exceptions=True)
            memory.run = None

    async def _forget(self, key: AppKey) -> None:
        # Before anything is awaited: what is heard from then on is about another application of that name.
        self.queue.forget(key)
        self.world.clusters.home.forget(key.instance(self.world.settings.namespace))
        memory = self.world.memories.pop(key, None)
        if memory is not None:
            await self._stop(memory)
            await let_go(memory.results, self.world.clusters.home)

    def _announce_drift(self, app: Application, memory: Memory, looked: Looked) -> None:
        """Drift is found once: it is told before anything else can fail."""
        syncing = app.operation is not None or memory.running or memory.finished is not None
        found = looked.refreshed.drifts if looked.refreshed else ()
        for drift in by_others(found, syncing=syncing, operation=app.operation, pruned=memory.pruned):
            self.world.recorder.emit(app, "DriftDetected", describe(drift), kind="Warning")
        memory.pruned -= {drift.key for drift in found if not drift.differences}

    def _announce(self, app: Application, looked: Looked, reason: Any, message: str) -> None:
        """Events: the operation's, and every change of sync or health status."""
        recorder = self.world.recorder
        for text, bad in _changes(app.status, looked.status):
            recorder.emit(app, "ResourceUpdated", text, kind="Warning" if bad else "Normal")
        if message:
            failed = reason == "OperationCompleted" and "Succeeded" not in message
            recorder.emit(app, reason, message, kind="Warning" if failed else "Normal")


def _patch(app: Application, status: ApplicationStatus, operation: Operation | None, *, now: str) -> dict[str, Any]:
    """The merge patch of a pass, {} when there is nothing to write.

    What others write too, the refresh annotation and `.operation`, is changed only in the very state that was seen.
    """
    body: dict[str, Any] = {}
    seen = {"resourceVersion": app.metadata.resource_version}
    if asked := [name for name in (REFRESH, REFRESH_TIMESTAMP) if name in (app.metadata.annotations or {})]:
        body["metadata"] = {"annotations": dict.fromkeys(asked), **seen}
    if operation != app.operation:
        body["metadata"] = {**body.get("metadata", {}), **seen}
        body["operation"] = msgspec.to_builtins(operation) if operation else None
    if status_patch(app.status, status) or body:
        body["status"] = status_patch(app.status, replace(status, reconciled_at=now)) or {}
    return body


def _is_asked_for(app: Application) -> bool:
    """Is the operation one that somebody asked for?"""
    return app.operation is not None and not app.operation.initiated_by.automated


def _troubled(app: Application, trouble: Trouble, now: str) -> ApplicationStatus:
    return status_unknown(app, reason=trouble.error.reason, message=trouble.error.message, now=now)


def _changes(before: ApplicationStatus, after: ApplicationStatus) -> list[tuple[str, bool]]:
    """(text, is it bad) for a changed sync or health status; the first ones ever are no change."""
    found: list[tuple[str, bool]] = []
    if before.sync is None:
        return found
    old_sync, new_sync = (s.sync.status if s.sync else "" for s in (before, after))
    if old_sync != new_sync:
        found.append((f"Updated sync status: {old_sync or 'None'} -> {new_sync}", new_sync == "Unknown"))
    old_health, new_health = (s.health.status if s.health else "" for s in (before, after))
    if old_health != new_health:
        found.append((f"Updated health status: {old_health or 'None'} -> {new_health}", new_health == "Degraded"))
    return found


def _begun_text(state: OperationState) -> str:
    sync = state.operation.sync
    who = "automated sync" if state.operation.initiated_by.automated else state.operation.initiated_by.username
    return f"{who or 'somebody'} initiated sync to {sync.revision[:12] if sync and sync.revision else 'HEAD'}"
