"""`trimtab app rollback`."""

import click

from trimtab.cli.app.sync import conclude
from trimtab.cli.applications import connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags, timeout_option
from trimtab.cli.operations import TITLES, ended
from trimtab.cli.output import echo
from trimtab.cli.progress import display
from trimtab.cli.words import counted
from trimtab.errors import Stalled
from trimtab.model.application import Application, HistoryEntry
from trimtab.model.keys import AppKey
from trimtab.sync.auto import automation


@click.command()
@app_argument
@click.argument("entry", metavar="[ID]", type=int, required=False)
@click.option("--prune", is_flag=True, help="Delete what that revision does not declare.")
@click.option("--async", "detached", is_flag=True, help="Return at once instead of following the sync.")
@timeout_option("How long to follow the sync")
@app_flags
def rollback(flags: AppFlags, key: AppKey, entry: int | None, *, prune: bool, detached: bool, timeout: float) -> None:
    """Deploy again what was deployed before: the history entry ID, or the one before the last.

    Refused while auto-sync is on, which would undo it. Hooks do not run.
    """
    run(_rollback(flags, key, entry=entry, prune=prune, detached=detached, timeout=timeout))


async def _rollback(
    flags: AppFlags, key: AppKey, *, entry: int | None, prune: bool, detached: bool, timeout: float
) -> None:
    async with connected(flags) as applications:
        await applications.ask_for_rollback(key, lambda app: chosen(app, entry), prune=prune)
        if detached:
            echo(f"Application {key}: rollback asked for")
            return
        with display(f"Rolling back {key}", TITLES) as progress:
            app = await ended(applications, key, timeout=timeout, display=progress)
        conclude(key, app)


def chosen(app: Application, wanted: int | None) -> HistoryEntry:
    """The history entry to go back to. Raises Stalled where that is not possible."""
    name = f"Application {app.metadata.namespace}/{app.metadata.name}"
    if automation(app):
        raise Stalled(f"{name} is synced automatically, which would undo a rollback; turn auto-sync off first")
    return _entry(app, wanted, name)


def _entry(app: Application, wanted: int | None, name: str) -> HistoryEntry:
    history = app.status.history
    if wanted is None:
        if len(history) < 2:
            raise Stalled(f"{name} has nothing to roll back to: it was deployed {counted(len(history), 'time')}")
        return history[-2]
    for entry in history:
        if entry.id == wanted:
            return entry
    known = ", ".join(str(entry.id) for entry in history) or "none"
    raise Stalled(f"{name} has no history entry {wanted}; there are: {known}")
