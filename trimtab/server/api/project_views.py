"""What else there is to know of a project: its surroundings, its windows, its Events."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from trimtab.access.windows import look
from trimtab.kube import read
from trimtab.model.appproject import AppProject, SyncWindow
from trimtab.model.keys import Manifest
from trimtab.model.repository_secret import Repository
from trimtab.server import repository_secrets
from trimtab.server.api.lists import ListMeta
from trimtab.server.api.projects import Project, shape
from trimtab.server.call import Call
from trimtab.server.failures import not_found
from trimtab.server.operation import Needs, NoQuery, Operation
from trimtab.server.reply import Json
from trimtab.server.served import Served
from trimtab.server.writing.effective import global_projects_of, own_clusters, project_in_force
from trimtab.server.writing.project import project_of
from trimtab.server.writing.project_change import read as read_project


class ScopedRepository(Struct, frozen=True, omit_defaults=True):
    """A repository of the project's own; never its credentials."""

    repo: str
    name: str = ""
    type: str = ""
    project: str = ""


class ScopedCluster(Struct, frozen=True, omit_defaults=True):
    """A cluster of the project's own; never its credentials."""

    server: str
    name: str = ""
    project: str = ""


class Detailed(Struct, frozen=True, rename="camel"):
    project: Project
    global_projects: tuple[Project, ...]
    repositories: tuple[ScopedRepository, ...]
    clusters: tuple[ScopedCluster, ...]


class GlobalProjects(Struct, frozen=True):
    items: tuple[Project, ...]


class ActiveWindows(Struct, frozen=True):
    windows: tuple[SyncWindow, ...]


class Links(Struct, frozen=True):
    """`project.links` are templates, which are not read yet."""

    items: tuple[dict[str, Any], ...] = ()


class EventList(Struct, frozen=True):
    items: tuple[dict[str, Any], ...]
    metadata: ListMeta = ListMeta()


async def detailed(call: Call[NoQuery, None]) -> Json:
    """The project, those that it inherits from, and the repositories and clusters that only it may use."""
    manifest, project = await _project(call)
    name = project.metadata.name
    return Json(
        value={
            "project": shape(manifest),
            "globalProjects": _above(call.served, project),
            "repositories": tuple(_repositories(call.served, name)),
            "clusters": tuple(_clusters(call.served, name)),
        }
    )


async def global_projects(call: Call[NoQuery, None]) -> Json:
    """The projects that it inherits from."""
    _, project = await _project(call)
    return Json(value={"items": _above(call.served, project)})


async def windows(call: Call[NoQuery, None]) -> Json:
    """The sync windows that are active now."""
    _, project = await _project(call)
    now = call.served.clock.now()
    in_force = project_in_force(call.served, project.metadata.name) or project
    active = tuple(window for window in in_force.spec.sync_windows if look(window, now).active)
    return Json(value=ActiveWindows(active))


async def links(call: Call[NoQuery, None]) -> Json:
    """None: see `Links`."""
    await _project(call)
    return Json(value=Links())


async def events(call: Call[NoQuery, None]) -> Json:
    """The Events about the project."""
    manifest, _ = await _project(call)
    served, metadata = call.served, manifest["metadata"]
    resource = await served.discovery.find("", "Event")
    about = f"involvedObject.name={metadata['name']},involvedObject.uid={metadata['uid']}"
    found: list[Manifest] = []
    pages = read.pages(served.transport, resource, namespace=served.namespace, field_selector=about)
    async for page in pages:
        decoded = [read.decode_manifest(one.raw, "list Events") for one in page.objects]
        found = decoded if page.first else [*found, *decoded]
    return Json(value=EventList(tuple(found)))


async def _project(call: Call[NoQuery, None]) -> tuple[Manifest, AppProject]:
    """Raises Failure (403, 404)."""
    name = call.params["name"]
    call.require("projects", "get", name)
    manifest = await read_project(call.served, name)
    project = project_of(manifest)
    if project is None:
        raise not_found(f"project {name} cannot be read; correct the AppProject")
    return manifest, project


def _above(served: Served, project: AppProject) -> list[Manifest]:
    found = (
        served.configuration.object("AppProject", one.metadata.name) for one in global_projects_of(served, project)
    )
    return [shape(one) for one in found if one is not None]


def _repositories(served: Served, project: str) -> Iterator[ScopedRepository]:
    for _, one in repository_secrets.known(served, "repository", Repository):
        if one.project == project:
            yield ScopedRepository(repo=one.repo, name=one.name, project=project)


def _clusters(served: Served, project: str) -> Iterator[ScopedCluster]:
    for data in own_clusters(served, project):
        yield ScopedCluster(server=data.get("server", ""), name=data.get("name", ""), project=project)


def _line(what: str, name: str, handler: Any, reply: Any, summary: str) -> Operation[Any, Any]:
    return Operation(
        method="GET",
        path=f"/api/v1/projects/{{name}}/{what}",
        id=f"ProjectService_{name}",
        handler=handler,
        needs=Needs("projects", "get"),
        query=NoQuery,
        body=type(None),
        reply=reply,
        summary=summary,
    )


OPERATIONS = (
    _line("detailed", "GetDetailedProject", detailed, Detailed, "A project and what only it may use"),
    _line("globalprojects", "GetGlobalProjects", global_projects, GlobalProjects, "The projects it inherits from"),
    _line("syncwindows", "GetSyncWindowsState", windows, ActiveWindows, "The sync windows that are active now"),
    _line("links", "ListLinks", links, Links, "Links to elsewhere"),
    _line("events", "ListEvents", events, EventList, "The Events about a project"),
)
