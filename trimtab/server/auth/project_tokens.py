"""Tokens of the roles of a project: signed here, listed in the AppProject, as Argo CD does.

Argo CD lists them twice: with the role (`spec.roles[].jwtTokens`) and in `status.jwtTokensByRole`. Either counts, so
both are written.
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from trimtab.controller.namespace_data import ATTEMPTS
from trimtab.errors import Retry
from trimtab.kube import read, write
from trimtab.kube.errors import NotFound, StaleConflict
from trimtab.model.appproject import JwtToken
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER, GROUP
from trimtab.server.auth import sessions, tokens
from trimtab.server.auth.settled import settled
from trimtab.server.failures import Code, Failure, bad_request, not_found, precondition
from trimtab.server.served import Served

Edit = Callable[[tuple[JwtToken, ...]], tuple[JwtToken, ...]]


async def create_project_token(served: Served, project: str, role: str, *, token_id: str = "", seconds: int = 0) -> str:
    """The token, valid for `seconds` (0: for ever), for subject `proj:PROJECT:ROLE`. The caller was allowed before.

    Raises Failure: 404 for no such project or role, 409 for an id that is taken, 400 for bad input; ApiError, Retry.
    """
    token_id, seconds = tokens.checked_id(token_id), tokens.checked_seconds(seconds)
    subject = f"{sessions.PROJECT_SUBJECT}:{project}:{role}"
    if subject.count(":") != 2:
        raise bad_request("tokens cannot be handed out for a project or role with a colon in its name")
    key, now = sessions.signing_key(served), sessions.now(served)
    token, claims = tokens.issue(key, subject=subject, now=now, seconds=seconds, token_id=token_id)
    listed = JwtToken(iat=claims.iat, exp=claims.exp, id=token_id)

    def add(there: tuple[JwtToken, ...]) -> tuple[JwtToken, ...]:
        if any(one.id == token_id for one in there):
            raise Failure(Code.ALREADY_EXISTS, f"role {role} of project {project} has a token with id {token_id}")
        return (*there, listed)

    await _edit(served, project, role, add)
    return token


async def delete_project_token(served: Served, project: str, role: str, *, iat: int, token_id: str = "") -> None:
    """The token counts no longer: by id, or where there is none by the second that it was issued in. No such token is
    no error. Raises Failure (404) for no such project or role; ApiError, Retry.
    """

    def remove(there: tuple[JwtToken, ...]) -> tuple[JwtToken, ...]:
        return tuple(one for one in there if not (one.id == token_id if token_id else one.iat == iat))

    await _edit(served, project, role, remove)


async def _edit(served: Served, name: str, role: str, edit: Edit) -> None:
    resource = await served.discovery.find(GROUP, "AppProject")
    for _ in range(ATTEMPTS):
        try:
            live = await read.get(served.transport, resource, name, namespace=served.namespace)
        except NotFound as error:
            raise not_found(f"project {name} does not exist") from error
        with contextlib.suppress(StaleConflict, NotFound):
            written = await write.patch(
                served.transport,
                resource,
                name,
                _patch(live, role, edit),
                patch_type="merge",
                namespace=served.namespace,
                field_manager=FIELD_MANAGER,
            )
            return await settled(served.configuration, written)
    raise Retry(f"project {name} is being written by others all the time; try again", reason="Conflict")


def _patch(live: Manifest, role: str, edit: Edit) -> Manifest:
    """Only the tokens of that role differ; fields that we do not know stay. Raises Failure (404)."""
    roles: list[Manifest] = (live.get("spec") or {}).get("roles") or []
    found = next((one for one in roles if one.get("name") == role), None)
    if found is None:
        raise not_found(f"project {live['metadata']['name']} does not have role {role}")
    by_role = (live.get("status") or {}).get("jwtTokensByRole") or {}
    listed = edit(_united(found.get("jwtTokens"), (by_role.get(role) or {}).get("items")))
    items = msgspec.to_builtins(listed)
    changed = [{**one, "jwtTokens": items} if one is found else one for one in roles]
    return {
        "metadata": {"resourceVersion": live["metadata"]["resourceVersion"]},
        "spec": {"roles": changed},
        "status": {"jwtTokensByRole": {role: {"items": items}}},
    }


def _united(*lists: Iterable[Any] | None) -> tuple[JwtToken, ...]:
    """Each token once. Raises Failure (400) for what is none: it is not written over."""
    try:
        found = [msgspec.convert(item, JwtToken) for items in lists for item in items or ()]
    except (msgspec.ValidationError, TypeError) as error:
        raise precondition(f"the project's list of tokens cannot be read: {error}; correct it first") from error
    return tuple({one.id or str(one.iat): one for one in found}.values())
