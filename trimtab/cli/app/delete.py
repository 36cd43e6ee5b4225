"""`trimtab app delete`."""

import sys
from collections.abc import Iterable
from typing import Literal

import click

from trimtab.cli.app.wait import TITLES, gone
from trimtab.cli.applications import Applications, Patch, app_of, connected, run
from trimtab.cli.flags import ClusterFlags, app_argument, cluster_flags, timeout_option
from trimtab.cli.output import echo, table
from trimtab.cli.progress import display
from trimtab.cli.words import counted, kind_word
from trimtab.errors import Stalled
from trimtab.model.application import Application
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import BACKGROUND_FINALIZER, FOREGROUND_FINALIZER, RESOURCES_FINALIZER

Propagation = Literal["foreground", "background"]
FINALIZERS: dict[Propagation, str] = {"foreground": RESOURCES_FINALIZER, "background": BACKGROUND_FINALIZER}
CASCADING = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)
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
@cluster_flags
def delete(
    flags: ClusterFlags,
    key: AppKey,
    *,
    cascade: bool,
    propagation: Propagation,
    yes: bool,
    follow: bool,
    timeout: float,
) -> None:
    """Delete an Application, and what it deployed. Shows what that is and asks first."""
    finalizer = FINALIZERS[propagation] if cascade else ""
    run(_delete(flags, key, finalizer=finalizer, yes=yes, follow=follow, timeout=timeout))


async def _delete(flags: ClusterFlags, key: AppKey, *, finalizer: str, yes: bool, follow: bool, timeout: float) -> None:
    async with connected(flags) as applications:
        app = app_of(await applications.get(key))
        if not yes:
            _ask(app, key, cascade=bool(finalizer))
        await _ask_for_deletion(applications, key, uid=app.metadata.uid, finalizer=finalizer)
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


async def _ask_for_deletion(applications: Applications, key: AppKey, *, uid: str, finalizer: str) -> None:
    """Cascading is a finalizer: added, or taken away, before the deletion."""

    def patch(raw: Manifest) -> Patch | None:
        if raw["metadata"].get("uid") != uid:
            raise Stalled(f"Application {key} was replaced by another one meanwhile; look at it again")
        known = raw["metadata"].get("finalizers") or []
        wanted = _with_cascade(known, finalizer)
        return None if wanted == known else {"metadata": {"finalizers": wanted}}

    await applications.update(key, patch)
    await applications.delete(key, uid=uid)


def _with_cascade(known: Iterable[str], finalizer: str) -> list[str]:
    kept = [name for name in known if name not in CASCADING]
    return [*kept, finalizer] if finalizer else kept
