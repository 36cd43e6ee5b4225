"""Tokens as Argo CD makes them: JWTs signed with HS256 by argocd-secret's `server.secretkey`, and by nothing else.

While that key is rotated, the one before (`server.secretkey.previous`) verifies, too; it signs nothing.
"""

import contextlib
import uuid
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from trimtab.access.subject import LOCAL_ISSUER
from trimtab.server.failures import bad_request

ALGORITHMS = ("HS256",)
LONGEST = 64 << 10
"""Characters; a token of many groups is a few thousand."""
LONGEST_ID = 128
LONGEST_SECONDS = 100 * 365 * 86400
SKEW_SECONDS = 30
"""A replica's clock may be so far behind the one that issued the token."""


class BadToken(ValueError):
    """Not a token of ours, or no longer one; the message is for the caller and quotes nothing of the token."""


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a token says; times are seconds since 1970, and `exp` 0 is never. `other`: claims beyond these, by name."""

    iss: str = ""
    sub: str = ""
    iat: int = 0
    nbf: int = 0
    exp: int = 0
    jti: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    federated_claims: Mapping[str, str] = {}
    other: Mapping[str, Any] = {}


KNOWN = frozenset(Claims.__struct_fields__) - {"other"}
TIMES = ("iat", "nbf", "exp")


def mint(claims: Claims, key: bytes) -> str:
    """The signed token. Raises BadToken when there is no key."""
    payload = msgspec.to_builtins(msgspec.structs.replace(claims, other={}))
    return jwt.encode({"alg": "HS256"}, {**claims.other, **payload}, _key(key), list(ALGORITHMS))


def issue(key: bytes, *, subject: str, now: int, seconds: int = 0, token_id: str) -> tuple[str, Claims]:
    """A token of a local account or a project role, valid for `seconds` (0: for ever), and what it says."""
    exp = now + seconds if seconds > 0 else 0
    claims = Claims(iss=LOCAL_ISSUER, sub=subject, iat=now, nbf=now, exp=exp, jti=token_id)
    return mint(claims, key), claims


def checked_id(wanted: str) -> str:
    """The id of a token that is to be handed out; one is drawn where none is wanted. Raises Failure (400)."""
    if len(wanted) > LONGEST_ID or not wanted.isprintable():
        raise bad_request(f"id is not one line of at most {LONGEST_ID} printable characters")
    return wanted or str(uuid.uuid4())


def checked_seconds(wanted: int) -> int:
    """How long such a token is to last. Raises Failure (400)."""
    if not 0 <= wanted <= LONGEST_SECONDS:
        raise bad_request(f"expiresIn is not between 0 (never) and {LONGEST_SECONDS} seconds")
    return wanted


def verify(token: str, keys: Sequence[bytes], *, now: int, issuer: str = LOCAL_ISSUER) -> Claims:
    """What the token says, if it is signed with one of `keys`, of that issuer, and valid now. Raises BadToken."""
    _check_shape(token)
    claims = read_claims(_signed(token, keys))
    if claims.iss != issuer:
        raise BadToken("token is of another issuer")
    _check_times(claims, now)
    return claims


def _signed(token: str, keys: Sequence[bytes]) -> Mapping[str, Any]:
    for key in keys or (b"",):
        with contextlib.suppress(BadSignatureError):
            return _decoded(token, key)
    raise BadToken("token signature is invalid")


def _decoded(token: str, key: bytes) -> Mapping[str, Any]:
    """Raises BadSignatureError, and BadToken for what no key would help."""
    try:
        return jwt.decode(token, _key(key), list(ALGORITHMS)).claims
    except BadSignatureError:
        raise
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadToken("token is malformed, or signed in another way") from error


def is_signed(token: str, key: bytes) -> bool:
    """Is it signed with this key? Raises BadToken for what no key could have signed."""
    with contextlib.suppress(BadSignatureError):
        return bool(_decoded(token, key))
    return False


def issuer_of(token: str) -> str:
    """Whom the token says it is from; nothing is verified. Raises BadToken."""
    _check_shape(token)
    try:
        payload = msgspec.json.decode(urlsafe_b64decode(token.split(".")[1].encode("ascii")))
    except (ValueError, RecursionError) as error:
        raise BadToken("token is malformed") from error
    issuer = payload.get("iss") if isinstance(payload, dict) else None
    if not isinstance(issuer, str):
        raise BadToken("token is malformed: it names no issuer")
    return issuer


def looks_like_token(text: str) -> bool:
    """Three parts, joined by dots: anything else is no token, and is not looked at."""
    return text.count(".") == 2


def read_claims(found: Mapping[str, Any]) -> Claims:
    """Claims of their types; those that we do not name are in `other`. Raises BadToken."""
    named = {name: value for name, value in found.items() if name in KNOWN and value is not None}
    for name in TIMES:
        # Go writes and takes fractions of seconds.
        if isinstance(named.get(name), float):
            named[name] = int(named[name]) if abs(named[name]) < 1 << 53 else None
    other = {name: value for name, value in found.items() if name not in KNOWN}
    try:
        return msgspec.convert({**named, "other": other}, Claims)
    except msgspec.ValidationError as error:
        raise BadToken("token is malformed: a claim has a wrong type") from error


def _check_shape(token: str) -> None:
    if len(token) > LONGEST:
        raise BadToken("token is malformed: it is too long")
    if not looks_like_token(token) or not token.isascii():
        raise BadToken("token is malformed")


def _check_times(claims: Claims, now: int) -> None:
    if not claims.iat:
        raise BadToken("token is malformed: it does not say when it was issued")
    if claims.exp and now >= claims.exp:
        raise BadToken("token has expired")
    if max(claims.nbf, claims.iat) > now + SKEW_SECONDS:
        raise BadToken("token is not valid yet")


@lru_cache(maxsize=4)
def _key(key: bytes) -> OctKey:
    if not key:
        raise BadToken("server.secretkey in argocd-secret is missing")
    with warnings.catch_warnings():
        # How long it is, is the decision of whoever set it: Argo CD takes any.
        warnings.simplefilter("ignore", SecurityWarning)
        return OctKey.import_key(key)
