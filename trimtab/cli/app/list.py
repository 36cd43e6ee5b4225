"""`trimtab app list`."""

import click

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.flags import AppFlags, app_flags
from trimtab.cli.output import OutputFormat, documents, echo, output_option, table
from trimtab.cli.words import health_word, revision_of, source_label, sync_word
from trimtab.model.application import Application
from trimtab.model.keys import Manifest

TITLES = ("NAME", "SYNC", "HEALTH", "REVISION", "SOURCE")


@click.command("list")
@click.option("-A", "--all-namespaces", is_flag=True, help="Look in every namespace.")
@click.option("-l", "--selector", default="", help="Only Applications with these labels (team=shop,env!=dev).")
@click.option("-p", "--project", multiple=True, help="Only Applications of this project; may be repeated.")
@output_option()
@app_flags
def list_(
    flags: AppFlags, output: OutputFormat, *, all_namespaces: bool, selector: str, project: tuple[str, ...]
) -> None:
    """List Applications with their sync and health status."""
    namespace = "" if all_namespaces else flags.namespace
    found = run(_listed(flags, namespace=namespace, selector=selector))
    apps = [(raw, app_of(raw)) for raw in found]
    apps = [(raw, app) for raw, app in apps if not project or app.spec.project in project]
    if output != "table":
        documents((raw for raw, _ in apps), output)
    elif not apps:
        click.echo(f"no Applications in {f'namespace {namespace}' if namespace else 'any namespace'}", err=True)
    else:
        rows = [_row(app, all_namespaces=all_namespaces) for _, app in apps]
        echo(table(TITLES, rows, shrink=("SOURCE", "NAME")))


async def _listed(flags: AppFlags, *, namespace: str, selector: str) -> list[Manifest]:
    async with connected(flags) as applications:
        return await applications.list(namespace=namespace, selector=selector)


def _row(app: Application, *, all_namespaces: bool) -> tuple[str, ...]:
    name = f"{app.metadata.namespace}/{app.metadata.name}" if all_namespaces else app.metadata.name
    return (name, sync_word(app), health_word(app), revision_of(app), source_label(app.spec.all_sources()))
