"""Argo CD's operation protocol, from the asking side: `.operation` is written, a controller carries it out."""

import getpass
from collections.abc import Callable

from trimtab.cli.applications import Applications, Patch, app_of
from trimtab.cli.progress import Display
from trimtab.cli.waiting import Deadline
from trimtab.cli.words import kind_word
from trimtab.errors import Stalled
from trimtab.model.application import (
    Application,
    Initiator,
    Operation,
    OperationState,
    ResourceResult,
    RetryStrategy,
    SyncOperation,
)
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import REFRESH
from trimtab.model.roundtrip import encode

TITLES = ("PHASE", "KIND", "NAMESPACE", "NAME", "RESULT", "MESSAGE")
ENDED = ("Succeeded", "Failed", "Error")
NOT_TAKEN_UP = 10.0
"""Seconds after which it is worth a word that no controller has begun."""


async def start(applications: Applications, key: AppKey, decide: Callable[[Application], SyncOperation]) -> None:
    """Ask for the sync that `decide` makes of the current application. Raises Stalled while another one runs."""

    def patch(raw: Manifest) -> Patch:
        app = app_of(raw)
        if app.operation is not None:
            hint = f"`trimtab app wait {key} --operation` waits for it"
            raise Stalled(f"Application {key}: another operation is already in progress; {hint}", reason="Busy")
        if app.metadata.deletion_timestamp:
            raise Stalled(
                f"Application {key} is being deleted since {app.metadata.deletion_timestamp}", reason="Deleted"
            )
        retry = app.spec.sync_policy.retry if app.spec.sync_policy else None
        operation = Operation(
            sync=decide(app), initiated_by=Initiator(username=_user()), retry=retry or RetryStrategy()
        )
        asked: Patch = {"operation": encode(operation), "status": {"operationState": None}}
        pinned = operation.sync and (operation.sync.revision or operation.sync.revisions)
        # Without a revision the newest one is meant, not the one that was seen at the last poll.
        return asked if pinned else {**asked, "metadata": {"annotations": {REFRESH: "normal"}}}

    await applications.update(key, patch)


async def ended(applications: Applications, key: AppKey, *, timeout: float, display: Display) -> OperationState:
    """Follow the operation to its end. Raises Stalled when it has not ended after `timeout` seconds (0: no limit)."""
    deadline = Deadline(applications.transport.clock, timeout)
    while True:
        app = app_of(await applications.get(key))
        state = app.status.operation_state
        display.show(_headline(app, deadline.elapsed), result_rows(state))
        if app.operation is None and state is not None and state.phase in ENDED:
            return state
        if not await deadline.pause():
            doing = f"{state.phase}, {state.message}" if state else "no controller has begun it"
            raise Stalled(f"Application {key}: the sync has not ended within {timeout:g} s: {doing}", reason="Timeout")


def result_rows(state: OperationState | None) -> list[tuple[str, ...]]:
    """A line for each object that the sync has reported, under `TITLES`."""
    result = state.sync_result if state else None
    return [_row(one) for one in (result.resources if result else ())]


def _row(result: ResourceResult) -> tuple[str, ...]:
    outcome = (result.hook_phase if result.hook_type else result.status) or result.hook_phase or ""
    return (
        result.hook_type or result.sync_phase or "Sync",
        kind_word(result.group, result.kind),
        result.namespace,
        result.name,
        outcome,
        result.message,
    )


def _headline(app: Application, elapsed: float) -> str:
    state = app.status.operation_state
    if state is None:
        late = "; is a controller running?" if elapsed >= NOT_TAKEN_UP else ""
        return f"waiting for the controller to begin{late}"
    return state.message or "syncing"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's user may have no name.
        return ""
