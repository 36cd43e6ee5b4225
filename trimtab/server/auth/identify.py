"""Who calls: by bearer token or cookie."""

import contextlib

from msgspec import Struct
from starlette.requests import Request

from trimtab.access.subject import ANONYMOUS, LOCAL_ISSUER, Subject
from trimtab.model.names import ARGOCD_CM
from trimtab.server.auth import cookies, revocations, sessions, tokens
from trimtab.server.auth.sso_verify import verify_sso
from trimtab.server.auth.tokens import BadToken, Claims
from trimtab.server.served import Served

FRESH_SECONDS = 2
LOOKS = 5
LOOK_AGAIN_SECONDS = 0.05


class Verified(Struct, frozen=True, kw_only=True):
    """A token that counts: whose it is, what it says, and the token that goes on from it if it is about to end."""

    subject: Subject
    claims: Claims
    renewed: str = ""


async def identify(request: Request, served: Served) -> Subject:
    """Raises Failure (401). A session about to end is renewed: its cookies wait in `request.state.cookies`."""
    token = token_of(request)
    if not token:
        if served.configuration.config_map(ARGOCD_CM).get("users.anonymous.enabled") == "true":
            return ANONYMOUS
        raise sessions.unauthenticated("no session information")
    try:
        found = await verified(token, served)
        if found.renewed:
            urls = served.sign_on.config.urls
            request.state.cookies = cookies.token_cookies(found.renewed, request, urls=urls)
    except BadToken as error:
        raise sessions.unauthenticated(f"invalid session: {error}") from error
    return found.subject


def token_of(request: Request) -> str:
    """The token that came with a request, "" for none; what has not the shape of one is not looked at."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    candidates = (bearer.strip() if scheme.lower() == "bearer" else "", cookies.joined(request.cookies))
    return next(filter(tokens.looks_like_token, candidates), "")


async def verified(token: str, served: Served) -> Verified:
    """What stands behind a token. Raises BadToken for one that does not count, Failure."""
    local = tokens.issuer_of(token) == LOCAL_ISSUER
    found = await (_local(token, served) if local else _elsewhere(token, served))
    if revocations.is_revoked(served.configuration.object("Secret", revocations.NAME), found.claims):
        raise BadToken("token is revoked, please log in again")
    return found


async def ending(token: str, served: Served) -> Claims:
    """What a token says whose session is to end. It need not count: who was put out, or whose provider is away, may
    leave, too. Raises BadToken, Failure.
    """
    with contextlib.suppress(BadToken):
        return sessions.verify(served, token, issuer=tokens.issuer_of(token))
    return (await verified(token, served)).claims


async def _local(token: str, served: Served) -> Verified:
    claims = sessions.verify(served, token)
    return Verified(subject=await _admitted(claims, served), claims=claims, renewed=sessions.renewed(served, claims))


async def _admitted(claims: Claims, served: Served) -> Subject:
    """What another replica handed out a moment ago may not be known here yet: look again before refusing it."""
    fresh = claims.iat >= sessions.now(served) - FRESH_SECONDS
    for _ in range(LOOKS if fresh else 0):
        with contextlib.suppress(BadToken):
            return _admit(claims, served)
        await served.clock.sleep(LOOK_AGAIN_SECONDS)
    return _admit(claims, served)


def _admit(claims: Claims, served: Served) -> Subject:
    return sessions.admit(claims, sessions.local(served).accounts, served.configuration.projects)


async def _elsewhere(token: str, served: Served) -> Verified:
    found = await verify_sso(token, served)
    if found is None:
        raise BadToken("token is of an issuer that is not configured")
    subject, claims = found
    return Verified(subject=subject, claims=claims)
