"""`trimtab app history`."""

import click
import msgspec

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags
from trimtab.cli.output import OutputFormat, document, echo, output_option, table
from trimtab.cli.words import NONE, short, source_label
from trimtab.model.application import Application, HistoryEntry
from trimtab.model.keys import AppKey

TITLES = ("ID", "DEPLOYED", "REVISION", "BY", "SOURCE")


@click.command()
@app_argument
@output_option()
@app_flags
def history(flags: AppFlags, key: AppKey, output: OutputFormat) -> None:
    """List what was deployed, and when; the last line is what was deployed last."""
    app = run(_read(flags, key))
    entries = app.status.history
    if output != "table":
        document(msgspec.to_builtins(entries), output)
    elif not entries:
        click.echo(f"Application {key} has not been deployed yet", err=True)
    else:
        echo(table(TITLES, (_row(entry) for entry in entries), shrink=("SOURCE",)))


async def _read(flags: AppFlags, key: AppKey) -> Application:
    async with connected(flags) as applications:
        return app_of(await applications.get(key))


def _row(entry: HistoryEntry) -> tuple[str, ...]:
    revisions = entry.revisions or (entry.revision,)
    by = "auto-sync" if entry.initiated_by.automated else entry.initiated_by.username
    sources = entry.sources or ((entry.source,) if entry.source else ())
    return (
        str(entry.id),
        entry.deployed_at,
        ", ".join(map(short, revisions)) or NONE,
        by or NONE,
        source_label(sources),
    )
