"""Local accounts: who there is, their passwords and API tokens, and what the caller may do: /api/v1/account."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access import accounts
from trimtab.access.accounts import AccountToken, encode_tokens, read_accounts, secret_key
from trimtab.access.builtin import ACTIONS
from trimtab.access.subject import LOCAL_ISSUER
from trimtab.clock import rfc3339
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET
from trimtab.server.auth import sessions, tokens
from trimtab.server.auth.passwords import check_new_password
from trimtab.server.auth.secrets import Change, Secrets
from trimtab.server.auth.sessions import caller_address
from trimtab.server.auth.settled import settled
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, bad_request, not_found, precondition
from trimtab.server.operation import Body, Needs, NoQuery, Operation
from trimtab.server.reply import Json
from trimtab.server.served import Served

FRESH_LOGIN_SECONDS = 300
"""Who logged in elsewhere may set the password of an account for so long after."""
WORDS = frozenset(action for actions in ACTIONS.values() for action in actions) | {"action"}


class Token(Struct, frozen=True, rename="camel", omit_defaults=True):
    """An API token that was handed out; times are seconds since 1970, and `expires_at` is left out for never."""

    id: str
    issued_at: int = 0
    expires_at: int = 0


class Account(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A local account; capabilities are `login` and `apiKey`."""

    name: str
    enabled: bool = False
    capabilities: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()


class AccountsList(Struct, frozen=True):
    """Those that the caller may see."""

    items: list[Account]


class UpdatePasswordRequest(Body, frozen=True, kw_only=True):
    """`name`: whose password; left out, the caller's. `current_password` is the caller's own."""

    name: str = ""
    new_password: str = ""
    current_password: str = ""


class CreateTokenRequest(Body, frozen=True, kw_only=True):
    """`expires_in`: seconds, 0 for never. `id`: left out, one is drawn. `name` is the path's."""

    name: str = ""
    id: str = ""
    expires_in: int = 0


class CreateTokenResponse(Struct, frozen=True):
    """The token, which is told only now."""

    token: str


class CanIResponse(Struct, frozen=True):
    """`yes` or `no`."""

    value: str


class Empty(Struct, frozen=True):
    """It is done."""


async def list_accounts(call: Call[NoQuery, None]) -> Json:
    """The caller's own, and those that they may get."""
    may = call.judge("accounts", "get")
    known = sessions.local(call.served).accounts.by_name
    seen = [known[name] for name in sorted(known) if _is_self(call, name) or may(name)]
    return Json(value=AccountsList([_shown(account) for account in seen]))


async def get_account(call: Call[NoQuery, None]) -> Json:
    name = call.params["name"]
    _require(call, "get", name)
    return Json(value=_shown(_existing(call.served, name)))


async def update_password(call: Call[NoQuery, UpdatePasswordRequest]) -> Json:
    """A local caller proves to be who they are by their current password; others by having logged in just now."""
    name = call.body.name or call.subject.name
    call.request.state.audited = {"account": name[:64]}
    _require(call, "update", name)
    if call.subject.issuer == LOCAL_ISSUER:
        await _check_current(call)
    elif sessions.now(call.served) - call.subject.issued_at > FRESH_LOGIN_SECONDS:
        raise precondition("you logged in too long ago to set a password: log in again")
    _existing(call.served, name)
    check_new_password(
        call.body.new_password, call.served.configuration.config_map(ARGOCD_CM).get("passwordPattern", "")
    )
    hashed = await call.served.logins.passwords.hash(call.body.new_password)
    changed: dict[str, bytes | None] = {
        secret_key(name, "password"): hashed.encode(),
        secret_key(name, "passwordMtime"): rfc3339(call.served.clock.now()).encode(),
    }
    await _write(call.served, lambda _: changed)
    return Json(value=Empty())


async def create_token(call: Call[NoQuery, CreateTokenRequest]) -> Json:
    """An API token, listed with the account from now on."""
    name = call.params["name"]
    _require(call, "update", name)
    token_id = tokens.checked_id(call.body.id)
    call.request.state.audited = {"id": token_id}
    key, now = sessions.signing_key(call.served), sessions.now(call.served)
    seconds = tokens.checked_seconds(call.body.expires_in)
    token, claims = tokens.issue(key, subject=f"{name}:apiKey", now=now, seconds=seconds, token_id=token_id)
    listed = AccountToken(id=token_id, iat=claims.iat, exp=claims.exp)
    await _write(call.served, lambda data: _with_token(call.served, data, name, listed))
    return Json(value=CreateTokenResponse(token))


async def delete_token(call: Call[NoQuery, None]) -> Json:
    """The token counts no longer."""
    name, token_id = call.params["name"], call.params["id"]
    _require(call, "update", name)
    await _write(call.served, lambda data: _without_token(call.served, data, name, token_id))
    return Json(value=Empty())


async def can_i(call: Call[NoQuery, None]) -> Json:
    """`subresource` is the object that policies name: `PROJECT/APPLICATION`, a URL, `*`."""
    resource, action = call.params["resource"], call.params["action"]
    if resource not in ACTIONS:
        raise bad_request(f"there is no resource {resource}: ask for one of {', '.join(ACTIONS)}")
    if action.partition("/")[0] not in WORDS:
        raise bad_request(f"there is no action {action}: ask for one of {', '.join(sorted(WORDS))}")
    return Json(value=CanIResponse("yes" if call.may(resource, action, call.params["subresource"]) else "no"))


