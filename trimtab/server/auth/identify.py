"""Who calls: by bearer token or cookie."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request

from trimtab.access.subject import ANONYMOUS, LOCAL_ISSUER, Subject
from trimtab.model.appproject import AppProject
from trimtab.server.auth import cookies, sessions, tokens
from trimtab.server.auth.secrets import ARGOCD_CM
from trimtab.server.auth.tokens import BadToken
from trimtab.server.served import Served

Verifier = Callable[[str, Served], Awaitable[Subject | None]]
"""Who a token of another issuer is of; None: not one of its issuer's. Raises BadToken or Failure."""

VERIFIERS: tuple[Verifier, ...] = ()
"""The other issuers, asked in turn."""


async def identify(request: Request, served: Served) -> Subject:
    """Raises Failure (401). A session about to end is renewed: its cookies wait in `request.state.cookies`."""
    token = token_of(request)
    if not token:
        if served.configuration.config_map(ARGOCD_CM).get("users.anonymous.enabled") == "true":
            return ANONYMOUS
        raise sessions.unauthenticated("no session information")
    try:
        return await _subject_of(token, request, served)
    except BadToken as error:
        raise sessions.unauthenticated(f"invalid session: {error}") from error


def token_of(request: Request) -> str:
    """The token that came with a request, "" for none; what has not the shape of one is not looked at."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    candidates = (bearer.strip() if scheme.lower() == "bearer" else "", cookies.joined(request.cookies))
    return next(filter(tokens.looks_like_token, candidates), "")


async def _subject_of(token: str, request: Request, served: Served) -> Subject:
    if tokens.issuer_of(token) != LOCAL_ISSUER:
        return await _elsewhere(token, served)
    found = sessions.local(served)
    claims = tokens.verify(token, found.key, now=sessions.now(served))
    subject = sessions.admit(claims, found.accounts, _projects(served, claims.sub))
    if renewed := sessions.renewed(served, claims):
        request.state.cookies = cookies.token_cookies(renewed, request)
    return subject


async def _elsewhere(token: str, served: Served) -> Subject:
    for verifier in VERIFIERS:
        if (subject := await verifier(token, served)) is not None:
            return subject
    raise BadToken("token is of an issuer that is not configured")


def _projects(served: Served, subject: str) -> dict[str, AppProject]:
    """The project that a token's subject is about; {} where it is about none, or there is none."""
    name = subject.split(":")[1] if subject.startswith("proj:") else ""
    manifest = served.configuration.object("AppProject", name) if name else None
    if manifest is None:
        return {}
    try:
        return {name: msgspec.convert(manifest, AppProject)}
    except msgspec.ValidationError as error:
        raise BadToken(f"project {name} cannot be read") from error
