"""`trimtab app wait`."""

from collections.abc import Callable, Iterator

import click

from trimtab.cli.applications import Applications, app_of, connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags, timeout_option
from trimtab.cli.output import echo, paint
from trimtab.cli.progress import Display, display
from trimtab.cli.waiting import Deadline
from trimtab.cli.words import health_word, kind_word, revision_of, sync_word
from trimtab.errors import Stalled
from trimtab.model.application import Application, ResourceStatus
from trimtab.model.keys import AppKey

TITLES = ("KIND", "NAMESPACE", "NAME", "SYNC", "HEALTH", "MESSAGE")
Check = Callable[[Application], str]
"""What is still missing, "" when nothing is."""


def _operation(app: Application) -> str:
    state = app.status.operation_state
    if app.operation is None and (state is None or state.phase not in ("Running", "Terminating")):
        return ""
    return f"operation is {state.phase.lower() if state else 'not begun'}"


def _sync(app: Application) -> str:
    return "" if sync_word(app) == "Synced" else f"sync is {sync_word(app)}"


def _health(app: Application) -> str:
    return "" if health_word(app) == "Healthy" else f"health is {health_word(app)}"


CHECKS: dict[str, Check] = {"operation": _operation, "sync": _sync, "health": _health}


@click.command()
@app_argument
@click.option("--sync", is_flag=True, help="Wait until it is Synced.")
@click.option("--health", is_flag=True, help="Wait until it is Healthy.")
@click.option("--operation", is_flag=True, help="Wait until no operation is going on.")
@click.option("--delete", "deleted", is_flag=True, help="Wait until it is gone.")
@timeout_option("How long to wait")
@app_flags
def wait(flags: AppFlags, key: AppKey, *, deleted: bool, timeout: float, **checks: bool) -> None:
    """Wait until an Application is synced and healthy and no operation is going on.

    With --sync, --health or --operation only for these.
    """
    if deleted:
        run(_gone(flags, key, timeout=timeout))
        return
    chosen = [CHECKS[name] for name in CHECKS if checks[name]] or list(CHECKS.values())
    run(_reached(flags, key, checks=chosen, timeout=timeout))


async def _gone(flags: AppFlags, key: AppKey, *, timeout: float) -> None:
    async with connected(flags) as applications:
        with display(f"Waiting for the deletion of {key}", TITLES) as progress:
            await gone(applications, key, timeout=timeout, display=progress)
    echo(f"Application {key} is gone")


async def gone(applications: Applications, key: AppKey, *, timeout: float, display: Display, uid: str = "") -> None:
    """Return when there is no such Application (with `uid`: not that one). Raises Stalled after `timeout` seconds."""
    deadline = Deadline(applications.clock, timeout)
    while (raw := await applications.find(key)) is not None:
        if uid and raw["metadata"].get("uid") != uid:
            return
        app = app_of(raw)
        errors = [one.message for one in app.status.conditions if one.type == "DeletionError"]
        what = f"; {errors[0]}" if errors else ""
        held = ", ".join(app.metadata.finalizers) or "nothing"
        display.show(f"held by {held}{what}", list(_rows(app)))
        if not await deadline.pause():
            raise Stalled(f"Application {key} is still there after {timeout:g} s, held by {held}{what}")


async def _reached(flags: AppFlags, key: AppKey, *, checks: list[Check], timeout: float) -> None:
    async with connected(flags) as applications:
        deadline = Deadline(applications.clock, timeout)
        with display(f"Waiting for {key}", TITLES) as progress:
            while True:
                app = app_of(await applications.get(key))
                missing = ", ".join(filter(None, (check(app) for check in checks)))
                if not missing:
                    break
                progress.show(missing, list(_rows(app)))
                if not await deadline.pause():
                    raise Stalled(f"Application {key} after {timeout:g} s: {missing}{_reason(app)}", reason="Timeout")
    echo(f"{key}: {paint(sync_word(app))}, {paint(health_word(app))}, at {revision_of(app)}")


def _reason(app: Application) -> str:
    """The most telling thing that the status says, for the one line of an error."""
    health = app.status.health
    told = [one.message for one in app.status.conditions if one.type.endswith("Error")]
    told += [health.message] if health and health.message else []
    return f"; {told[0]}" if told else ""


def _rows(app: Application) -> Iterator[tuple[str, ...]]:
    for one in app.status.resources:
        yield _row(one)


def _row(one: ResourceStatus) -> tuple[str, ...]:
    health = one.health
    return (
        kind_word(one.group, one.kind),
        one.namespace,
        one.name,
        one.status or "",
        health.status if health else "",
        health.message if health else "",
    )
