"""Local sessions: logging in, and whether what a verified token says still holds."""

import logging
import uuid
from collections.abc import Mapping

from starlette.requests import Request

from trimtab.access.accounts import Account, Accounts, Capability, read_accounts
from trimtab.access.subject import LOCAL_ISSUER, Subject
from trimtab.model.appproject import AppProject, JwtToken
from trimtab.model.durations import parse_duration
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET
from trimtab.server.auth import tokens
from trimtab.server.auth.logins import Local
from trimtab.server.auth.secrets import SIGNING_KEY, secret_data, signing_keys
from trimtab.server.auth.tokens import BadToken, Claims
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.served import Served

log = logging.getLogger(__name__)
LONGEST_USERNAME = 32
SESSION_SECONDS = 24 * 3600
RENEW_SECONDS = 300
"""A session with less than this left is renewed by whatever call comes."""
PROJECT_SUBJECT = "proj"


def local(served: Served) -> Local:
    """Accounts and keys as they are now; read anew only after a change."""
    config_map = served.configuration.object("ConfigMap", ARGOCD_CM)
    secret = served.configuration.object("Secret", ARGOCD_SECRET)
    known = served.logins.local
    if known is None or known.config_map is not config_map or known.secret is not secret:
        data = secret_data(secret)
        accounts = read_accounts(served.configuration.config_map(ARGOCD_CM), data)
        if accounts.problems and (known is None or known.accounts.problems != accounts.problems):
            log.error("local accounts: %s", "; ".join(accounts.problems))
        known = served.logins.local = Local(config_map, secret, accounts, signing_keys(data))
    return known


def account_problems(served: Served) -> dict[str, tuple[str, ...]]:
    """What is wrong in how the local accounts are written down; {} when nothing is."""
    problems = local(served).accounts.problems
    return {"local accounts": problems} if problems else {}


def signing_key(served: Served) -> bytes:
    """What tokens are signed with. Raises Failure (503) where there is none yet."""
    return accepted_keys(served)[0]


def accepted_keys(served: Served) -> tuple[bytes, ...]:
    """The key that signs and seals, and the one before it while that counts, too. Raises Failure (503) where there is
    none yet.
    """
    keys = local(served).keys
    if not keys:
        raise Failure(Code.UNAVAILABLE, f"{SIGNING_KEY} is missing in {ARGOCD_SECRET}: nobody can log in without it")
    return keys


def verify(served: Served, token: str, *, issuer: str = LOCAL_ISSUER) -> Claims:
    """What a token says that was signed here. Raises BadToken."""
    keys = local(served).keys
    claims = tokens.verify(token, keys, now=now(served), issuer=issuer)
    if len(keys) > 1 and not tokens.is_signed(token, keys[0]):
        served.previous_uses.note(SIGNING_KEY, now(served))
    return claims


def now(served: Served) -> int:
    """Seconds since 1970, as tokens count."""
    return int(served.clock.now().timestamp())


async def log_in(served: Served, username: str, password: str, *, address: str) -> str:
    """A session's token. Raises Failure: 401 for a wrong login, which does not tell whether the account exists; 400
    for names of no account's length; 429 for an address that failed too often.
    """
    account = await check_password(served, username, password, address=address)
    if not account.enabled:
        raise unauthenticated(f"Account {username} is disabled")
    if "login" not in account.capabilities:
        raise unauthenticated(f"Account {username} does not have login capability")
    return session_token(served, username, session_seconds(served))


async def check_password(served: Served, username: str, password: str, *, address: str) -> Account:
    """The account, when it is its password. Raises Failure as `log_in` does."""
    if not password:
        raise unauthenticated("Blank passwords are not allowed")
    if len(username) > LONGEST_USERNAME:
        raise bad_request(f"Username is too long (at most {LONGEST_USERNAME} characters)")
    async with served.logins.turns.turn(username):
        return await _checked(served, username, password, address)


async def _checked(served: Served, username: str, password: str, address: str) -> Account:
    logins, moment = served.logins, served.clock.monotonic()
    _check_address(served, address)
    accounts = local(served).accounts.by_name
    account = accounts.get(username)
    password_hash = account.password_hash if account else ""
    open_ = bool(password_hash) and logins.lockout.begin(username, moment)
    # As much effort for an account that does not exist, or is locked, as for one that does: another's hash stands in.
    stand_in = next((one.password_hash for one in accounts.values() if one.password_hash), "")
    matches = await logins.passwords.match(password, password_hash or stand_in)
    if account is None or not (open_ and matches):
        logins.addresses.failed(address, moment)
        raise unauthenticated("Invalid username or password")
    logins.lockout.succeeded(username)
    return account


