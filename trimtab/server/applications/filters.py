"""The query parameters by which lists and streams are selected."""

from typing import Annotated

from msgspec import Meta

from trimtab.model.application import HealthStatusCode, SyncStatusCode
from trimtab.server.applications.labels import parse_selector
from trimtab.server.applications.selection import Selection
from trimtab.server.failures import bad_request
from trimtab.server.operation import Query

ShortText = Annotated[str, Meta(max_length=1024)]


class Filters(Query, frozen=True):
    """Argo CD's parameters of lists and streams, then ours. A repeated one means any of its values.

    `projects` is the older name of `project`. `cluster` is a name or URL, `namespace` the one deployed to; `search` is
    part of the application's `NAMESPACE/NAME`, whatever its case; `auto_sync`: does it sync by itself?
    """

    name: str = ""
    app_namespace: str = ""
    projects: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    selector: str = ""
    repo: str = ""
    refresh: str = ""
    resource_version: str = ""
    fields: str = ""
    sync: tuple[SyncStatusCode, ...] = ()
    health: tuple[HealthStatusCode, ...] = ()
    auto_sync: tuple[bool, ...] = ()
    cluster: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    search: ShortText = ""


def selection_of(query: Filters) -> Selection:
    """Raises Failure (400) for a selector that is none."""
    try:
        labels = parse_selector(query.selector)
    except ValueError as error:
        raise bad_request(f"selector: {error}") from error
    return Selection(
        name=query.name,
        app_namespace=query.app_namespace,
        projects=frozenset(query.project or query.projects),
        labels=labels,
        repo=query.repo,
        sync=frozenset(query.sync),
        health=frozenset(query.health),
        auto_sync=frozenset(query.auto_sync),
        clusters=frozenset(query.cluster),
        namespaces=frozenset(query.namespace),
        search=query.search.lower(),
    )
