"""Logging in by single sign-on: away to the provider, back with a code, and out again.

    GET  /auth/login        ?return_url=/applications&connector=github      → the provider's page
    GET  /auth/callback     (and /api/dex/callback) ?state=…&code=…         → the session's cookie, and return_url
    GET  /auth/logout                                                       → the session ends
    GET  /auth/login        ?cli_port=40123&cli_challenge=…                 → http://127.0.0.1:40123/?code=…
    POST /auth/cli/token    {"code": …, "codeVerifier": …}                  → {"token": …}

The provider is told to send people back to one of the server's configured URLs only, whatever a request says of its
host. Nothing that a login needs is kept in memory, so that each step may reach another replica.
"""

import contextlib
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct
from starlette.requests import Request

from trimtab.access.sso import Oidc
from trimtab.errors import TrimtabError
from trimtab.server.api.session import end_session
from trimtab.server.auth import cookies, identify, sessions, sso_session
from trimtab.server.auth.cli_login import WrongCode, command_line, listener_url, redeem_code, seal_code
from trimtab.server.auth.connectors import Connector, Identity, ProviderDown, Refused
from trimtab.server.auth.login_audit import audit_login
from trimtab.server.auth.login_pages import chooser_page, problem_page
from trimtab.server.auth.login_state import Pending, removal
from trimtab.server.auth.return_url import base_of, return_path
from trimtab.server.auth.sealing import Seal
from trimtab.server.auth.tokens import BadToken
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure
from trimtab.server.operation import AnyOperation, Body, NoQuery, Operation, Query
from trimtab.server.reply import Json, Raw, Redirect
from trimtab.server.served import Served


class LoginQuery(Query, frozen=True, kw_only=True):
    """Where to go after the login, by which connector (its id); or which command line waits for it."""

    return_url: str = msgspec.field(default="", name="return_url")
    connector: str = ""
    cli_port: str = msgspec.field(default="", name="cli_port")
    cli_challenge: str = msgspec.field(default="", name="cli_challenge")


class CallbackQuery(Query, frozen=True, kw_only=True):
    """What the provider sends back. `iss`: who it is, if it says so (RFC 9207)."""

    state: str = ""
    code: str = ""
    error: str = ""
    iss: str = ""


class CliTokenRequest(Body, frozen=True, kw_only=True):
    """The code that came to the command line, and the verifier of the challenge that it sent."""

    code: str
    code_verifier: str


class CliTokenResponse(Struct, frozen=True):
    """The session's token."""

    token: str


async def login(call: Call[LoginQuery, None]) -> Raw | Redirect:
    """To the provider's page, or to the choice between several."""
    call.request.state.cookies = ()
    sign_on, query = call.served.sign_on, call.query
    waiting = command_line(query.cli_port, query.cli_challenge)
    base, root = _base(call.served, call.request)
    path = return_path(query.return_url or f"{root}/", sign_on.config.urls)
    if path is None:
        return problem_page(400, "return_url does not lead to a page of this server.", root=root)
    if not base or not sign_on.connectors:
        return problem_page(404, "Single sign-on is not set up here.", root=root)
    connector = _chosen(query.connector, sign_on.connectors)
    if connector is None:
        given = {name: value for name, value in call.request.query_params.items() if name != "connector"}
        return chooser_page(sign_on.config.providers, query=given, root=root)
    pending, cookie = sign_on.states.begin(
        _seal(call.served),
        connector=connector.provider.id,
        base=base,
        callback=connector.callback_path,
        return_path=path,
        command_line=waiting,
    )
    try:
        return Redirect(location=await connector.begin(pending.attempt), cookies=(cookie,))
    except ProviderDown as error:
        return problem_page(503, _sentence(error), root=root)


async def callback(call: Call[CallbackQuery, None]) -> Raw | Redirect:
    """Back from the provider: the session begins, or a page says why not. The state is used up either way."""
    call.request.state.cookies = ()
    sign_on, request = call.served.sign_on, call.request
    used_up = removal(request.cookies)
    _, root = _base(call.served, request)
    if _seconds_to_wait(call.served, request) > 0:
        return problem_page(429, "Too many logins failed from here. Try again in a minute.", root=root)
    pending = sign_on.states.finish(_seal(call.served), request.cookies, call.query.state)
    if pending is None:
        message = "This login is over, or was begun in another browser. Please log in again."
        return problem_page(400, message, root=root, cookies=used_up)
    try:
        connector, identity = await _finished(call.served, call.query, pending)
        reply = _begun(call.served, request, pending, connector, identity)
    except (Refused, ProviderDown) as error:
        return _refused(call.served, request, pending, error)
    audit_login(request, who=identity.user_id, connector=pending.connector, status=303)
    return msgspec.structs.replace(reply, cookies=(*used_up, *reply.cookies))


async def logout(call: Call[NoQuery, None]) -> Redirect:
    """The session ends, here and, where `logoutURL` says so, at the provider."""
    call.request.state.cookies = ()
    token = identify.token_of(call.request)
    location = _after_logout(call.served, call.request, token)
    # Whatever is wrong with the token, or with the API server: the browser is to forget it.
    with contextlib.suppress(BadToken, Failure, TrimtabError):
        await end_session(call.served, token)
    return Redirect(
        location=location, cookies=cookies.removal_cookies(call.request, urls=call.served.sign_on.config.urls)
    )


