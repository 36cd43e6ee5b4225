"""Projects: what the applications of a team may use."""

from typing import Any

from msgspec import Struct

from trimtab.model.application import Metadata
from trimtab.model.appproject import AppProjectSpec, AppProjectStatus
from trimtab.model.keys import Manifest
from trimtab.server.api.lists import ListMeta
from trimtab.server.call import Call
from trimtab.server.failures import bad_request
from trimtab.server.operation import Body, Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json
from trimtab.server.writing.body import Nothing
from trimtab.server.writing.project import ProjectBody
from trimtab.server.writing.project_change import change, make, read, remove


class Project(Struct, frozen=True):
    """An AppProject without apiVersion and kind, as Argo CD sends it."""

    metadata: Metadata
    spec: AppProjectSpec
    status: AppProjectStatus


class ProjectList(Struct, frozen=True):
    items: tuple[Project, ...]
    metadata: ListMeta = ListMeta()


class Named(Query, frozen=True):
    """`name`: only that one."""

    name: str = ""


class CreateBody(Body, frozen=True):
    project: ProjectBody | None = None
    upsert: bool | None = None


class UpdateBody(Body, frozen=True):
    project: ProjectBody | None = None


async def list_projects(call: Call[Named, None]) -> Json:
    """The projects that the caller may see."""
    may = call.judge("projects", "get")
    known = call.served.configuration.objects("AppProject")
    shown = [known[name] for name in sorted(known) if may(name) and call.query.name in ("", name)]
    return Json(value={"items": [shape(one) for one in shown], "metadata": {}})


async def get(call: Call[NoQuery, None]) -> Json:
    call.require("projects", "get", call.params["name"])
    return Json(value=shape(await read(call.served, call.params["name"])))


async def create(call: Call[NoQuery, CreateBody]) -> Json:
    """Make a project; one that is there already is given back as it is, or (`upsert`) changed."""
    body = _given(call, call.body.project)
    call.require("projects", "create", body.metadata.name)
    return Json(value=shape(await make(call, body, upsert=bool(call.body.upsert))))


async def update(call: Call[NoQuery, UpdateBody]) -> Json:
    """Replace spec, labels, annotations and finalizers; tokens stay as they are."""
    name = call.params["project.metadata.name"]
    call.require("projects", "update", name)
    body = _given(call, call.body.project)
    if body.metadata.name != name:
        raise bad_request(f"the body names project {body.metadata.name}, the path {name}")
    return Json(value=shape(await change(call, body)))


async def delete(call: Call[NoQuery, None]) -> Json:
    """Delete a project that no application uses."""
    call.require("projects", "delete", call.params["name"])
    await remove(call.served, call.params["name"])
    return Json(value=Nothing())


def shape(manifest: Manifest) -> Manifest:
    """An AppProject in the form that replies have."""
    shown = {name: part for name, part in manifest.items() if name not in ("apiVersion", "kind")}
    return {**shown, "spec": manifest.get("spec") or {}, "status": manifest.get("status") or {}}


def _given(call: Call[NoQuery, Any], body: ProjectBody | None) -> ProjectBody:
    if body is None:
        raise bad_request("missing payload 'project' in request")
    if body.metadata.namespace not in (None, "", call.served.namespace):
        raise bad_request(f"projects are in namespace {call.served.namespace}, not in {body.metadata.namespace}")
    return body


_PATH = "/api/v1/projects"
OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        id="ProjectService_List",
        handler=list_projects,
        needs=Needs("projects", "get"),
        query=Named,
        body=type(None),
        reply=ProjectList,
        summary="The projects",
    ),
    Operation(
        method="POST",
        path=_PATH,
        id="ProjectService_Create",
        handler=create,
        needs=Needs("projects", "create"),
        query=NoQuery,
        body=CreateBody,
        reply=Project,
        summary="Create a project",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{name}",
        id="ProjectService_Get",
        handler=get,
        needs=Needs("projects", "get"),
        query=NoQuery,
        body=type(None),
        reply=Project,
        summary="A project",
    ),
    Operation(
        method="PUT",
        path=_PATH + "/{project.metadata.name}",
        id="ProjectService_Update",
        handler=update,
        needs=Needs("projects", "update"),
        query=NoQuery,
        body=UpdateBody,
        reply=Project,
        summary="Replace spec, labels, annotations and finalizers of a project",
    ),
    Operation(
        method="DELETE",
        path=_PATH + "/{name}",
        id="ProjectService_Delete",
        handler=delete,
        needs=Needs("projects", "delete"),
        query=NoQuery,
        body=type(None),
        reply=Nothing,
        summary="Delete a project that no application uses",
    ),
)
