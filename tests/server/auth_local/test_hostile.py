"""Tokens and logins as an attacker sends them: 401, nothing echoed, nothing logged, the server stays."""

import asyncio
import json
import logging

import pytest

from tests.engine.world import until
from tests.server.auth_local.people import CAN_I, at, failed
from tests.server.auth_local.test_tokens import forged
from tests.server.desk import PASSWORD, PEOPLE, Desk
from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.auth.tokens import Claims, mint

WELL_FORMED = {"iss": "argocd", "sub": "admin:login", "iat": 1, "exp": 1 << 40, "jti": "x"}


async def refused(desk: Desk, token: str, how: str) -> str:
    """The message of the 401; the token is not in the answer."""
    headers = {"authorization": f"Bearer {token}"} if how == "bearer" else {"cookie": f"argocd.token={token}"}
    answer = await desk.call("GET", CAN_I, who="", headers=headers)
    assert answer.failure[:2] == (401, 16)
    assert len(token) < 5 or token not in str(answer)
    return answer.failure[2]


@pytest.mark.parametrize("how", ["bearer", "cookie"])
async def test_forged_tokens(desk: Desk, how: str) -> None:
    mine = await desk.login("eve")
    head, payload, signature = mine.split(".")
    admin = forged({"alg": "HS256", "typ": "JWT"}, WELL_FORMED).split(".")[1]
    for token in (
        forged({"alg": "none"}, WELL_FORMED),
        forged({"alg": "HS256"}, WELL_FORMED, signature),
        f"{head}.{admin}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-2]}",
        f"{head}.{payload[:-3]}.{signature}",
        f".{payload}.{signature}",
        mint(Claims(iss="argocd", sub="admin:login", iat=1, jti="x"), b"guessed-key-of-32-bytes-or-so..."),
        forged({"alg": "HS256"}, {**WELL_FORMED, "iss": "https://evil.example.com"}, signature),
        forged({"alg": "RS256"}, {**WELL_FORMED, "iss": "https://argocd.example.com/api/dex"}, signature),
    ):
        assert (await refused(desk, token, how)).startswith("invalid session: ")


async def test_what_is_no_token_is_no_session(desk: Desk) -> None:
    for junk in ("x", "a.b", "a.b.c.d", "0", "null", "'; drop table", "%00", "{}"):
        assert await refused(desk, junk, "bearer") == "no session information"


async def test_huge_tokens(desk: Desk) -> None:
    for size in (70_000, 1_000_000):
        answer = await desk.call("GET", CAN_I, who="", headers={"authorization": f"Bearer {'A' * size}.B.C"})
        assert answer.status in (401, 400, 431)
        assert len(str(answer.body)) < 1000
    assert (await at(desk, await desk.login("eve"))).status == 200


async def test_a_name_with_line_breaks_stays_in_the_message(desk: Desk) -> None:
    body = {"username": "a\r\nSet-Cookie: x=y", "password": "x"}
    answer = await desk.call("POST", "/api/v1/session", who="", json=body)
    assert answer.failure == (401, 16, "Invalid username or password")
    assert "set-cookie" not in answer.headers


async def test_tokens_of_an_account_that_is_disabled_or_deleted(desk: Desk) -> None:
    tokens = {who: await desk.login(who) for who in PEOPLE}
    await desk.installed("ConfigMap", "argocd-cm", {"accounts.ada": "login", "accounts.ada.enabled": "false"})
    for who, why in (("ada", "account ada is disabled"), ("eve", "account eve does not exist")):
        answer = await until(lambda: at(desk, tokens[who]), lambda found: found.status == 401)  # noqa: B023
        assert answer.failure == (401, 16, f"invalid session: {why}")


async def test_tokens_that_are_older_than_the_password(desk: Desk) -> None:
    token = await desk.login("eve")
    secret = {key: value.decode() for key, value in desk.running.served.configuration.secret(ARGOCD_SECRET).items()}
    secret["accounts.eve.passwordMtime"] = "2099-01-01T00:00:00Z"
    await desk.installed("Secret", ARGOCD_SECRET, secret)
    answer = await until(lambda: at(desk, token), lambda found: found.status == 401)
    assert answer.failure == (401, 16, "invalid session: account password has changed since token issued")


async def test_another_key_ends_every_session(desk: Desk) -> None:
    token = await desk.login("eve")
    secret = {key: value.decode() for key, value in desk.running.served.configuration.secret(ARGOCD_SECRET).items()}
    await desk.installed("Secret", ARGOCD_SECRET, {**secret, "server.secretkey": "another-key-another-key"})
    answer = await until(lambda: at(desk, token), lambda found: found.status == 401)
    assert answer.failure == (401, 16, "invalid session: token signature is invalid")
    assert (await at(desk, await desk.login("eve"))).status == 200


async def test_without_a_key_nobody_logs_in(desk: Desk) -> None:
    secret = {key: value.decode() for key, value in desk.running.served.configuration.secret(ARGOCD_SECRET).items()}
    await desk.installed("Secret", ARGOCD_SECRET, {**secret, "server.secretkey": ""})
    body = {"username": "eve", "password": PASSWORD}
    answer = await until(
        lambda: desk.call("POST", "/api/v1/session", who="", json=body), lambda found: found.status != 200
    )
    assert answer.failure[:2] == (503, 14)
    assert (await at(desk, forged({"alg": "HS256"}, WELL_FORMED))).status == 503


async def test_a_flood_of_logins_is_turned_away_and_the_server_goes_on(desk: Desk) -> None:
    body = {"username": "nobody", "password": "x"}
    token = await desk.login("eve")
    flood = [desk.call("POST", "/api/v1/session", who="", json=body) for _ in range(120)]
    answers, known = await asyncio.gather(asyncio.gather(*flood), at(desk, token))
    assert {answer.status for answer in answers} <= {401, 429}
    assert known.status == 200
    assert all("retry-after" in answer.headers for answer in answers if answer.status == 429)


async def test_neither_password_nor_token_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = await desk.login("eve")
    await desk.call("POST", "/api/v1/session", who="", json={"username": "eve", "password": "hunter2-hunter2"})
    made = await desk.call("POST", "/api/v1/account/eve/token", who="eve", json={"id": "ci"})
    change = {"currentPassword": PASSWORD, "newPassword": "hunter3-hunter3"}
    await desk.call("PUT", "/api/v1/account/password", who="eve", json=change)
    await desk.call("DELETE", "/api/v1/session", who="", headers={"cookie": f"argocd.token={token}"})
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert "SessionService_Create" in written
    for secret in (PASSWORD, "hunter", token, made.body["token"], token.rpartition(".")[2]):
        assert secret not in written


async def test_the_audit_log_says_whose_login_it_was(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A name that no account has is not written down: it may be a password in the wrong field."""
    caplog.set_level(logging.INFO, "trimtab.audit")
    await desk.login("eve")
    await failed(desk, "eve")
    await failed(desk, "hunter2")
    await desk.call("POST", "/api/v1/account/eve/token", who="eve", json={"id": "ci"})
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "trimtab.audit"]
    assert [(line["object"], line["allowed"]) for line in lines if line["operation"] == "SessionService_Create"] == [
        ({"account": "eve"}, True),
        ({"account": "eve"}, False),
        ({"account": ""}, False),
        ({"account": "eve"}, True),
    ]
    assert lines[-1]["who"] == "eve"
    assert lines[-1]["object"] == {"name": "eve", "id": "ci"}
    assert "hunter2" not in caplog.text
