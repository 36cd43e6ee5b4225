"""Argo CD's operation protocol, from the asking side: `.operation` is written, a controller carries it out."""

from trimtab.cli.applications import Applications, app_of
from trimtab.cli.progress import Display
from trimtab.cli.waiting import Deadline
from trimtab.cli.words import counted, kind_word
from trimtab.errors import Stalled
from trimtab.model.application import (
    Application,
    ResourceResult,
)
from trimtab.model.keys import AppKey
from trimtab.sync.asking import hindrance

TITLES = ("PHASE", "KIND", "NAMESPACE", "NAME", "RESULT", "MESSAGE")
ENDED = ("Succeeded", "Failed", "Error")
NOT_TAKEN_UP = 10.0
"""Seconds after which it is worth a word that no controller has begun."""


def check_free(key: AppKey, app: Application) -> None:
    """Raises Stalled while another operation runs, or the application is being deleted."""
    match hindrance(app):
        case "busy":
            hint = f"`trimtab app wait {key} --operation` waits for it"
            raise Stalled(f"Application {key}: another operation is already in progress; {hint}", reason="Busy")
        case "deleting":
            since = app.metadata.deletion_timestamp
            raise Stalled(f"Application {key} is being deleted since {since}", reason="Deleted")
        case None:
            return


async def ended(applications: Applications, key: AppKey, *, timeout: float, display: Display) -> Application:
    """Follow the operation to its end; the application as it is then.

    Raises Stalled when it has not ended after `timeout` seconds (0: no limit).
    """
    deadline = Deadline(applications.clock, timeout)
    while True:
        app = app_of(await applications.get(key))
        state = app.status.operation_state
        display.show(_headline(app, deadline.elapsed), result_rows(app), count=_count(app))
        if app.operation is None and state is not None and state.phase in ENDED:
            return app
        if not await deadline.pause():
            doing = f"{state.phase}, {state.message}" if state else "no controller has begun it"
            raise Stalled(f"Application {key}: the sync has not ended within {timeout:g} s: {doing}", reason="Timeout")


def results(app: Application) -> tuple[ResourceResult, ...]:
    """What the operation has reported so far, object by object."""
    state = app.status.operation_state
    return state.sync_result.resources if state and state.sync_result else ()


def result_rows(app: Application) -> list[tuple[str, ...]]:
    """A line for each object that the operation has reported, under `TITLES`."""
    waves = {(one.group, one.kind, one.namespace, one.name): one.sync_wave for one in app.status.resources}
    return [_row(one, waves.get((one.group, one.kind, one.namespace, one.name), 0)) for one in results(app)]


def _row(result: ResourceResult, wave: int) -> tuple[str, ...]:
    outcome = (result.hook_phase if result.hook_type else result.status) or result.hook_phase or ""
    phase = result.hook_type or result.sync_phase or "Sync"
    return (
        f"{phase} {wave}" if wave else phase,
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


def _count(app: Application) -> str:
    """How many of the application's own objects have been dealt with."""
    known = app.status.resources
    done = {(one.group, one.kind, one.namespace, one.name) for one in results(app) if one.status}
    reached = sum((one.group, one.kind, one.namespace, one.name) in done for one in known)
    return f"{reached} of {counted(len(known), 'object')}" if known else ""
