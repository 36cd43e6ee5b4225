"""Whose a token is that single sign-on made: a session of this server, or the OIDC provider's own token."""

from trimtab.access.subject import Subject
from trimtab.server.auth import oidc_token, sessions, tokens
from trimtab.server.auth.connectors import Identity, ProviderDown, Refused
from trimtab.server.auth.oidc import OidcConnector, identity_of
from trimtab.server.auth.sso_session import ISSUER, check_name, identity_in, subject_of
from trimtab.server.auth.tokens import BadToken, Claims
from trimtab.server.failures import Code, Failure
from trimtab.server.served import Served


async def verify_sso(token: str, served: Served) -> tuple[Subject, Claims] | None:
    """None for tokens of any other issuer. Raises BadToken for one that does not count, Failure (503)."""
    issuer = tokens.issuer_of(token)
    try:
        if issuer == ISSUER:
            return await _session(token, served)
        connector = served.sign_on.by_issuer(issuer)
        return None if connector is None else await _provider_token(token, connector, served)
    except Refused as error:
        raise BadToken(error.message) from error


async def _session(token: str, served: Served) -> tuple[Subject, Claims]:
    sign_on = served.sign_on
    claims = sessions.verify(served, token, issuer=ISSUER)
    connector = sign_on.connectors.get(claims.federated_claims.get("connector_id", ""))
    if connector is None:
        raise BadToken("the connector that this login came by is gone; please log in again")
    identity = identity_in(claims, sessions.accepted_keys(served))
    try:
        identity = await sign_on.rechecks.current(claims.jti, identity, connector)
    except ProviderDown as error:
        raise BadToken(error.message) from error
    issuer = sign_on.issuer_of(connector.provider)
    return _subject(identity, issuer, claims, served), claims


async def _provider_token(token: str, connector: OidcConnector, served: Served) -> tuple[Subject, Claims]:
    provider = connector.provider
    try:
        found = await oidc_token.verify(
            token, connector.published, audiences=provider.audiences, now=sessions.now(served)
        )
    except ProviderDown as error:
        raise Failure(Code.UNAVAILABLE, error.message) from error
    identity = identity_of(provider, found)
    token_id = found.get("jti")
    claims = Claims(
        iss=provider.issuer,
        sub=found["sub"],
        iat=int(found["iat"]),
        exp=int(found["exp"]),
        jti=token_id if isinstance(token_id, str) else "",
    )
    return _subject(identity, provider.issuer, claims, served), claims


def _subject(identity: Identity, issuer: str, claims: Claims, served: Served) -> Subject:
    check_name(identity, sessions.local(served).accounts.by_name)
    scopes = served.sign_on.scopes
    return subject_of(identity, issuer=issuer, scopes=scopes, issued_at=claims.iat)
