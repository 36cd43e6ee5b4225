"""Local accounts, read from what argocd-cm and argocd-secret hold."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.accounts import Account, AccountToken, encode_tokens, read_accounts, secret_key

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def test_there_is_always_an_admin_who_may_log_in() -> None:
    assert read_accounts({}).by_name == {"admin": Account(name="admin", capabilities=("login",))}


def test_an_account_is_made_of_its_keys() -> None:
    config = {"accounts.ada": "login, apiKey", "accounts.bob": "apiKey", "accounts.bob.enabled": "false", "url": "x"}
    secret = {
        "accounts.ada.password": b"$2a$10$hash",
        "accounts.ada.passwordMtime": b"2026-11-23T12:00:00Z",
        "accounts.ada.tokens": b'[{"id":"ci","iat":5,"exp":9},{"id":"cd","iat":6}]',
    }
    found = read_accounts(config, secret)
    assert found.problems == ()
    assert found.by_name["ada"] == Account(
        name="ada",
        capabilities=("login", "apiKey"),
        password_hash="$2a$10$hash",
        password_changed=NOON,
        tokens=(AccountToken(id="ci", iat=5, exp=9), AccountToken(id="cd", iat=6)),
    )
    assert found.by_name["bob"] == Account(name="bob", capabilities=("apiKey",), enabled=False)


def test_admin_has_keys_of_its_own() -> None:
    config = {"admin.enabled": "false", "accounts.admin": "apiKey"}
    secret = {"admin.password": b"hash", "admin.passwordMtime": b"2026-11-23T12:00:00Z", "admin.tokens": b"null"}
    assert read_accounts(config, secret).by_name["admin"] == Account(
        name="admin", enabled=False, capabilities=("login", "apiKey"), password_hash="hash", password_changed=NOON
    )


def test_where_things_are_written() -> None:
    assert secret_key("admin", "tokens") == "admin.tokens"
    assert secret_key("ada", "passwordMtime") == "accounts.ada.passwordMtime"


@pytest.mark.parametrize(
    ("config", "secret", "problem"),
    [
        ({"accounts.ada": "login", "accounts.ada.enabled": "maybe"}, {}, "accounts.ada.enabled"),
        ({"accounts.ada": "login"}, {"accounts.ada.tokens": b"[{"}, "accounts.ada.tokens"),
        ({"accounts.ada": "login"}, {"accounts.ada.tokens": b'[{"id": 1, "iat": 2}]'}, "accounts.ada.tokens"),
        ({"accounts.ada": "login"}, {"accounts.ada.passwordMtime": b"yesterday"}, "accounts.ada.passwordMtime"),
        ({"accounts.ada": "login"}, {"accounts.ada.password": b"\xff"}, "accounts.ada.password"),
    ],
)
def test_what_cannot_be_read_disables_its_account(
    config: dict[str, str], secret: dict[str, bytes], problem: str
) -> None:
    found = read_accounts({**config, "accounts.bob": "login"}, secret)
    assert not found.by_name["ada"].enabled
    assert found.by_name["bob"].enabled and found.by_name["admin"].enabled
    (told,) = found.problems
    assert problem in told


@pytest.mark.parametrize("key", ["accounts.ada.b.c", "accounts.ada.colour"])
def test_keys_that_mean_nothing_are_told_of(key: str) -> None:
    found = read_accounts({key: "login"})
    assert list(found.by_name) == ["admin"]
    assert key in found.problems[0]


def test_an_unknown_capability_gives_nothing() -> None:
    found = read_accounts({"accounts.ada": "login, root,, apikey"})
    assert found.by_name["ada"].capabilities == ("login",)
    assert len(found.problems) == 2


def test_a_problem_never_quotes_a_secret() -> None:
    secret = {"accounts.ada.tokens": b"hunter2", "accounts.ada.passwordMtime": b"hunter2", "admin.tokens": b"hunter2"}
    assert "hunter2" not in str(read_accounts({"accounts.ada": "login"}, secret).problems)


def test_tokens_survive_writing() -> None:
    tokens = (AccountToken(id="ci", iat=5, exp=9), AccountToken(id="cd", iat=6))
    assert encode_tokens(tokens) == b'[{"id":"ci","iat":5,"exp":9},{"id":"cd","iat":6}]'
    config = {"accounts.ada": "apiKey"}
    assert read_accounts(config, {"accounts.ada.tokens": encode_tokens(tokens)}).by_name["ada"].tokens == tokens


KEYS = st.sampled_from(["accounts.ada", "accounts.ada.enabled", "admin.enabled", "accounts.", "accounts..enabled", "x"])
SECRET_KEYS = st.sampled_from([f"{who}.{what}" for who in ("admin", "accounts.ada") for what in ("password", "tokens")])


@given(st.dictionaries(KEYS, st.text()), st.dictionaries(SECRET_KEYS, st.binary()))
def test_whatever_is_written_is_read_or_told_of(config: dict[str, str], secret: dict[str, bytes]) -> None:
    assert "admin" in read_accounts(config, secret).by_name
