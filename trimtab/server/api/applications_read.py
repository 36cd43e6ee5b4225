"""Applications, read: lists, single ones, and streams of what happens to them."""

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from trimtab.access.subject import Subject
from trimtab.server.applications.channel import Interest
from trimtab.server.applications.filters import Filters, selection_of
from trimtab.server.applications.header import version_number
from trimtab.server.applications.listing import ListMeta, ListQuery, fields_of, listing
from trimtab.server.applications.lookup import find
from trimtab.server.applications.refreshing import refreshed
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, denied
from trimtab.server.operation import Needs, Operation, Query
from trimtab.server.reply import Pieces, Raw, Stream
from trimtab.server.wire import takes_gzip


class PartOfApplication(Struct, frozen=True, omit_defaults=True):
    """An Application without apiVersion and kind, and with what `fields` leaves of it."""

    metadata: dict[str, Any] = {}
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}
    operation: dict[str, Any] = {}


class ApplicationList(Struct, frozen=True):
    metadata: ListMeta
    items: tuple[PartOfApplication, ...] | None


class ApplicationWatchEvent(Struct, frozen=True, omit_defaults=True):
    """`type` is left out where `fields` does not name it."""

    application: PartOfApplication
    type: Literal["ADDED", "MODIFIED", "DELETED", ""] = ""


class GetQuery(Query, frozen=True):
    """`project` makes what is not there a 404, where the caller may see such a name in it. The rest of Argo CD's
    parameters of a get select nothing.
    """

    refresh: Literal["normal", "hard", "true", "false", ""] = ""
    project: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    app_namespace: str = ""
    resource_version: str = ""
    selector: str = ""
    repo: str = ""


async def list_applications(call: Call[ListQuery, None]) -> Raw | Pieces:
    """All that the caller may see."""
    judge = call.judge("applications", "get")
    return await listing(call.served.applications, call.query, judge, compress=takes_gzip(call.request))


async def get_application(call: Call[GetQuery, None]) -> Raw:
    """One, as the API server has it now: whoever has just written it must find what they wrote."""
    query = call.query
    project = next(iter(query.project or query.projects), "")
    app = await find(call, call.params["name"], app_namespace=query.app_namespace, project=project, fresh=True)
    if query.refresh not in ("", "false"):
        call.request.state.audited = {"refresh": query.refresh}
        app = await refreshed(call.served, app, "hard" if query.refresh == "hard" else "normal")
        # It may have moved to a project that the caller does not see.
        if not call.may("applications", "get", app.rbac_name(call.served.namespace)):
            raise denied()
    return Raw(body=app.body)


async def watch_applications(call: Call[Filters, None]) -> Stream:
    """All that there is, unless the caller says what they know; then each change. Of a single one always all."""
    query, subject = call.query, call.subject
    call.judge("applications", "get")
    if query.name and not query.app_namespace:
        query = replace(query, app_namespace=call.served.namespace)
    interest = Interest(
        fields_of(query.fields, "result.application"),
        selection_of(query),
        Subject(name=subject.name, groups=subject.groups, issuer=subject.issuer),
    )
    if not call.served.applications.hub.has_room(interest):
        raise Failure(Code.RESOURCE_EXHAUSTED, "too many different streams are open", headers={"retry-after": "10"})
    since = version_number(query.resource_version) if not query.name else 0
    return Stream(messages=call.served.applications.hub.stream(interest, since=since or None))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/applications",
        id="ApplicationService_List",
        handler=list_applications,
        needs=Needs("applications", "get"),
        query=ListQuery,
        body=type(None),
        reply=ApplicationList,
        summary="List the applications that the caller may see",
    ),
    Operation(
        method="GET",
        path="/api/v1/applications/{name}",
        id="ApplicationService_Get",
        handler=get_application,
        needs=Needs("applications", "get"),
        query=GetQuery,
        body=type(None),
        reply=PartOfApplication,
        summary="Get an application; refresh=normal or hard has it looked at first",
    ),
    Operation(
        method="GET",
        path="/api/v1/stream/applications",
        id="ApplicationService_Watch",
        handler=watch_applications,
        needs=Needs("applications", "get"),
        query=Filters,
        body=type(None),
        reply=ApplicationWatchEvent,
        streams=True,
        summary="Follow the applications that the caller may see",
    ),
)
