"""Global projects (`globalProjects` of `argocd-cm`): what they say holds for every project that their selector fits."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trimtab.model.appproject import AppProject
from trimtab.model.part import Part


class Expression(Part, frozen=True, kw_only=True):
    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(Part, frozen=True, kw_only=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[Expression, ...] = ()


class GlobalProject(Struct, frozen=True, kw_only=True, rename="camel"):
    """Projects whose labels `label_selector` fits inherit from the project of that name."""

    project_name: str
    label_selector: LabelSelector = LabelSelector()


def read_global_projects(value: Any) -> tuple[GlobalProject, ...]:
    """From the decoded YAML of `globalProjects`. Raises ValueError, which says what is wrong with it."""
    try:
        return tuple(msgspec.convert(value or [], list[GlobalProject]))
    except msgspec.ValidationError as error:
        raise ValueError(
            f"globalProjects of argocd-cm cannot be read: {error}; write a list of labelSelector and projectName"
        ) from error


def inheriting(
    project: AppProject, globals_: Iterable[GlobalProject], projects: Mapping[str, AppProject]
) -> AppProject:
    """`project` with the lists and windows of its global projects added. Those that do not exist add nothing."""
    for each in globals_:
        above = projects.get(each.project_name)
        if above is not None and above.metadata.name != project.metadata.name and _fits(each.label_selector, project):
            project = _with(project, above)
    return project


def _with(project: AppProject, above: AppProject) -> AppProject:
    ours, theirs = project.spec, above.spec
    namespaced = (ours.namespace_resource_whitelist, theirs.namespace_resource_whitelist)
    listed = None if namespaced == (None, None) else (*(namespaced[0] or ()), *(namespaced[1] or ()))
    spec = replace(
        ours,
        source_repos=(*ours.source_repos, *theirs.source_repos),
        destinations=(*ours.destinations, *theirs.destinations),
        cluster_resource_whitelist=(*ours.cluster_resource_whitelist, *theirs.cluster_resource_whitelist),
        cluster_resource_blacklist=(*ours.cluster_resource_blacklist, *theirs.cluster_resource_blacklist),
        namespace_resource_whitelist=listed,
        namespace_resource_blacklist=(*ours.namespace_resource_blacklist, *theirs.namespace_resource_blacklist),
        sync_windows=(*ours.sync_windows, *theirs.sync_windows),
    )
    return replace(project, spec=spec)


def _fits(selector: LabelSelector, project: AppProject) -> bool:
    labels = project.metadata.labels or {}
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    return all(_holds(expression, labels) for expression in selector.match_expressions)


def _holds(expression: Expression, labels: Mapping[str, str]) -> bool:
    """An operator that is not known holds for nothing."""
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
