"""Syncs, rollbacks and their ending: what is asked of an Application is written here, and done by a controller."""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from trimtab.errors import TrimtabError
from trimtab.model.application import Application
from trimtab.model.application import Operation as Asked
from trimtab.model.appproject import SyncWindow
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM
from trimtab.server.api.applications_write import reply
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, precondition, unimplemented
from trimtab.server.operation import Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json, Raw
from trimtab.server.writing import objects
from trimtab.server.writing.application import app_of
from trimtab.server.writing.body import Nothing, WrittenApplication
from trimtab.server.writing.change import Named
from trimtab.server.writing.objects import APPLICATION
from trimtab.server.writing.reach import SECONDS, is_git
from trimtab.server.writing.sync_request import (
    Pin,
    RollbackBody,
    SyncBody,
    pins,
    rollback_operation,
    sync_operation,
)
from trimtab.server.writing.windows import check_window, window_state
from trimtab.sync.asking import asking
from trimtab.typed.json_patch import merge_patch

UNDER_WAY = ("Running", "Terminating")
"""Phases of an operation that a controller has begun; any other is what the one before has left."""
OVERRIDE_FLAG = "application.sync.requireOverridePrivilegeForRevisionSync"
ROLLBACK_FLAG = "server.rbac.rollback.enforce.enable"


class Window(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    kind: str
    schedule: str
    duration: str
    manual_sync: bool = False


class Windows(Struct, frozen=True, rename="camel", kw_only=True):
    """`assignedWindows` concern the Application, of which `activeWindows` are active now."""

    active_windows: tuple[Window, ...]
    assigned_windows: tuple[Window, ...]
    can_sync: bool


class Where(Query, frozen=True):
    app_namespace: str = ""
    project: str = ""


async def sync(call: Call[NoQuery, SyncBody]) -> Raw:
    """Ask for a sync; the reply is the Application with the operation that a controller will carry out."""
    body = call.body
    named = Named(call, call.params["name"], action="sync", namespace=body.app_namespace, project=body.project)
    current = await named.read()
    app = app_of(current)
    _check_name(call, body.name)
    if body.manifests:
        named.check(current, "override")
        raise unimplemented("sync of local manifests")
    asked = pins(app, body)
    if any(pin.revision != pin.target for pin in asked) and _flag(call, OVERRIDE_FLAG):
        named.check(current, "override")
    check_window(call.served, app)
    resolved = await _resolved(call, app, asked)

    def operation(now: Application) -> Asked:
        if pins(now, body) != asked:
            raise precondition("the application's sources were changed meanwhile; try again")
        return sync_operation(now, body, username=_username(call), resolved=resolved)

    return await _ask(call, named, current, operation)


async def rollback(call: Call[NoQuery, RollbackBody]) -> Raw:
    """Ask for a sync back to an entry of the history."""
    body = call.body
    action = "rollback" if _flag(call, ROLLBACK_FLAG) else "sync"
    named = Named(call, call.params["name"], action=action, namespace=body.app_namespace, project=body.project)
    current = await named.read()
    _check_name(call, body.name)
    check_window(call.served, app_of(current))
    return await _ask(call, named, current, lambda now: rollback_operation(now, body, username=_username(call)))


async def terminate(call: Call[Where, None]) -> Json:
    """Stop the operation that is in progress; one that no controller has begun is taken back."""
    query = call.query
    named = Named(call, call.params["name"], action="sync", namespace=query.app_namespace, project=query.project)

    def decide(now: Manifest) -> Manifest:
        named.check(now)
        state = (now.get("status") or {}).get("operationState")
        if not now.get("operation"):
            raise bad_request("Unable to terminate operation. No operation is in progress")
        if not state or state.get("phase") not in UNDER_WAY:
            return {name: part for name, part in now.items() if name != "operation"}
        return {**now, "status": {**now["status"], "operationState": {**state, "phase": "Terminating"}}}

    await objects.change(call.served, APPLICATION, await named.read(), decide)
    return Json(value=Nothing())


async def windows(call: Call[Where, None]) -> Json:
    """The sync windows that concern an Application, and whether a sync may be asked for now."""
    query = call.query
    named = Named(call, call.params["name"], action="get", namespace=query.app_namespace, project=query.project)
    state = window_state(call.served, app_of(await named.read()))
    return Json(
        value=Windows(
            active_windows=tuple(map(_window, state.active)),
            assigned_windows=tuple(_window(one.window) for one in state.seen),
            can_sync=state.may_sync(manually=True),
        )
    )


def _window(window: SyncWindow) -> Window:
    return Window(kind=window.kind, schedule=window.schedule, duration=window.duration, manual_sync=window.manual_sync)


async def _ask(call: Call[Any, Any], named: Named, current: Manifest, operation: Callable[[Application], Asked]) -> Raw:
    def decide(now: Manifest) -> Manifest:
        named.check(now)
        patch = asking(operation(app_of(now)))
        # A merge patch loses nulls, which Helm values may hold: the operation is put as it is.
        return {**merge_patch(now, patch), "operation": patch["operation"]}

    return reply(await objects.change(call.served, APPLICATION, current, decide))


async def _resolved(call: Call[Any, Any], app: Application, asked: tuple[Pin, ...]) -> dict[int, str]:
    """What the revisions mean now, by the place of their source. Raises Failure (400)."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.gather(*(_resolve(call, app, pin) for pin in asked))
    except TrimtabError as error:
        raise precondition(error.message) from error
    return {pin.at: revision for pin, revision in zip(asked, found, strict=True)}


async def _resolve(call: Call[Any, Any], app: Application, pin: Pin) -> str:
    if not is_git(pin.source):
        return pin.revision
    world = call.served.world
    access = await world.repositories.access(pin.source.repo_url, project=app.spec.project)
    return await world.sources.resolve(access, pin.revision, tag_prefix=pin.source.tag_prefix)


def _flag(call: Call[Any, Any], name: str) -> bool:
    return call.served.configuration.config_map(ARGOCD_CM).get(name) == "true"


def _username(call: Call[Any, Any]) -> str:
    return call.subject.username or call.subject.name


def _check_name(call: Call[Any, Any], name: str | None) -> None:
    if name and name != call.params["name"]:
        raise bad_request(f"the body names {name}, the path {call.params['name']}")


_PATH = "/api/v1/applications/{name}"
OPERATIONS = (
    Operation(
        method="POST",
        path=_PATH + "/sync",
        id="ApplicationService_Sync",
        handler=sync,
        needs=Needs("applications", "sync"),
        query=NoQuery,
        body=SyncBody,
        reply=WrittenApplication,
        summary="Sync an Application",
    ),
    Operation(
        method="POST",
        path=_PATH + "/rollback",
        id="ApplicationService_Rollback",
        handler=rollback,
        needs=Needs("applications", "sync"),
        query=NoQuery,
        body=RollbackBody,
        reply=WrittenApplication,
        summary="Go back to what was deployed before",
    ),
    Operation(
        method="DELETE",
        path=_PATH + "/operation",
        id="ApplicationService_TerminateOperation",
        handler=terminate,
        needs=Needs("applications", "sync"),
        query=Where,
        body=type(None),
        reply=Nothing,
        summary="Stop the operation in progress",
    ),
    Operation(
        method="GET",
        path=_PATH + "/syncwindows",
        id="ApplicationService_GetApplicationSyncWindows",
        handler=windows,
        needs=Needs("applications", "get"),
        query=Where,
        body=type(None),
        reply=Windows,
        summary="The sync windows that concern an Application",
    ),
)
