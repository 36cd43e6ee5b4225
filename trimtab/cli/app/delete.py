"""`trimtab app delete`."""

import sys
from typing import Literal

import click

from trimtab.cli.app.wait import TITLES, gone
from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags, timeout_option
from trimtab.cli.output import echo, table
from trimtab.cli.progress import display
from trimtab.cli.words import counted, kind_word
from trimtab.errors import Stalled
from trimtab.model.application import Application
from trimtab.model.cascade import CascadeOrder
from trimtab.model.keys import AppKey
from trimtab.model.names import BACKGROUND_FINALIZER, RESOURCES_FINALIZER

Propagation = Literal["foreground", "background"]
FINALIZERS: dict[Propagation, str] = {"foreground": RESOURCES_FINALIZER, "background": BACKGROUND_FINALIZER}
PREVIEW = 10
"""How many objects are named before the question."""


@click.command()
@app_argument
@click.option("--cascade/--no-cascade", default=True, show_default=True, help="Delete what it deployed, too.")
@click.option(
    "--propagation",
    type=click.Choice(("foreground", "background")),
    default="foreground",
    show_default=True,
    help="Whether an object goes after or before what belongs to it.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--wait/--no-wait", "follow", default=True, show_default=True, help="Return when it is gone.")
@timeout_option("How long to wait until it is gone")
@app_flags
def delete(
    flags: AppFlags,
    key: AppKey,
    *,
    cascade: bool,
    propagation: CascadeOrder,
    yes: bool,
    follow: bool,
    timeout: float,
) -> None:
    """Delete an Application, and what it deployed. Shows what that is and asks first."""
    order = propagation if cascade else None
    run(_delete(flags, key, cascade=order, yes=yes, follow=follow, timeout=timeout))


async def _delete(
    flags: AppFlags, key: AppKey, *, cascade: CascadeOrder | None, yes: bool, follow: bool, timeout: float
) -> None:
    async with connected(flags) as applications:
        app = app_of(await applications.get(key))
        if not yes:
            _ask(app, key, cascade=cascade is not None)
        await applications.delete(key, uid=app.metadata.uid, cascade=cascade)
        if not follow:
            echo(f"Application {key}: deletion asked for")
            return
        with display(f"Deleting {key}", TITLES) as progress:
            await gone(applications, key, timeout=timeout, display=progress, uid=app.metadata.uid)
    echo(f"Application {key} is deleted")


def _ask(app: Application, key: AppKey, *, cascade: bool) -> None:
    """Show what goes, and have it confirmed. Raises Stalled where nobody can be asked, Abort for a no."""
    if not sys.stdin.isatty():
        raise Stalled(f"Application {key}: deleting needs a yes, and there is no terminal to ask at; add --yes")
    objects = app.status.resources
    if cascade and objects:
        named = [(kind_word(one.group, one.kind), one.namespace, one.name) for one in objects[:PREVIEW]]
        echo(table(("KIND", "NAMESPACE", "NAME"), named, shrink=("NAME", "KIND")))
        if len(objects) > PREVIEW:
            echo(f"… and {len(objects) - PREVIEW} more")
        question = f"Delete Application {key} and these {counted(len(objects), 'object')}?"
    else:
        kept = f" and leave its {counted(len(objects), 'object')} running" if objects else ""
        question = f"Delete Application {key}{kept}?"
    click.confirm(question, abort=True)