async def cli_token(call: Call[NoQuery, CliTokenRequest]) -> Json:
    """The session of a command line that waited for the login in the browser."""
    served, request = call.served, call.request
    request.state.cookies = ()
    if (wait := _seconds_to_wait(served, request)) > 0:
        headers = {"retry-after": str(int(wait) + 1)}
        raise Failure(Code.RESOURCE_EXHAUSTED, "too many failed logins from this address", headers=headers)
    try:
        identity, name = redeem_code(served, call.body.code, call.body.code_verifier)
    except WrongCode as error:
        served.sign_on.addresses.failed(sessions.caller_address(request), served.clock.monotonic())
        raise Failure(Code.UNAUTHENTICATED, str(error)) from error
    connector = served.sign_on.connectors.get(name)
    if connector is None:
        raise Failure(Code.UNAUTHENTICATED, "the connector of this login is gone; log in again")
    return Json(value=CliTokenResponse(_session(served, identity, connector)))


async def _finished(served: Served, query: CallbackQuery, pending: Pending) -> tuple[Connector, Identity]:
    """Who it is. Raises Refused and ProviderDown."""
    connector = served.sign_on.connectors.get(pending.connector)
    if connector is None:
        raise Refused("this way to log in was just taken away")
    if query.error == "access_denied":
        raise Refused("the login was cancelled")
    if query.error or not query.code:
        raise Refused(f"{connector.provider.name} could not log you in")
    params: Mapping[str, str] = {"code": query.code, **({"iss": query.iss} if query.iss else {})}
    identity = await connector.finish(params, pending.attempt)
    sso_session.check_name(identity, sessions.local(served).accounts.by_name)
    return connector, identity


def _begun(served: Served, request: Request, pending: Pending, connector: Connector, identity: Identity) -> Redirect:
    """To where the person wanted to go, with their session; or to the command line that waits. Raises Refused."""
    try:
        if pending.command_line is not None:
            code = seal_code(served, identity, connector.provider, pending.command_line.challenge)
            return Redirect(location=listener_url(pending.command_line, code=code))
        token = _session(served, identity, connector)
        session = cookies.token_cookies(token, request, urls=served.sign_on.config.urls)
        return Redirect(location=pending.return_path, cookies=session)
    except ValueError as error:
        raise Refused("you are in more groups than fit into a session") from error


def _refused(served: Served, request: Request, pending: Pending, error: Refused | ProviderDown) -> Raw | Redirect:
    status = 503 if isinstance(error, ProviderDown) else 403
    if status == 403:
        served.sign_on.addresses.failed(sessions.caller_address(request), served.clock.monotonic())
    audit_login(request, who="", connector=pending.connector, status=status, error=error.message)
    used_up = removal(request.cookies)
    if pending.command_line is not None:
        return Redirect(location=listener_url(pending.command_line, error=_sentence(error)[:500]), cookies=used_up)
    root = urlsplit(pending.base).path
    return problem_page(status, _sentence(error), root=root, return_path=pending.return_path, cookies=used_up)


def _session(served: Served, identity: Identity, connector: Connector) -> str:
    token, claims = sso_session.new_session(
        identity,
        connector.provider,
        keys=sessions.accepted_keys(served),
        now=sessions.now(served),
        seconds=sessions.session_seconds(served),
        scopes=served.sign_on.scopes,
    )
    served.sign_on.rechecks.confirmed(claims.jti, identity, connector)
    return token


def _after_logout(served: Served, request: Request, token: str) -> str:
    base, root = _base(served, request)
    with contextlib.suppress(BadToken):
        claims = sessions.verify(served, token, issuer=sso_session.ISSUER)
        connector = served.sign_on.connectors.get(claims.federated_claims.get("connector_id", ""))
        provider = connector.provider if connector is not None else None
        if isinstance(provider, Oidc) and provider.logout_url:
            hint = sso_session.identity_in(claims, sessions.accepted_keys(served)).credential.decode()
            filled = provider.logout_url.replace("{{token}}", hint)
            return filled.replace("{{logoutRedirectURL}}", quote(base, safe=""))
    return f"{root}/login"


def _chosen(name: str, connectors: Mapping[str, Connector]) -> Connector | None:
    """By name, or the only one there is."""
    if name or len(connectors) != 1:
        return connectors.get(name)
    return next(iter(connectors.values()))


def _base(served: Served, request: Request) -> tuple[str, str]:
    """(the URL that the person came by, the path under which the server is there)"""
    base = base_of(request.headers.get("host", ""), served.sign_on.config.urls)
    return base, urlsplit(base).path


def _seal(served: Served) -> Seal:
    return Seal(sessions.accepted_keys(served), "login state")


def _seconds_to_wait(served: Served, request: Request) -> float:
    return served.sign_on.addresses.wait(sessions.caller_address(request), served.clock.monotonic())


def _sentence(error: TrimtabError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:]}."


CALLBACKS = {"/auth/callback": "Trimtab_LoginCallback", "/api/dex/callback": "Trimtab_DexCallback"}

OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        method="GET",
        path="/auth/login",
        id="Trimtab_Login",
        handler=login,
        needs="public",
        query=LoginQuery,
        body=type(None),
        reply=None,
        summary="Log in by single sign-on",
    ),
    *(
        Operation(
            method="GET",
            path=path,
            id=name,
            handler=callback,
            needs="public",
            query=CallbackQuery,
            body=type(None),
            reply=None,
            summary="Where an identity provider sends people back to",
        )
        for path, name in CALLBACKS.items()
    ),
    Operation(
        method="GET",
        path="/auth/logout",
        id="Trimtab_Logout",
        handler=logout,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=None,
        summary="Log out, at the identity provider too where it is told so",
    ),
    Operation(
        method="POST",
        path="/auth/cli/token",
        id="Trimtab_CliToken",
        handler=cli_token,
        needs="public",
        query=NoQuery,
        body=CliTokenRequest,
        reply=CliTokenResponse,
        summary="Exchange the code that a login in the browser brought to the command line",
        largest_body=32 << 10,
    ),
)
