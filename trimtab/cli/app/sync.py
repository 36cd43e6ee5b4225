"""`trimtab app sync`."""

import sys

import click
from msgspec import Struct

from trimtab.cli.applications import connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags, gathered, timeout_option
from trimtab.cli.operations import TITLES, ended, result_rows, results
from trimtab.cli.output import annotated, echo, paint, table
from trimtab.cli.progress import display
from trimtab.cli.words import short
from trimtab.errors import Stalled
from trimtab.model.application import (
    Application,
    ResourceResult,
    SyncOperation,
    SyncResourceSelector,
    SyncStrategy,
    SyncStrategyApply,
    SyncStrategyHook,
)
from trimtab.model.keys import AppKey
from trimtab.sync.auto import automation


class Wanted(Struct, frozen=True):
    """What the options of the command ask for."""

    revision: str
    prune: bool
    dry_run: bool
    force: bool
    no_hooks: bool
    sync_option: tuple[str, ...]
    resource: tuple[SyncResourceSelector, ...]


class _Resource(click.ParamType[SyncResourceSelector]):
    """GROUP:KIND:NAME, as Argo CD writes it; the core group is empty."""

    name = "GROUP:KIND:[NAMESPACE/]NAME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> SyncResourceSelector:
        if isinstance(value, SyncResourceSelector):
            return value
        parts = str(value).split(":", 2)
        namespace, _, name = parts[-1].rpartition("/")
        if len(parts) != 3 or not parts[1] or not name:
            self.fail(
                f"{value!r} names no object: write {self.name}, as apps:Deployment:web or :Service:web", param, ctx
            )
        return SyncResourceSelector(group=parts[0], kind=parts[1], namespace=namespace, name=name)


wanted_flags = gathered(
    "wanted",
    Wanted,
    click.option("--revision", default="", help="Sync to this revision [default: what the Application names]."),
    click.option("--prune", is_flag=True, help="Delete what Git no longer declares."),
    click.option("--dry-run", is_flag=True, help="Have the API server check everything, write nothing."),
    click.option("--force", is_flag=True, help="Delete and create again what cannot be changed."),
    click.option("--no-hooks", is_flag=True, help="Apply the objects only, run no hooks."),
    click.option("--resource", multiple=True, type=_Resource(), help="Only this object; may be repeated."),
    click.option("--sync-option", multiple=True, metavar="NAME=VALUE", help="A sync option; may be repeated."),
)
"""What is asked of the sync, as the one parameter `wanted`."""


@click.command()
@app_argument
@wanted_flags
@click.option("--async", "detached", is_flag=True, help="Return at once instead of following the sync.")
@timeout_option("How long to follow the sync")
@app_flags
def sync(flags: AppFlags, key: AppKey, wanted: Wanted, *, detached: bool, timeout: float) -> None:
    """Make the cluster what Git declares.

    The sync is carried out by a controller; this command asks for it and follows it. It ends with 0 when the sync has
    succeeded.
    """
    run(_sync(flags, key, wanted=wanted, detached=detached, timeout=timeout))


async def _sync(flags: AppFlags, key: AppKey, *, wanted: Wanted, detached: bool, timeout: float) -> None:
    async with connected(flags) as applications:
        await applications.ask_for_sync(key, lambda app: operation(app, wanted))
        if detached:
            echo(f"Application {key}: sync asked for")
            return
        with display(f"Syncing {key}", TITLES) as progress:
            app = await ended(applications, key, timeout=timeout, display=progress)
        conclude(key, app, dry_run=wanted.dry_run)


def operation(app: Application, wanted: Wanted) -> SyncOperation:
    """What is asked of the controller. Raises Stalled where the application cannot be synced that way."""
    if wanted.revision:
        _check_revision(app, wanted)
    policy = app.spec.sync_policy
    strategy = None
    if wanted.no_hooks:
        strategy = SyncStrategy(apply=SyncStrategyApply(force=wanted.force))
    elif wanted.force:
        strategy = SyncStrategy(hook=SyncStrategyHook(force=True))
    return SyncOperation(
        revision=wanted.revision,
        prune=wanted.prune,
        dry_run=wanted.dry_run,
        sync_strategy=strategy,
        resources=wanted.resource,
        sync_options=wanted.sync_option or (policy.sync_options if policy else ()),
    )


def _check_revision(app: Application, wanted: Wanted) -> None:
    sources = app.spec.all_sources()
    name = f"Application {app.metadata.namespace}/{app.metadata.name}"
    if len(sources) != 1:
        raise Stalled(f"{name} has {len(sources)} sources; --revision is for one", reason="BadRequest")
    target = sources[0].target_revision or "HEAD"
    if automation(app) and wanted.revision != target and not wanted.dry_run:
        raise Stalled(
            f"{name} is synced automatically to {target}, which would undo {wanted.revision}; "
            "turn auto-sync off, or change targetRevision",
            reason="AutoSync",
        )


def conclude(key: AppKey, app: Application, *, dry_run: bool = False) -> None:
    """Print what came of an operation. Raises Stalled where it has failed."""
    state, reported = app.status.operation_state, results(app)
    assert state is not None, "the operation has ended"
    # Elsewhere than on a terminal, every line of it has been printed as it happened.
    if reported and sys.stderr.isatty():
        shown = table(TITLES[:-1], (row[:-1] for row in result_rows(app)), shrink=("NAME", "KIND"))
        echo(annotated(shown, (one.message if _failed(one) else "" for one in reported)))
    if state.phase != "Succeeded":
        raise Stalled(f"Application {key}: {state.phase}: {state.message}", reason="SyncFailed")
    result = state.sync_result
    revisions = (result.revisions or (result.revision,)) if result else ()
    where = ", ".join(map(short, filter(None, revisions)))
    trial = " (dry run, nothing was written)" if dry_run else ""
    echo(f"{paint(state.phase)}: {key}{f' at {where}' if where else ''}{trial}")


def _failed(result: ResourceResult) -> bool:
    return result.status == "SyncFailed" or result.hook_phase in ("Failed", "Error")
