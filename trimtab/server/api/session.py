"""Log in, log out, and who am I: /api/v1/session."""

import contextlib

from msgspec import Struct

from trimtab.server.auth import cookies, identify, revocations, sessions
from trimtab.server.auth.secrets import Secrets
from trimtab.server.auth.settled import settled
from trimtab.server.auth.tokens import BadToken
from trimtab.server.call import Call
from trimtab.server.operation import Body, NoQuery, Operation
from trimtab.server.reply import Json
from trimtab.server.served import Served


class SessionCreateRequest(Body, frozen=True, kw_only=True):
    """`token` is what clients of old sent; it is refused."""

    username: str = ""
    password: str = ""
    token: str = ""


class SessionResponse(Struct, frozen=True, omit_defaults=True):
    """The token of the session; left out when it was ended."""

    token: str = ""


class GetUserInfoResponse(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """`logged_in` False: there is nobody, or their token does not count."""

    logged_in: bool
    username: str = ""
    iss: str = ""
    groups: tuple[str, ...] = ()


async def create_session(call: Call[NoQuery, SessionCreateRequest]) -> Json:
    """The token comes in the body, for programs, and as a cookie, for browsers."""
    call.request.state.cookies = ()
    body = call.body
    if body.token:
        raise sessions.unauthenticated("a session cannot be made of a token: log in with username and password")
    if not body.username:
        raise sessions.unauthenticated("no credentials supplied")
    # Only of an account: people type their password into the wrong field.
    known = body.username in sessions.local(call.served).accounts.by_name
    call.request.state.audited = {"account": body.username if known else ""}
    address = sessions.caller_address(call.request)
    token = await sessions.log_in(call.served, body.username, body.password, address=address)
    urls = call.served.sign_on.config.urls
    return Json(value=SessionResponse(token), cookies=cookies.token_cookies(token, call.request, urls=urls))


async def delete_session(call: Call[NoQuery, None]) -> Json:
    """The session ends, on every replica, and its cookies go. Tokens that were handed out (API, project) stay: an
    account's owner, or whoever manages the project, deletes those.
    """
    call.request.state.cookies = ()
    with contextlib.suppress(BadToken):
        await end_session(call.served, identify.token_of(call.request))
    urls = call.served.sign_on.config.urls
    return Json(value=SessionResponse(), cookies=cookies.removal_cookies(call.request, urls=urls))


async def end_session(served: Served, token: str) -> None:
    """Raises BadToken for one that is none, or is over; Failure, ApiError, Retry."""
    claims = await identify.ending(token, served)
    if sessions.is_session(claims):
        store = Secrets(served.transport, served.discovery, served.namespace)
        await settled(served.configuration, await revocations.revoke(store, claims, now=sessions.now(served)))


async def get_user_info(call: Call[NoQuery, None]) -> Json:
    """Answers also who is not logged in."""
    subject = call.subject
    if not subject.logged_in:
        return Json(value=GetUserInfoResponse(logged_in=False))
    return Json(
        value=GetUserInfoResponse(
            logged_in=True, username=subject.username or subject.name, iss=subject.issuer, groups=subject.groups
        )
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/session",
        id="SessionService_Create",
        handler=create_session,
        needs="public",
        query=NoQuery,
        body=SessionCreateRequest,
        reply=SessionResponse,
        summary="Log in to a local account",
        largest_body=16 << 10,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/session",
        id="SessionService_Delete",
        handler=delete_session,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=SessionResponse,
        summary="Log out",
    ),
    Operation(
        method="GET",
        path="/api/v1/session/userinfo",
        id="SessionService_GetUserInfo",
        handler=get_user_info,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=GetUserInfoResponse,
        summary="Who is logged in",
    ),
)
