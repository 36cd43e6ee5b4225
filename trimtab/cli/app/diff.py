"""`trimtab app diff`."""

import datetime as dt
from pathlib import Path

import click

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.changes import Change, changes_of, exit_code, text_of, value_of
from trimtab.cli.engine import compared, declared_by_folder, declared_by_git, prepared
from trimtab.cli.flags import AppFlags, app_argument, app_flags
from trimtab.cli.folder import folder_at
from trimtab.cli.output import OutputFormat, document, echo, output_option
from trimtab.model.keys import AppKey
from trimtab.sync.plan import make_plan
from trimtab.sync.task import Options


@click.command()
@app_argument
@click.option("--revision", default="", help="Compare with this revision [default: what the Application names].")
@click.option("--local", type=click.Path(path_type=Path), help="Compare with this folder instead of Git.")
@output_option()
@app_flags
@click.pass_context
def diff(
    ctx: click.Context, flags: AppFlags, key: AppKey, output: OutputFormat, *, revision: str, local: Path | None
) -> None:
    """Show how the cluster differs from Git: + is created, ~ changed, - pruned by a sync.

    Ends with 0 when nothing differs, with 1 when something does, with 2 or more upon an error.
    """
    if revision and local:
        raise click.UsageError("give either --revision or --local", ctx)
    changes = run(_diff(flags, key, revision=revision, local=local))
    if output != "table":
        document(value_of(changes), output)
    else:
        echo(text_of(changes, steps=False))
    ctx.exit(exit_code(changes))


async def _diff(flags: AppFlags, key: AppKey, *, revision: str, local: Path | None) -> list[Change]:
    async with connected(flags) as applications:
        app = app_of(await applications.get(key))
        view = applications.view(app)
        if local:
            tree, app = folder_at(local, app)
            declared = await declared_by_folder(app, tree, view)
        else:
            declared = await declared_by_git(app, view, revision=revision)
        made = await prepared(declared, view)
        comparison = await compared(declared, made, view)
        options = Options(prune=True, hooks=False, started_at=dt.datetime.now(dt.UTC))
        return changes_of(make_plan(comparison, (), options), comparison)
