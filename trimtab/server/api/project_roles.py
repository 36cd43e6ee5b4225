"""Tokens of a project's roles."""

from msgspec import Struct

from trimtab.server.auth.project_tokens import create_project_token, delete_project_token
from trimtab.server.call import Call
from trimtab.server.failures import bad_request
from trimtab.server.operation import Body, Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json
from trimtab.server.writing.application import check_name
from trimtab.server.writing.body import Nothing


class TokenBody(Body, frozen=True):
    """`expiresIn`: seconds, 0 for never. `id`: drawn where it is left out."""

    project: str | None = None
    role: str | None = None
    description: str | None = None
    expires_in: int | str | None = None
    id: str | None = None


class TokenReply(Struct, frozen=True):
    token: str


class ById(Query, frozen=True):
    """`id`: of the token, where it has one."""

    id: str = ""


async def create_token(call: Call[NoQuery, TokenBody]) -> Json:
    """Hand out a token for a role."""
    project, role = _allowed(call)
    body = call.body
    if (body.project or project, body.role or role) != (project, role):
        raise bad_request(f"the body names another role than the path, {role} of project {project}")
    seconds = _whole(body.expires_in or 0, "expiresIn")
    token = await create_project_token(call.served, project, role, token_id=body.id or "", seconds=seconds)
    return Json(value=TokenReply(token))


async def delete_token(call: Call[ById, None]) -> Json:
    """Take a token back: by id, or by the second that it was issued in."""
    project, role = _allowed(call)
    iat = _whole(call.params["iat"], "iat")
    await delete_project_token(call.served, project, role, iat=iat, token_id=call.query.id)
    return Json(value=Nothing())


def _allowed(call: Call[NoQuery, TokenBody] | Call[ById, None]) -> tuple[str, str]:
    """Whoever may change the project, or is in a group of the role. Raises Failure (403)."""
    project, role = call.params["project"], call.params["role"]
    known = call.served.configuration.projects.get(project)
    groups = {group for one in known.spec.roles if one.name == role for group in one.groups} if known else set()
    if not call.may("projects", "update", project) and not groups & set(call.subject.groups):
        call.require("projects", "update", project)
    check_name(project)
    return project, role


def _whole(value: int | str, what: str) -> int:
    """Argo CD's own description of its API has 64-bit numbers as text, while its server takes numbers."""
    text = str(value)
    if len(text) > 18 or not text.removeprefix("-").isdecimal():
        raise bad_request(f"{what} is no whole number")
    return int(text)


_PATH = "/api/v1/projects/{project}/roles/{role}/token"
OPERATIONS = (
    Operation(
        method="POST",
        path=_PATH,
        id="ProjectService_CreateToken",
        handler=create_token,
        needs=Needs("projects", "update", self_service=True),
        query=NoQuery,
        body=TokenBody,
        reply=TokenReply,
        summary="Hand out a token for a role of a project",
    ),
    Operation(
        method="DELETE",
        path=_PATH + "/{iat}",
        id="ProjectService_DeleteToken",
        handler=delete_token,
        needs=Needs("projects", "update", self_service=True),
        query=ById,
        body=type(None),
        reply=Nothing,
        summary="Take back a token of a role of a project",
    ),
)
