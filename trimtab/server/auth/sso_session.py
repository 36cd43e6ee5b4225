"""Sessions of people who came by single sign-on: tokens of this server, signed like those of local accounts.

A session carries what it takes to ask the provider again, sealed, as a claim of its token: so every replica can ask,
also after a restart, and whoever holds the token cannot read it. It is bound to the session's id and person. A token
without it is no session, so no copy of a session escapes being asked about.

The issuer keeps these tokens apart from those of local accounts: a local account of the same name is somebody else.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.sso import Provider
from trimtab.access.subject import Subject
from trimtab.server.auth.connectors import Identity, Refused, words
from trimtab.server.auth.sealing import Seal
from trimtab.server.auth.tokens import BadToken, Claims, mint

ISSUER = "argocd/sso"
CREDENTIAL = "trimtab.dev/credential"
RESERVED_PREFIXES = ("proj:", "role:")


def new_session(
    identity: Identity, provider: Provider, *, keys: Sequence[bytes], now: int, seconds: int, scopes: Sequence[str]
) -> tuple[str, Claims]:
    """The session's token, and what it says. It ends with the provider's word at the latest."""
    expires_at = min(now + seconds, identity.expires_at or now + seconds)
    token_id = str(uuid.uuid4())
    credential = Seal(keys, "session credential").seal(
        identity.credential, bound_to=_bound_to(token_id, identity.user_id)
    )
    claims = Claims(
        iss=ISSUER,
        sub=identity.user_id,
        iat=now,
        nbf=now,
        exp=expires_at,
        jti=token_id,
        name=identity.name,
        email=identity.email,
        groups=identity.groups,
        federated_claims={"connector_id": provider.id, "user_id": identity.user_id},
        other={
            "preferred_username": identity.username,
            **kept_claims(identity, scopes),
            CREDENTIAL: credential,
        },
    )
    return mint(claims, keys[0]), claims


OURS = frozenset(Claims.__struct_fields__) | {"preferred_username", CREDENTIAL}


def identity_in(claims: Claims, keys: Sequence[bytes]) -> Identity:
    """Whom a session is about. Raises BadToken."""
    user_id = claims.federated_claims.get("user_id", "")
    sealed = claims.other.get(CREDENTIAL)
    credential = None
    if isinstance(sealed, str):
        credential = Seal(keys, "session credential").open(sealed, bound_to=_bound_to(claims.jti, user_id))
    if credential is None or not user_id:
        raise BadToken("session is incomplete; please log in again")
    username = claims.other.get("preferred_username")
    return Identity(
        user_id=user_id,
        username=username if isinstance(username, str) else "",
        name=claims.name,
        email=claims.email,
        groups=claims.groups,
        claims={name: value for name, value in claims.other.items() if name not in OURS},
        expires_at=claims.exp,
        credential=credential,
    )


def subject_of(identity: Identity, *, issuer: str, scopes: Sequence[str], issued_at: int) -> Subject:
    """Who RBAC says that is."""
    return Subject(
        name=identity.user_id,
        groups=groups_of(identity, scopes),
        issuer=issuer,
        username=identity.email or identity.username or identity.user_id,
        issued_at=issued_at,
    )


def groups_of(identity: Identity, scopes: Sequence[str]) -> tuple[str, ...]:
    """What the claims that hold groups say (argocd-rbac-cm's `scopes`).

    A provider's group is never one of our roles: whoever may make groups there could else call one `role:admin`.
    """
    claims: Mapping[str, Any] = {
        **identity.claims,
        "sub": identity.user_id,
        "name": identity.name,
        "email": identity.email,
        "preferred_username": identity.username,
        "groups": identity.groups,
    }
    found = dict.fromkeys(one for scope in scopes for one in words(claims.get(scope)))
    return tuple(one for one in found if not one.startswith(RESERVED_PREFIXES))


def kept_claims(identity: Identity, scopes: Sequence[str]) -> Mapping[str, Any]:
    """Of the provider's further claims, those that hold groups."""
    return {name: identity.claims[name] for name in scopes if name in identity.claims and name not in OURS}


def check_name(identity: Identity, accounts: Mapping[str, object]) -> None:
    """Raises Refused for somebody whose id policies would take for a local account, a role or a project's token."""
    name = identity.user_id
    if name in accounts or name.startswith(RESERVED_PREFIXES) or not name.isprintable():
        raise Refused(f"your user id, {name[:64]!r}, is the name of an account or a role here, so it is not let in")


def _bound_to(token_id: str, user_id: str) -> str:
    return f"{token_id} {user_id}"
