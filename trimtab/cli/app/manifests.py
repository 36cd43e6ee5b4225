"""`trimtab app manifests`."""

import click

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.engine import declared_by_git, prepared, reported
from trimtab.cli.flags import AppFlags, app_argument, app_flags
from trimtab.cli.output import OutputFormat, documents, output_option
from trimtab.compare.redact import is_secret, redact
from trimtab.model.keys import AppKey, Manifest, key_of


@click.command()
@app_argument
@click.option("--revision", default="", help="What Git declares at this revision [default: the Application's].")
@click.option("--live", is_flag=True, help="The objects as they are in the cluster.")
@output_option("yaml", "json", default="yaml")
@app_flags
def manifests(flags: AppFlags, key: AppKey, output: OutputFormat, *, revision: str, live: bool) -> None:
    """Print the manifests that Git declares, or that are live. Values of Secrets are masked."""
    if revision and live:
        raise click.UsageError("give either --revision or --live", click.get_current_context())
    found = run(_live(flags, key) if live else _declared(flags, key, revision=revision))
    documents([_masked(manifest) for manifest in found], output)


async def _declared(flags: AppFlags, key: AppKey, *, revision: str) -> list[Manifest]:
    async with connected(flags) as applications:
        app = app_of(await applications.get(key))
        view = applications.view(app)
        made = await prepared(await declared_by_git(app, view, revision=revision), view)
    return [target.manifest() for target in (*made.objects, *made.hooks)]


async def _live(flags: AppFlags, key: AppKey) -> list[Manifest]:
    """What the status reports, as it is now: Git is not asked."""
    async with connected(flags) as applications:
        app = app_of(await applications.get(key))
        found = await applications.view(app).entries(reported(app))
    return [entry.manifest() for entry in found.values()]


def _masked(manifest: Manifest) -> Manifest:
    if not is_secret(key_of(manifest)):
        return manifest
    (masked,) = redact(manifest)
    assert masked is not None
    return masked
