"""Sessions that were ended before their time, where every replica sees them: Secret trimtab-revoked-tokens.

It has one key for each person, and under it JSON: which sessions, until when they would have lasted. Where a person
ended very many, one moment takes their place: whatever was issued until then.
"""

import hashlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from trimtab.kube.errors import BadRequest, Invalid
from trimtab.model.keys import Manifest
from trimtab.server.auth.secrets import Secrets, secret_data
from trimtab.server.auth.tokens import Claims
from trimtab.server.failures import Code, Failure

NAME = "trimtab-revoked-tokens"
MOST_OF_ONE = 20


class Session(Struct, frozen=True, array_like=True):
    """One that was ended: when it was issued, and when it would have expired."""

    iat: int
    exp: int


class Ended(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one person ended: sessions by fingerprint; and all issued up to `before`, whose last expires at `until`.
    Times are seconds since 1970.
    """

    sessions: dict[str, Session] = {}
    before: int = 0
    until: int = 0


NOTHING = Ended()
EVERYTHING = Ended(before=1 << 53, until=1 << 53)
"""What an entry stands for that cannot be read: until somebody deletes it."""
_DECODER = msgspec.json.Decoder(Ended)


def is_revoked(kept: Manifest | None, claims: Claims) -> bool:
    """By what the Secret says."""
    person = _person(claims)
    if person not in ((kept or {}).get("data") or {}):
        return False
    ended = _read(secret_data(kept).get(person, b""))
    return claims.iat <= ended.before or _fingerprint(claims) in ended.sessions


async def revoke(secrets: Secrets, claims: Claims, *, now: int) -> Manifest | None:
    """End the session for all replicas; the Secret as it is then. Sessions that are over anyway are dropped from it.

    Raises Failure (503) when too many have been ended, ApiError, Retry.
    """
    try:
        return await secrets.change(NAME, lambda data: with_session_ended(data, claims, now))
    except (Invalid, BadRequest) as error:
        raise Failure(Code.UNAVAILABLE, f"Secret {NAME} holds all it can; delete it to start anew") from error


def with_session_ended(data: Mapping[str, bytes], claims: Claims, now: int) -> Mapping[str, bytes | None]:
    """What is to be different in the Secret. What has expired by itself goes."""
    before = {person: _read(raw) for person, raw in data.items()}
    after = {person: _pruned(ended, now) for person, ended in before.items()}
    person = _person(claims)
    after[person] = _adding(after.get(person, NOTHING), claims)
    return {
        person: None if ended == NOTHING else msgspec.json.encode(ended)
        for person, ended in after.items()
        if ended != before.get(person)
    }


def _adding(ended: Ended, claims: Claims) -> Ended:
    sessions = {**ended.sessions, _fingerprint(claims): Session(claims.iat, claims.exp)}
    if len(sessions) <= MOST_OF_ONE:
        return msgspec.structs.replace(ended, sessions=sessions)
    before = max(ended.before, *(one.iat for one in sessions.values()))
    return Ended(before=before, until=max(ended.until, *(one.exp for one in sessions.values())))


def _pruned(ended: Ended, now: int) -> Ended:
    sessions = {key: one for key, one in ended.sessions.items() if one.exp > now}
    over = ended.until <= now
    return Ended(sessions=sessions, before=0 if over else ended.before, until=0 if over else ended.until)


def _read(raw: bytes) -> Ended:
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return EVERYTHING


def _person(claims: Claims) -> str:
    return _digest(claims.iss, claims.sub)


def _fingerprint(claims: Claims) -> str:
    """Of what the token says, since one token can be spelt in several ways."""
    return _digest(claims.iss, claims.sub, claims.jti, str(claims.iat))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
