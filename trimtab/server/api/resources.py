"""The objects of an application: what is declared beside what runs, the tree, and single objects read and changed."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.model.keys import ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.model.part import Part
from trimtab.server.applications.projection import Cutter, Projection, parse_fields
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, denied, unimplemented
from trimtab.server.live.begun import begun
from trimtab.server.live.belonging import member
from trimtab.server.live.changing import delete_object, patch_object, read_patch, require
from trimtab.server.live.events import About, EventList, events_about
from trimtab.server.live.look import deadline, look
from trimtab.server.live.looks import looks_of
from trimtab.server.live.managed import ResourceDiff, diff_of, managed
from trimtab.server.live.masks import masked, shown
from trimtab.server.live.names import NAME, NAMESPACE, InApplication, ObjectQuery, check, key_named
from trimtab.server.live.nodes import ApplicationTree
from trimtab.server.live.subject import Looked
from trimtab.server.operation import Needs, Operation
from trimtab.server.reply import Json, Raw, Stream
from trimtab.server.wire import encode

FIRST_SECONDS = 10.0
"""What goes wrong so soon is a failed call; later it is said in the stream."""


class ManagedQuery(InApplication, frozen=True):
    """Only objects that fit all that is given. `fields`: only these fields of each (`items.name,items.kind`)."""

    namespace: str = ""
    name: str = ""
    version: str = ""
    group: str = ""
    kind: str = ""
    fields: str = ""


class TreeQuery(InApplication, frozen=True):
    """Argo CD's further parameters select nothing."""

    namespace: str = ""
    name: str = ""
    version: str = ""
    group: str = ""
    kind: str = ""


class PatchQuery(ObjectQuery, frozen=True):
    """`patch_type`: a media type, `application/merge-patch+json` where it is left out."""

    patch_type: str = ""


class DeleteQuery(ObjectQuery, frozen=True):
    """`force`: without grace; `orphan`: what it owns stays."""

    force: bool = False
    orphan: bool = False


class EventsQuery(InApplication, frozen=True):
    """Of the application itself, unless one of its objects is named: by name, namespace and UID."""

    resource_namespace: str = ""
    resource_name: str = ""
    resource_uid: str = msgspec.field(default="", name="resourceUID")


class LinksQuery(Struct, frozen=True, kw_only=True):
    """`namespace` is the Application's own."""

    namespace: str = ""
    project: str = ""


class ManagedResources(Struct, frozen=True):
    """`items` is null where there is none."""

    items: tuple[ResourceDiff, ...] | None


class ApplicationResource(Part, frozen=True):
    """A live object as JSON; a Secret's values are masked."""

    manifest: str = ""


class Nothing(Struct, frozen=True):
    """An empty object."""


class LinkInfo(Part, frozen=True):
    title: str = ""
    url: str = ""
    description: str = ""
    icon_class: str = ""


class Links(Struct, frozen=True):
    items: tuple[LinkInfo, ...] = ()


async def managed_resources(call: Call[ManagedQuery, None]) -> Raw:
    """What is declared and what runs, object by object."""
    subject = await look(call, call.params["applicationName"], call.query)
    cutter = Cutter(_projection(call.query.fields))
    async with deadline():
        sides = await managed(subject)
    found = [cutter.cut(encode(diff_of(subject, one))) for one in sides if _fits(call.query, one.key)]
    return Raw(body=b'{"items":[' + b",".join(found) + b"]}" if found else b'{"items":null}')


async def resource_tree(call: Call[TreeQuery, None]) -> Raw:
    """The objects of the application, and what they own."""
    subject = await look(call, call.params["applicationName"], call.query)
    async with deadline(), looks_of(call.served).view(subject) as view:
        return Raw(body=(await view.newer_body(0))[1])


async def watch_resource_tree(call: Call[TreeQuery, None]) -> Stream:
    """The tree, and again whenever it has changed."""
    subject = await look(call, call.params["applicationName"], call.query)
    return Stream(messages=await begun(_trees(call, subject), within=FIRST_SECONDS))


async def get_resource(call: Call[ObjectQuery, None]) -> Json:
    """One live object."""
    key = key_named(call.query)
    subject = await look(call, call.params["name"], call.query)
    async with deadline():
        found = await member(subject, key, version=call.query.version)
    return _shown(subject, key, found.manifest)


async def patch_resource(call: Call[PatchQuery, Any]) -> Json:
    """Patch one live object; what the patch makes of it."""
    key = key_named(call.query)
    subject = await look(call, call.params["name"], call.query)
    require(call, subject, "update", key)
    kind, patch = read_patch(call.body, call.query.patch_type)
    async with deadline():
        found = await member(subject, key, version=call.query.version)
        return _shown(subject, key, await patch_object(subject, found, kind, patch))


async def delete_resource(call: Call[DeleteQuery, None]) -> Json:
    """Delete one live object."""
    key = key_named(call.query)
    subject = await look(call, call.params["name"], call.query)
    require(call, subject, "delete", key)
    async with deadline():
        found = await member(subject, key, version=call.query.version)
        await delete_object(subject, found, force=call.query.force, orphan=call.query.orphan)
    return Json(value=Nothing())


async def list_events(call: Call[EventsQuery, None]) -> Json:
    """Events about the application, or about one of its objects."""
    query = call.query
    subject = await look(call, call.params["name"], query)
    async with deadline():
        if not (query.resource_name or query.resource_uid):
            about = About(subject.key.namespace, subject.name, subject.app.metadata.uid)
            return Json(value=await events_about(call.served.transport, call.served.discovery, about))
        about = await _about(subject, query)
        return Json(value=await events_about(subject.cluster.transport, subject.cluster.discovery, about))


