"""`trimtab app get`."""

from collections.abc import Iterator

import click

from trimtab.cli.applications import Applications, app_of, connected, run
from trimtab.cli.flags import AppFlags, app_argument, app_flags, timeout_option
from trimtab.cli.output import (
    OutputFormat,
    annotated,
    document,
    echo,
    fields,
    output_option,
    paint,
    presented,
    table,
    wrapped,
)
from trimtab.cli.refresh import RefreshKind, refreshed
from trimtab.cli.words import (
    NONE,
    destination_line,
    health_word,
    kind_word,
    policy_line,
    revision_of,
    source_line,
    sync_word,
)
from trimtab.model.application import Application, ResourceResult, ResourceStatus
from trimtab.model.keys import AppKey, Manifest

TITLES = ("KIND", "NAMESPACE", "NAME", "SYNC", "HEALTH")
ObjectId = tuple[str, str, str, str]


@click.command()
@app_argument
@click.option("--refresh", "refresh", flag_value="normal", help="Have it compared with Git first.")
@click.option("--hard-refresh", "refresh", flag_value="hard", help="The same, without any cache.")
@timeout_option("How long to wait for the refresh")
@output_option()
@app_flags
def get(flags: AppFlags, key: AppKey, output: OutputFormat, refresh: RefreshKind | None, timeout: float) -> None:
    """Show one Application with its objects."""
    raw = run(_fetched(flags, key, refresh=refresh, timeout=timeout))
    if output != "table":
        document(presented(raw), output)
    else:
        echo(describe(app_of(raw)))


async def _fetched(flags: AppFlags, key: AppKey, *, refresh: RefreshKind | None, timeout: float) -> Manifest:
    async with connected(flags) as applications:
        return await _read(applications, key, refresh=refresh, timeout=timeout)


async def _read(applications: Applications, key: AppKey, *, refresh: RefreshKind | None, timeout: float) -> Manifest:
    if refresh:
        return await refreshed(applications, key, kind=refresh, timeout=timeout)
    return await applications.get(key)


def describe(app: Application) -> str:
    """The application for people: what it is, how it is, what is wrong, and its objects."""
    parts = [fields(_summary(app)), *_conditions(app), _resources(app)]
    return "\n\n".join(part for part in parts if part)


def _summary(app: Application) -> Iterator[tuple[str, str]]:
    yield "Name", f"{app.metadata.namespace}/{app.metadata.name}"
    yield "Project", app.spec.project
    for source in app.spec.all_sources():
        yield "Source", source_line(source)
    yield "Destination", destination_line(app.spec.destination)
    yield "Sync policy", policy_line(app.spec.sync_policy)
    revision = revision_of(app)
    seen = "not compared yet" if revision == NONE else f"compared with {revision}"
    yield "Sync", f"{paint(sync_word(app))}, {seen}"
    health = app.status.health
    yield "Health", f"{paint(health_word(app))}{f': {health.message}' if health and health.message else ''}"
    if state := app.status.operation_state:
        when = f"at {state.finished_at}" if state.finished_at else f"since {state.started_at}"
        yield "Last sync", f"{paint(state.phase)} {when}"
        yield "Message", state.message
    yield "Deleted", f"since {app.metadata.deletion_timestamp}" if app.metadata.deletion_timestamp else ""


def _conditions(app: Application) -> Iterator[str]:
    for condition in app.status.conditions:
        since = f" since {condition.last_transition_time}" if condition.last_transition_time else ""
        color = "red" if condition.type.endswith("Error") else "yellow"
        yield f"{click.style(condition.type, fg=color)}{since}\n{wrapped(condition.message, indent=2)}"


def _resources(app: Application) -> str:
    resources = app.status.resources
    if not resources:
        return ""
    failures = {_result_id(result): result.message for result in _failed(app)}
    shown = table(TITLES, map(_row, resources), shrink=("NAME", "KIND"))
    return annotated(shown, (_note(resource, failures.get(_resource_id(resource), "")) for resource in resources))


def _row(resource: ResourceStatus) -> tuple[str, ...]:
    return (
        kind_word(resource.group, resource.kind),
        resource.namespace,
        resource.name,
        resource.status or "",
        resource.health.status if resource.health else "",
    )


def _note(resource: ResourceStatus, failure: str) -> str:
    health = resource.health.message if resource.health else ""
    pruning = "to be pruned: Git no longer declares it" if resource.requires_pruning else ""
    return failure or health or pruning


def _failed(app: Application) -> Iterator[ResourceResult]:
    state = app.status.operation_state
    result = state.sync_result if state else None
    return (one for one in (result.resources if result else ()) if one.status == "SyncFailed")


def _result_id(result: ResourceResult) -> ObjectId:
    return (result.group, result.kind, result.namespace, result.name)


def _resource_id(resource: ResourceStatus) -> ObjectId:
    return (resource.group, resource.kind, resource.namespace, resource.name)