def session_token(served: Served, username: str, seconds: int) -> str:
    """A token as of a login just now."""
    token_id = str(uuid.uuid4())
    token, _ = tokens.issue(
        signing_key(served), subject=f"{username}:login", now=now(served), seconds=seconds, token_id=token_id
    )
    return token


def session_seconds(served: Served) -> int:
    """How long a session lasts: argocd-cm's `users.session.duration`; what is no duration counts as left out."""
    try:
        seconds = parse_duration(served.configuration.config_map(ARGOCD_CM).get("users.session.duration", "24h"))
    except ValueError:
        return SESSION_SECONDS
    return int(seconds) if seconds >= 1 else SESSION_SECONDS


def admit(claims: Claims, accounts: Accounts, projects: Mapping[str, AppProject]) -> Subject:
    """Who that is, if the account or the project's role still stands behind the token. Raises BadToken.

    The rules are Argo CD's: the account is enabled and may what the token is for; an API token is listed; nothing
    counts that is older than the password; a project's token is listed with its role.
    """
    parts = claims.sub.split(":")
    if parts[0] == PROJECT_SUBJECT and len(parts) == 3:
        _check_project(claims, projects.get(parts[1]), parts[1], parts[2])
        return _subject(claims, claims.sub)
    account = accounts.by_name.get(parts[0])
    if account is None:
        raise BadToken(f"account {parts[0]} does not exist")
    _check_account(claims, account, _capability(parts))
    return _subject(claims, account.name)


def is_session(claims: Claims) -> bool:
    """A login, local or from elsewhere, rather than a token that was handed out."""
    parts = claims.sub.split(":")
    handed_out = len(parts) == 3 if parts[0] == PROJECT_SUBJECT else _capability(parts) == "apiKey"
    return bool(claims.exp) and not (claims.iss == LOCAL_ISSUER and handed_out)


def renewed(served: Served, claims: Claims) -> str:
    """A session about to end, of somebody who is at work: the token that goes on from here; "" if there is no need."""
    if not is_session(claims) or claims.exp - now(served) >= RENEW_SECONDS:
        return ""
    return session_token(served, claims.sub.split(":")[0], claims.exp - claims.iat)


def caller_address(request: Request) -> str:
    """Where the request comes from; behind a proxy that we trust, where that says so."""
    return request.client.host if request.client else ""


def unauthenticated(message: str) -> Failure:
    return Failure(Code.UNAUTHENTICATED, message)


def _check_address(served: Served, address: str) -> None:
    wait = served.logins.addresses.wait(address, served.clock.monotonic())
    if wait > 0:
        seconds = str(int(wait) + 1)
        raise Failure(
            Code.RESOURCE_EXHAUSTED,
            f"too many failed logins from this address; try again in {seconds} s",
            headers={"retry-after": seconds},
        )


def _capability(parts: list[str]) -> Capability:
    """Old tokens name the account alone: they are logins."""
    return "apiKey" if parts[1:] == ["apiKey"] else "login"


def _subject(claims: Claims, name: str) -> Subject:
    return Subject(name=name, username=name, issued_at=claims.iat)


def _check_account(claims: Claims, account: Account, capability: Capability) -> None:
    if not account.enabled:
        raise BadToken(f"account {account.name} is disabled")
    if capability not in account.capabilities:
        raise BadToken(f"account {account.name} does not have '{capability}' capability")
    if not claims.jti:
        raise BadToken("token has no id, so it could not be revoked; please log in again")
    if capability == "apiKey" and account.token(claims.jti) is None:
        raise BadToken(f"account {account.name} does not have token with id {claims.jti}")
    if account.password_changed and claims.iat < int(account.password_changed.timestamp()):
        raise BadToken("account password has changed since token issued")


def _check_project(claims: Claims, project: AppProject | None, name: str, role: str) -> None:
    if project is None:
        raise BadToken(f"project {name} does not exist")
    found = next((one for one in project.spec.roles if one.name == role), None)
    if found is None:
        raise BadToken(f"project {name} has no role {role}")
    in_status = project.status.jwt_tokens_by_role.get(role)
    listed = (*found.jwt_tokens, *(in_status.items if in_status else ()))
    if not any(_is_listed(one, claims) for one in listed):
        raise BadToken(f"project {name} does not list this token of role {role}")


def _is_listed(listed: JwtToken, claims: Claims) -> bool:
    """By id. Entries of old have none, and are told apart by their second."""
    return listed.id == claims.jti if listed.id else listed.iat == claims.iat
