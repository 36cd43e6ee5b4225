"""Actions on the live objects of an application."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.model.part import Part
from trimtab.server.call import Call
from trimtab.server.live import acting
from trimtab.server.live.actions import ResourceAction
from trimtab.server.live.belonging import member
from trimtab.server.live.look import AnyCall, deadline, look
from trimtab.server.live.names import NAME, ObjectQuery, check, key_named
from trimtab.server.operation import Body, Needs, NoQuery, Operation
from trimtab.server.reply import Json


class ActionParameter(Body, frozen=True):
    name: str | None = None
    value: str | None = None


class ActionBody(Body, frozen=True):
    """What to do to which object. `name` is the application's; the path's counts."""

    name: str | None = None
    namespace: str | None = None
    resource_name: str | None = None
    version: str | None = None
    group: str | None = None
    kind: str | None = None
    action: str | None = None
    app_namespace: str | None = None
    project: str | None = None
    resource_action_parameters: tuple[ActionParameter, ...] | None = None


class ActionsList(Part, frozen=True):
    actions: tuple[ResourceAction, ...] = ()


class Nothing(Struct, frozen=True):
    """An empty object."""


async def list_actions(call: Call[ObjectQuery, None]) -> Json:
    """What can be done to an object now."""
    key = key_named(call.query)
    subject = await look(call, call.params["name"], call.query)
    async with deadline():
        found = await member(subject, key, version=call.query.version)
    return Json(value=ActionsList(actions=acting.offered(subject, found)))


async def run_action(call: Call[ObjectQuery, str]) -> Json:
    """Do what the body names, a JSON string."""
    return await _run(call, call.query, call.body, {})


async def run_action_v2(call: Call[NoQuery, ActionBody]) -> Json:
    """Do what the body names, with parameters."""
    body = call.body
    named = ObjectQuery(
        namespace=body.namespace or "",
        resource_name=body.resource_name or "",
        version=body.version or "",
        group=body.group or "",
        kind=body.kind or "",
        app_namespace=body.app_namespace or "",
        project=body.project or "",
    )
    parameters = {one.name or "": one.value or "" for one in body.resource_action_parameters or ()}
    return await _run(call, named, body.action or "", parameters)


async def _run(call: AnyCall, named: ObjectQuery, action: str, parameters: Mapping[str, str]) -> Json:
    key = key_named(named)
    check(NAME, action, "action")
    subject = await look(call, call.params["name"], named)
    call.require("applications", f"action/{key.group}/{key.kind}/{action}", subject.rbac_name)
    async with deadline():
        await acting.run(subject, await member(subject, key, version=named.version), action, parameters)
    return Json(value=Nothing())


_PATH = "/api/v1/applications/{name}/resource/actions"
OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        id="ApplicationService_ListResourceActions",
        handler=list_actions,
        needs=Needs("applications", "get"),
        query=ObjectQuery,
        body=type(None),
        reply=ActionsList,
        summary="What can be done to a live object",
    ),
    Operation(
        method="POST",
        path=_PATH,
        id="ApplicationService_RunResourceAction",
        handler=run_action,
        needs=Needs("applications", "action"),
        query=ObjectQuery,
        body=str,
        reply=Nothing,
        summary="Do it; the body is the action's name as a JSON string",
    ),
    Operation(
        method="POST",
        path=_PATH + "/v2",
        id="ApplicationService_RunResourceActionV2",
        handler=run_action_v2,
        needs=Needs("applications", "action"),
        query=NoQuery,
        body=ActionBody,
        reply=Nothing,
        summary="Do it, with parameters",
    ),
)