async def list_links(call: Call[LinksQuery, None]) -> Json:
    """Links that argocd-cm makes for applications."""
    subject = await look(
        call, call.params["name"], InApplication(app_namespace=call.query.namespace, project=call.query.project)
    )
    return _links(subject, "application.links")


async def list_resource_links(call: Call[ObjectQuery, None]) -> Json:
    """Links that argocd-cm makes for objects."""
    key = key_named(call.query)
    subject = await look(call, call.params["name"], call.query)
    async with deadline():
        await member(subject, key, version=call.query.version)
    return _links(subject, "resource.links")


def _projection(fields: str) -> Projection:
    try:
        return parse_fields(fields, "items")
    except ValueError as error:
        raise bad_request(f"fields: {error}") from error


def _fits(query: ManagedQuery, key: ObjectKey) -> bool:
    wanted = (
        (query.group, key.group),
        (query.kind, key.kind),
        (query.namespace, key.namespace),
        (query.name, key.name),
    )
    return all(asked in ("", value) for asked, value in wanted)


async def _trees(call: Call[TreeQuery, None], subject: Looked) -> AsyncGenerator[bytes]:
    """For as long as the caller may see the application."""
    async with looks_of(call.served).view(subject) as view:
        version = 0
        while True:
            version, body = await view.newer_body(version)
            _still(call, subject)
            yield body


def _still(call: Call[TreeQuery, None], subject: Looked) -> None:
    """Raises Failure (403) once the application is gone, another one, or no longer the caller's to see."""
    stored = call.served.applications.get(subject.key)
    if stored is None or stored.uid != subject.stored.uid:
        raise denied()
    if not call.may("applications", "get", stored.rbac_name(call.served.namespace)):
        raise denied()


def _shown(subject: Looked, key: ObjectKey, manifest: dict[str, Any]) -> Json:
    settings = subject.served.configuration.config_map(ARGOCD_CM)
    (state,) = masked(key, manifest, settings=settings)
    return Json(value=ApplicationResource(manifest=shown(state)))


async def _about(subject: Looked, query: EventsQuery) -> About:
    """The object of the application that the Events are asked of. Raises Failure (400)."""
    check(NAMESPACE, query.resource_namespace, "resourceNamespace")
    check(NAME, query.resource_name, "resourceName")
    if query.resource_uid:
        check(NAME, query.resource_uid, "resourceUID")
    async with looks_of(subject.served).view(subject) as view:
        grown = await view.grown()
    for key, one in (*grown.members.items(), *grown.orphans.items()):
        named = (key.namespace, key.name) == (query.resource_namespace, query.resource_name)
        if named and query.resource_uid in ("", one.kin.uid):
            return About(key.namespace, key.name, one.kin.uid)
    raise bad_request(f"{query.resource_name} not found as part of application {subject.name} resources")


def _links(subject: Looked, setting: str) -> Json:
    if subject.served.configuration.config_map(ARGOCD_CM).get(setting, "").strip():
        raise unimplemented(f"making links from templates ({setting} in argocd-cm)")
    return Json(value=Links())


_PATH = "/api/v1/applications"
_READ = Needs("applications", "get")
OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH + "/{applicationName}/managed-resources",
        id="ApplicationService_ManagedResources",
        handler=managed_resources,
        needs=_READ,
        query=ManagedQuery,
        body=type(None),
        reply=ManagedResources,
        summary="What is declared beside what runs, object by object",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{applicationName}/resource-tree",
        id="ApplicationService_ResourceTree",
        handler=resource_tree,
        needs=_READ,
        query=TreeQuery,
        body=type(None),
        reply=ApplicationTree,
        summary="The objects of an application, and what they own",
    ),
    Operation(
        method="GET",
        path="/api/v1/stream/applications/{applicationName}/resource-tree",
        id="ApplicationService_WatchResourceTree",
        handler=watch_resource_tree,
        needs=_READ,
        query=TreeQuery,
        body=type(None),
        reply=ApplicationTree,
        streams=True,
        summary="The tree of an application, again whenever it has changed",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{name}/resource",
        id="ApplicationService_GetResource",
        handler=get_resource,
        needs=_READ,
        query=ObjectQuery,
        body=type(None),
        reply=ApplicationResource,
        summary="One live object of an application",
    ),
    Operation(
        method="POST",
        path=_PATH + "/{name}/resource",
        id="ApplicationService_PatchResource",
        handler=patch_resource,
        needs=Needs("applications", "update"),
        query=PatchQuery,
        body=Any,
        reply=ApplicationResource,
        summary="Patch one live object of an application",
    ),
    Operation(
        method="DELETE",
        path=_PATH + "/{name}/resource",
        id="ApplicationService_DeleteResource",
        handler=delete_resource,
        needs=Needs("applications", "delete"),
        query=DeleteQuery,
        body=type(None),
        reply=Nothing,
        summary="Delete one live object of an application",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{name}/events",
        id="ApplicationService_ListResourceEvents",
        handler=list_events,
        needs=_READ,
        query=EventsQuery,
        body=type(None),
        reply=EventList,
        summary="Events about an application or one of its objects",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{name}/links",
        id="ApplicationService_ListLinks",
        handler=list_links,
        needs=_READ,
        query=LinksQuery,
        body=type(None),
        reply=Links,
        summary="Links of an application",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{name}/resource/links",
        id="ApplicationService_ListResourceLinks",
        handler=list_resource_links,
        needs=_READ,
        query=ObjectQuery,
        body=type(None),
        reply=Links,
        summary="Links of one live object",
    ),
)