def _is_self(call: Call[NoQuery, Any], name: str) -> bool:
    return bool(name) and call.subject.name == name and call.subject.issuer == LOCAL_ISSUER


def _require(call: Call[NoQuery, Any], action: str, name: str) -> None:
    """An account may do with itself what it likes; others need the right."""
    if _is_self(call, name):
        call.checked = True
        return
    call.require("accounts", action, name)


async def _check_current(call: Call[NoQuery, UpdatePasswordRequest]) -> None:
    """Raises Failure: 400 for a wrong one, 429 as a login would."""
    who, password = call.subject.name, call.body.current_password
    try:
        await sessions.check_password(call.served, who, password, address=caller_address(call.request))
    except Failure as failure:
        if failure.code == Code.RESOURCE_EXHAUSTED:
            raise
        raise bad_request("current password does not match") from failure


async def _write(served: Served, change: Change) -> None:
    """Change argocd-secret; return when this server goes by it."""
    secrets = Secrets(served.transport, served.discovery, served.namespace)
    await settled(served.configuration, await secrets.change(ARGOCD_SECRET, change))


def _with_token(served: Served, data: Mapping[str, bytes], name: str, token: AccountToken) -> Mapping[str, bytes]:
    account = _with_tokens_known(served, data, name)
    if "apiKey" not in account.capabilities:
        raise precondition(f"account {name} does not have apiKey capability: add it to accounts.{name} in {ARGOCD_CM}")
    if account.token(token.id):
        raise Failure(Code.ALREADY_EXISTS, f"account {name} already has token with id {token.id}")
    return {secret_key(name, "tokens"): encode_tokens((*account.tokens, token))}


def _without_token(served: Served, data: Mapping[str, bytes], name: str, token_id: str) -> Mapping[str, bytes]:
    account = _with_tokens_known(served, data, name)
    left = tuple(token for token in account.tokens if token.id != token_id)
    if left == account.tokens:
        raise not_found(f"account {name} does not have token with id {token_id}")
    return {secret_key(name, "tokens"): encode_tokens(left)}


def _with_tokens_known(served: Served, data: Mapping[str, bytes], name: str) -> accounts.Account:
    """The account, by what argocd-secret holds now. A list that cannot be read is not written over: Failure (400)."""
    account = read_accounts(served.configuration.config_map(ARGOCD_CM), data).by_name.get(name)
    if account is None:
        raise _no_account(name)
    if account.broken:
        raise precondition(f"{account.broken} in {ARGOCD_SECRET}: correct it first")
    return account


def _existing(served: Served, name: str) -> accounts.Account:
    """Raises Failure (404)."""
    account = sessions.local(served).accounts.by_name.get(name)
    if account is None:
        raise _no_account(name)
    return account


def _no_account(name: str) -> Failure:
    return not_found(f"account {name} does not exist")


def _shown(account: accounts.Account) -> Account:
    newest_first = sorted(account.tokens, key=lambda token: -token.iat)
    return Account(
        name=account.name,
        enabled=account.enabled,
        capabilities=account.capabilities,
        tokens=tuple(Token(token.id, token.iat, token.exp) for token in newest_first),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/account",
        id="AccountService_ListAccounts",
        handler=list_accounts,
        needs=Needs("accounts", "get", self_service=True),
        query=NoQuery,
        body=type(None),
        reply=AccountsList,
        summary="The local accounts",
    ),
    Operation(
        method="GET",
        path="/api/v1/account/{name}",
        id="AccountService_GetAccount",
        handler=get_account,
        needs=Needs("accounts", "get", self_service=True),
        query=NoQuery,
        body=type(None),
        reply=Account,
        summary="One local account",
    ),
    Operation(
        method="PUT",
        path="/api/v1/account/password",
        id="AccountService_UpdatePassword",
        handler=update_password,
        needs=Needs("accounts", "update", self_service=True),
        query=NoQuery,
        body=UpdatePasswordRequest,
        reply=Empty,
        summary="Set the password of a local account",
        largest_body=16 << 10,
    ),
    Operation(
        method="POST",
        path="/api/v1/account/{name}/token",
        id="AccountService_CreateToken",
        handler=create_token,
        needs=Needs("accounts", "update", self_service=True),
        query=NoQuery,
        body=CreateTokenRequest,
        reply=CreateTokenResponse,
        summary="Hand out an API token",
        largest_body=16 << 10,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/account/{name}/token/{id}",
        id="AccountService_DeleteToken",
        handler=delete_token,
        needs=Needs("accounts", "update", self_service=True),
        query=NoQuery,
        body=type(None),
        reply=Empty,
        summary="Take back an API token",
    ),
    Operation(
        method="GET",
        path="/api/v1/account/can-i/{resource}/{action}/{subresource}",
        id="AccountService_CanI",
        handler=can_i,
        needs="logged in",
        query=NoQuery,
        body=type(None),
        reply=CanIResponse,
        summary="May I?",
    ),
)
