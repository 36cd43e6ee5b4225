"""From what a caller wants of an AppProject to the written object: rights, checks, and the writing itself."""

from collections.abc import Iterable
from typing import Any

from trimtab.access.project import Place, destination_refusal, source_refusal
from trimtab.kube.errors import AlreadyExists, StaleConflict
from trimtab.model.application import ApplicationSource
from trimtab.model.appproject import AppProject, AppProjectSpec
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.server.applications.header import Header, is_in_cluster
from trimtab.server.auth.settled import settled
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, not_found, precondition
from trimtab.server.served import Served
from trimtab.server.writing import objects
from trimtab.server.writing.application import check_name
from trimtab.server.writing.objects import PROJECT
from trimtab.server.writing.project import (
    ProjectBody,
    Wanted,
    as_manifest,
    is_same,
    laid_over,
    project_of,
    read_wanted,
    spec_of,
)

AnyCall = Call[Any, Any]
DEFAULT = "default"


async def read(served: Served, name: str) -> Manifest:
    """The AppProject as the API server has it now. Raises Failure (404)."""
    check_name(name)
    found = await objects.find(served, PROJECT, name)
    if found is None:
        raise not_found(f'appprojects.argoproj.io "{name}" not found')
    return found


async def make(call: AnyCall, body: ProjectBody, *, upsert: bool) -> Manifest:
    """Create the project. One that is there is given back where it is as wanted, or changed on `upsert`."""
    for _ in range(objects.ATTEMPTS):
        name = body.metadata.name
        check_name(name)
        current = await objects.find(call.served, PROJECT, name)
        wanted = read_wanted(body, known=current)
        if current is not None and is_same(current, wanted):
            return current
        if current is not None and not upsert:
            raise bad_request("existing project spec is different, use upsert flag to force update")
        try:
            if current is None:
                manifest = as_manifest(wanted, namespace=call.served.namespace)
                return await _known(call.served, await objects.create(call.served, PROJECT, manifest))
            call.require("projects", "update", name)
            return await _put(call, current, wanted, metadata=False)
        except (AlreadyExists, StaleConflict):
            continue
    raise objects.too_busy(PROJECT, body.metadata.name)


async def change(call: AnyCall, body: ProjectBody) -> Manifest:
    """Replace spec, labels, annotations and finalizers. Raises Failure."""
    for _ in range(objects.ATTEMPTS):
        current = await read(call.served, body.metadata.name)
        objects.check_version(current, body.metadata.resource_version)
        try:
            return await _put(call, current, read_wanted(body, known=current), metadata=True)
        except StaleConflict:
            continue
    raise objects.too_busy(PROJECT, body.metadata.name)


async def remove(served: Served, name: str) -> None:
    """Delete the project. Raises Failure (400) while it is needed."""
    current = await read(served, name)
    if name == DEFAULT:
        raise bad_request(f"name '{DEFAULT}' is reserved and cannot be deleted")
    if users := sum(1 for _ in users_of(served, name)):
        raise precondition(f"project is referenced by {users} applications")
    await objects.delete(served, PROJECT, current)


def users_of(served: Served, name: str) -> Iterable[Header]:
    """The applications of a project."""
    return (app.header for app in served.applications.catalogue if app.project == name)


async def _put(call: AnyCall, current: Manifest, wanted: Wanted, *, metadata: bool) -> Manifest:
    before, after = spec_of(current.get("spec") or {}), wanted.spec
    if not isinstance(before, str):
        _check_grants(call, before, after)
    laid = laid_over(current, wanted, metadata=metadata)
    _check_users(call.served, project_of(current), project_of(laid))
    if laid == current:
        return current
    return await _known(call.served, await objects.put(call.served, PROJECT, laid))


async def _known(served: Served, written: Manifest) -> Manifest:
    """The caller's next call is judged by what was written."""
    await settled(served.configuration, written)
    return written


def _check_grants(call: AnyCall, before: AppProjectSpec, after: AppProjectSpec) -> None:
    """Whoever lets a project use more clusters, repositories or kinds has to be master of those. Raises Failure."""
    clusters = _clusters(after)
    if _kinds(before) == _kinds(after):
        clusters -= _clusters(before)
    for cluster in sorted(clusters):
        call.require("clusters", "update", cluster)
    for url in sorted(set(after.source_repos) - set(before.source_repos)):
        call.require("repositories", "update", url)


def _clusters(spec: AppProjectSpec) -> set[str]:
    return {destination.server or destination.name for destination in spec.destinations}


def _kinds(spec: AppProjectSpec) -> tuple[object, ...]:
    return (
        spec.cluster_resource_whitelist,
        spec.cluster_resource_blacklist,
        spec.namespace_resource_whitelist,
        spec.namespace_resource_blacklist,
    )


def _check_users(served: Served, before: AppProject | None, after: AppProject | None) -> None:
    """Raises Failure (400) where applications would lose their source or destination."""
    if before is None or after is None:
        return
    users = list(users_of(served, after.metadata.name))
    for what, refused in (("source", _source_refused), ("destination", _destination_refused)):
        lost = [user.name for user in users if refused(after, user) and not refused(before, user)]
        if lost:
            raise bad_request(
                f"as a result of project update {len(lost)} applications {what} became invalid: {', '.join(lost[:5])}"
            )


def _source_refused(project: AppProject, app: Header) -> bool:
    return any(source_refusal(project, ApplicationSource(repo_url=url)) for url in app.repos)


def _destination_refused(project: AppProject, app: Header) -> bool:
    here = is_in_cluster(app, IN_CLUSTER_SERVER)
    place = Place(
        server=IN_CLUSTER_SERVER if here else app.server,
        name=IN_CLUSTER_NAME if here else app.cluster,
        namespace=app.destination_namespace,
    )
    return bool(destination_refusal(project, place, own_clusters=(place.server, place.name)))
