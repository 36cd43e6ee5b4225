"""Whether a token is really the provider's, for us, and valid now."""

from collections.abc import Collection, Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from trimtab.server.auth.oidc_provider import OidcProvider
from trimtab.server.auth.tokens import LONGEST, BadToken, looks_like_token

LEEWAY_SECONDS = 30
"""Clocks differ."""
Claims = Mapping[str, Any]


async def verify(token: str, provider: OidcProvider, *, audiences: Collection[str], now: int) -> Claims:
    """What it says. Raises BadToken (which quotes nothing of the token) and ProviderDown."""
    metadata = await provider.metadata()
    algorithm, kid = _header(token)
    if algorithm not in metadata.algorithms:
        raise BadToken("token is signed in a way that its issuer does not use")
    key = await provider.key(kid, algorithm)
    if key is None:
        raise BadToken("token is signed with a key that its issuer does not have")
    try:
        claims = jwt.decode(token, key, [algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadToken("token signature is invalid") from error
    if claims.get("iss") != provider.issuer:
        raise BadToken("token is of another issuer")
    if not set(audience_of(claims)) & set(audiences):
        raise BadToken("token is meant for another audience")
    _check_times(claims, now)
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise BadToken("token does not say whose it is")
    return claims


def audience_of(claims: Claims) -> tuple[str, ...]:
    """One or several."""
    value = claims.get("aud")
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _header(token: str) -> tuple[str, str | None]:
    """(algorithm, key id)"""
    if len(token) > LONGEST or not looks_like_token(token) or not token.isascii():
        raise BadToken("token is malformed")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadToken("token is malformed") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise BadToken("token is malformed")
    return algorithm, kid


def _check_times(claims: Claims, now: int) -> None:
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    if any(
        not isinstance(value, int | float) or isinstance(value, bool) for value in times.values() if value is not None
    ):
        raise BadToken("token is malformed: a time is no number")
    if times["exp"] is None or times["iat"] is None:
        raise BadToken("token does not say from when and until when it is valid")
    if now >= times["exp"] + LEEWAY_SECONDS:
        raise BadToken("token has expired")
    if max(times["iat"], times["nbf"] or 0) > now + LEEWAY_SECONDS:
        raise BadToken("token is not valid yet")
