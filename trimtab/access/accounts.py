"""Local accounts, as argocd-cm and argocd-secret define them.

    argocd-cm       accounts.NAME: login, apiKey     accounts.NAME.enabled: "false"     admin.enabled: "false"
    argocd-secret   accounts.NAME.password | .passwordMtime | .tokens                   admin.password | …

What cannot be read disables the account it is about, and is a problem to tell of; it never lets anybody in.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

ADMIN = "admin"
PREFIX = "accounts."
Capability = Literal["login", "apiKey"]
TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")


class AccountToken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API token that was handed out; times are seconds since 1970, `exp` 0 is never."""

    id: str
    iat: int
    exp: int = 0


class Account(Struct, frozen=True, kw_only=True):
    """`password_hash` "" means that there is no password, so nobody can log in. Tokens issued before
    `password_changed` no longer count. `broken`: what of it cannot be read in argocd-secret, "" for nothing.
    """

    name: str
    enabled: bool = True
    capabilities: tuple[Capability, ...] = ()
    password_hash: str = ""
    password_changed: dt.datetime | None = None
    tokens: tuple[AccountToken, ...] = ()
    broken: str = ""

    def token(self, token_id: str) -> AccountToken | None:
        """The listed token of that id."""
        return next((token for token in self.tokens if token.id == token_id), None)


class Accounts(Struct, frozen=True):
    """Accounts by name, and what is wrong with how they are written down."""

    by_name: Mapping[str, Account]
    problems: tuple[str, ...] = ()


_TOKENS = msgspec.json.Decoder(tuple[AccountToken, ...] | None)
NO_SECRET: Mapping[str, bytes] = {}


def read_accounts(config: Mapping[str, str], secret: Mapping[str, bytes] = NO_SECRET) -> Accounts:
    """The accounts of the data of argocd-cm and of argocd-secret (decoded). `admin` is always one."""
    problems: list[str] = []
    declared: dict[str, Account] = {ADMIN: Account(name=ADMIN, capabilities=("login",))}
    for key in sorted(config):
        _declare(declared, key, config[key], problems)
    if "admin.enabled" in config:
        declared[ADMIN] = _enabled(declared[ADMIN], "admin.enabled", config["admin.enabled"], problems)
    by_name = {name: _with_secrets(account, secret, problems) for name, account in declared.items()}
    return Accounts(by_name, tuple(problems))


def secret_key(name: str, field: Literal["password", "passwordMtime", "tokens"]) -> str:
    """Under which key argocd-secret holds something of an account."""
    return f"{ADMIN}.{field}" if name == ADMIN else f"{PREFIX}{name}.{field}"


def encode_tokens(tokens: tuple[AccountToken, ...]) -> bytes:
    """The list of tokens as argocd-secret holds it."""
    return msgspec.json.encode(tokens)


def _declare(declared: dict[str, Account], key: str, value: str, problems: list[str]) -> None:
    parts = key.split(".")
    if parts[0] != "accounts" or not 2 <= len(parts) <= 3:
        if key.startswith(PREFIX):
            problems.append(f"argocd-cm: {key} is not accounts.NAME or accounts.NAME.enabled: it is ignored")
        return
    name, suffix = parts[1], parts[2] if len(parts) > 2 else "capabilities"
    account = declared.get(name) or Account(name=name)
    if suffix == "enabled":
        declared[name] = _enabled(account, key, value, problems)
    elif suffix == "capabilities":
        found = (*account.capabilities, *_capabilities(key, value, problems))
        declared[name] = msgspec.structs.replace(account, capabilities=tuple(dict.fromkeys(found)))
    else:
        problems.append(f"argocd-cm: {key}: {suffix} is not known: it is ignored")


def _capabilities(key: str, value: str, problems: list[str]) -> list[Capability]:
    found: list[Capability] = []
    for word in filter(None, map(str.strip, value.split(","))):
        if word == "login":
            found.append("login")
        elif word == "apiKey":
            found.append("apiKey")
        else:
            problems.append(f"argocd-cm: {key}: {word} is not a capability: write login or apiKey")
    return found


def _enabled(account: Account, key: str, value: str, problems: list[str]) -> Account:
    word = value.strip()
    if word not in TRUE and word not in FALSE:
        problems.append(f'argocd-cm: {key} is neither "true" nor "false": the account is disabled')
    return msgspec.structs.replace(account, enabled=word in TRUE)


def _with_secrets(account: Account, secret: Mapping[str, bytes], problems: list[str]) -> Account:
    try:
        return msgspec.structs.replace(
            account,
            password_hash=_text(secret, secret_key(account.name, "password")),
            password_changed=_changed(secret, secret_key(account.name, "passwordMtime")),
            tokens=_tokens(secret, secret_key(account.name, "tokens")),
        )
    except ValueError as error:
        problems.append(f"argocd-secret: {error}: the account is disabled")
        return msgspec.structs.replace(account, enabled=False, broken=str(error))


def _text(secret: Mapping[str, bytes], key: str) -> str:
    try:
        return secret.get(key, b"").decode().strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{key} is not text") from error


def _changed(secret: Mapping[str, bytes], key: str) -> dt.datetime | None:
    text = _text(secret, key)
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{key} is not a time like 2026-11-23T12:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _tokens(secret: Mapping[str, bytes], key: str) -> tuple[AccountToken, ...]:
    raw = secret.get(key, b"").strip()
    try:
        return (_TOKENS.decode(raw) or ()) if raw else ()
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"{key} is not a list of tokens") from error
