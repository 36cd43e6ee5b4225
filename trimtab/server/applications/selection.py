"""Which Applications a list or a stream is about."""

from collections.abc import Callable

from msgspec import Struct

from trimtab.server.applications.header import Header, is_in_cluster
from trimtab.server.applications.labels import Requirement

Test = Callable[[Header], bool]


class Selection(Struct, frozen=True, kw_only=True):
    """Filters, parsed. Whatever is empty lets everything through."""

    name: str = ""
    app_namespace: str = ""
    projects: frozenset[str] = frozenset()
    labels: tuple[Requirement, ...] = ()
    repo: str = ""
    sync: frozenset[str] = frozenset()
    health: frozenset[str] = frozenset()
    auto_sync: frozenset[bool] = frozenset()
    clusters: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    search: str = ""

    def tests(self) -> list[Test]:
        """All of them have to hold; [] when everything is selected."""
        return [test(self) for given, test in TESTS if given(self)]


EVERYTHING = Selection()


def _labels(wanted: Selection) -> Test:
    return lambda header: all(requirement.holds(header.labels) for requirement in wanted.labels)


def _unknown_as(status: str) -> str:
    return status or "Unknown"


TESTS: tuple[tuple[Callable[[Selection], object], Callable[[Selection], Test]], ...] = (
    (lambda wanted: wanted.name, lambda wanted: lambda header: header.name == wanted.name),
    (lambda wanted: wanted.app_namespace, lambda wanted: lambda header: header.namespace == wanted.app_namespace),
    (lambda wanted: wanted.projects, lambda wanted: lambda header: header.project in wanted.projects),
    (lambda wanted: wanted.labels, _labels),
    (lambda wanted: wanted.repo, lambda wanted: lambda header: wanted.repo in header.repos),
    (lambda wanted: wanted.sync, lambda wanted: lambda header: _unknown_as(header.sync) in wanted.sync),
    (lambda wanted: wanted.health, lambda wanted: lambda header: _unknown_as(header.health) in wanted.health),
    (lambda wanted: wanted.auto_sync, lambda wanted: lambda header: header.automated in wanted.auto_sync),
    (
        lambda wanted: wanted.clusters,
        lambda wanted: lambda header: any(is_in_cluster(header, cluster) for cluster in wanted.clusters),
    ),
    (
        lambda wanted: wanted.namespaces,
        lambda wanted: lambda header: header.destination_namespace in wanted.namespaces,
    ),
    (lambda wanted: wanted.search, lambda wanted: lambda header: wanted.search in header.text),
)
"""A filter is a line: is it given, and its test."""
