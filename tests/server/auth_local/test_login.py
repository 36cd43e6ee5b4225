"""Logging in and out on a real server."""

import asyncio

import pytest

from tests.engine.world import until
from tests.server.auth_local.people import CAN_I, at, cookie_values, failed, replica, set_cookies, status_at
from tests.server.desk import PASSWORD, Desk
from trimtab.server.auth.limits import FAILURES
from trimtab.server.auth.passwords import Passwords

SESSION, USERINFO = "/api/v1/session", "/api/v1/session/userinfo"


async def test_a_login_gives_a_token_and_the_cookie(desk: Desk) -> None:
    answer = await desk.call("POST", SESSION, who="", json={"username": "ada", "password": PASSWORD})
    assert answer.status == 200
    (cookie,) = set_cookies(answer)
    assert cookie == f"argocd.token={answer.body['token']}; Path=/; SameSite=Lax; HttpOnly"


@pytest.mark.parametrize("carrier", ["bearer", "Bearer", "cookie"])
async def test_token_and_cookie_say_who_it_is(desk: Desk, carrier: str) -> None:
    token = await desk.login("ada")
    headers = {"cookie": f"argocd.token={token}"} if carrier == "cookie" else {"authorization": f"{carrier} {token}"}
    answer = await desk.call("GET", USERINFO, who="", headers=headers)
    assert answer.body == {"loggedIn": True, "username": "ada", "iss": "argocd"}


async def test_nobody_is_told_that_they_are_nobody(desk: Desk) -> None:
    assert (await desk.call("GET", USERINFO, who="")).body == {"loggedIn": False}
    forged = await desk.call("GET", USERINFO, who="", headers={"authorization": "Bearer a.b.c"})
    assert (forged.status, forged.body) == (200, {"loggedIn": False})


WRONG: list[tuple[dict[str, str], tuple[int, int, str]]] = [
    ({"username": "ada", "password": "wrong"}, (401, 16, "Invalid username or password")),
    ({"username": "nobody", "password": PASSWORD}, (401, 16, "Invalid username or password")),
    ({"username": "ADA", "password": PASSWORD}, (401, 16, "Invalid username or password")),
    ({"username": "ada", "password": ""}, (401, 16, "Blank passwords are not allowed")),
    ({"username": "ada"}, (401, 16, "Blank passwords are not allowed")),
    ({"password": PASSWORD}, (401, 16, "no credentials supplied")),
    ({}, (401, 16, "no credentials supplied")),
    ({"username": "a" * 33, "password": "x"}, (400, 3, "Username is too long (at most 32 characters)")),
    ({"username": "ada\0", "password": PASSWORD}, (401, 16, "Invalid username or password")),
    ({"username": "ada", "password": "\0" + "x" * 9000}, (401, 16, "Invalid username or password")),
    ({"username": "proj:default:x", "password": "x"}, (401, 16, "Invalid username or password")),
]


async def test_wrong_logins_are_refused(desk: Desk) -> None:
    for body, failure in WRONG:
        answer = await desk.call("POST", SESSION, who="", json=body)
        assert answer.failure == failure, body
        assert "set-cookie" not in answer.headers


async def test_a_token_is_no_credential_for_a_session(desk: Desk) -> None:
    answer = await desk.call("POST", SESSION, who="", json={"token": await desk.login("ada")})
    assert answer.status == 401


async def test_bodies_that_are_no_login_are_refused(desk: Desk) -> None:
    for body in (b"[]", b"{", b'{"username": 1}', b'{"username": "ada", "passwort": "x"}', b"\xff"):
        assert (await desk.call("POST", SESSION, who="", data=body)).failure[:2] == (400, 3)
    assert (await desk.call("POST", SESSION, who="", data=b" " * (17 << 10))).status == 413


async def test_a_login_needs_an_enabled_account_with_the_capability(empty_desk: Desk) -> None:
    cm = {"accounts.eve": "apiKey", "accounts.ada.enabled": "false", "admin.enabled": "false"}
    await empty_desk.prepare(cm=cm)
    await empty_desk.start()
    for who, message in (
        ("eve", "Account eve does not have login capability"),
        ("ada", "Account ada is disabled"),
        ("admin", "Account admin is disabled"),
    ):
        answer = await empty_desk.call("POST", SESSION, who="", json={"username": who, "password": PASSWORD})
        assert answer.failure == (401, 16, message)


async def test_an_account_that_cannot_be_read_is_told_of_and_shut(empty_desk: Desk) -> None:
    await empty_desk.prepare(cm={"accounts.ada.enabled": "perhaps"})
    await empty_desk.start()
    body = {"username": "ada", "password": PASSWORD}
    refused = await empty_desk.call("POST", SESSION, who="", json=body)
    assert refused.failure == (401, 16, "Account ada is disabled")
    (problem,) = (await empty_desk.call("GET", "/readyz", who="")).body["problems"]["local accounts"]
    assert "accounts.ada.enabled" in problem
    assert await empty_desk.login("eve"), "others are not touched"


async def test_five_failures_lock_an_account_and_nobody_can_tell(desk: Desk) -> None:
    for _ in range(FAILURES):
        assert await failed(desk, "eve") == await failed(desk, "nobody")
    right = await desk.call("POST", SESSION, who="", json={"username": "eve", "password": PASSWORD})
    assert right.failure == (401, 16, "Invalid username or password")
    assert await desk.login("ada"), "others are not locked"


async def test_it_takes_as_long_whoever_it_is(empty_desk: Desk) -> None:
    """Each attempt is one bcrypt, of the same cost, also for who is locked, unknown, or has no password."""
    await empty_desk.prepare(cm={"accounts.bob": "login"})
    await empty_desk.start()
    await empty_desk.running.ready()
    compared = empty_desk.running.served.logins.passwords = Recording()
    for who in ("eve", "nobody", "bob", *["eve"] * FAILURES):
        await failed(empty_desk, who)
    assert len(compared.costs) == FAILURES + 3
    assert set(compared.costs) == {"$2b$04$"}


class Recording(Passwords):
    """Notes the cost of each comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.costs: list[str] = []

    async def match(self, password: str, password_hash: str) -> bool:
        self.costs.append(password_hash[:7])
        return await super().match(password, password_hash)


async def test_many_at_once_are_no_more_than_five(desk: Desk) -> None:
    """The sixth is locked out although none of the five before it has failed yet."""
    tries = [desk.call("POST", SESSION, who="", json={"username": "eve", "password": "wrong"}) for _ in range(FAILURES)]
    right = desk.call("POST", SESSION, who="", json={"username": "eve", "password": PASSWORD})
    answers = await asyncio.gather(*tries, right)
    assert {answer.status for answer in answers} == {401}


async def test_an_address_that_fails_all_the_time_is_told_to_wait(desk: Desk) -> None:
    answers = await asyncio.gather(*(failed(desk, f"nobody-{number}") for number in range(50)))
    assert set(answers) == {(401, 16, "Invalid username or password")}
    answer = await desk.call("POST", SESSION, who="", json={"username": "ada", "password": PASSWORD})
    assert answer.failure[:2] == (429, 8)
    assert 1 <= int(answer.headers["retry-after"]) <= 7


async def test_a_session_that_was_ended_counts_nowhere(desk: Desk) -> None:
    token, other = await desk.login("ada"), await desk.login("ada")
    answer = await desk.call("DELETE", SESSION, who="", headers={"cookie": f"argocd.token={token}"})
    assert (answer.status, answer.body) == (200, {})
    assert set_cookies(answer) == ["argocd.token=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0"]
    assert (await at(desk, token)).failure == (401, 16, "invalid session: token is revoked, please log in again")
    assert (await at(desk, other)).status == 200


async def test_every_replica_knows_what_one_was_told(desk: Desk) -> None:
    token, other, later = await desk.login("ada"), await desk.login("ada"), await desk.login("ada")
    async with replica(desk) as second:
        assert await status_at(second, token) == 200
        left = await desk.call("DELETE", SESSION, who="", headers={"cookie": f"argocd.token={token}"})
        assert left.status == 200, left.body
        await until(lambda: status_at(second, token), lambda status: status == 401)
        async with second.delete(SESSION, headers={"authorization": f"Bearer {other}"}) as response:
            assert response.status == 200
        assert await status_at(second, other) == 401, "at once where it was said"
        await until(lambda: at(desk, other), lambda answer: answer.status == 401)
        assert await status_at(second, later) == 200
    async with replica(desk) as third:
        assert [await status_at(third, one) for one in (token, other, later)] == [401, 401, 200]


async def test_logging_out_twice_or_without_a_session_is_no_error(desk: Desk) -> None:
    token = await desk.login("ada")
    for cookie in (f"argocd.token={token}", f"argocd.token={token}", "argocd.token=a.b.c", "x=y"):
        assert (await desk.call("DELETE", SESSION, who="", headers={"cookie": cookie})).status == 200


async def test_who_is_shut_out_may_still_leave(desk: Desk) -> None:
    """And is not back in when the account is."""
    token = await desk.login("ada")
    shut = {"accounts.ada": "login", "accounts.ada.enabled": "false"}
    await desk.installed("ConfigMap", "argocd-cm", shut)
    await until(lambda: at(desk, token), lambda answer: answer.status == 401)
    out = await desk.call("DELETE", SESSION, who="", headers={"cookie": f"argocd.token={token}"})
    assert out.status == 200
    await desk.installed("ConfigMap", "argocd-cm", {**shut, "accounts.ada.enabled": "true"})
    answer = await until(lambda: at(desk, token), lambda found: "disabled" not in found.body["message"])
    assert answer.failure[2] == "invalid session: token is revoked, please log in again"


async def test_another_site_cannot_log_a_person_out(desk: Desk) -> None:
    token = await desk.login("ada")
    headers = {"cookie": f"argocd.token={token}", "origin": "https://evil.example.com"}
    assert (await desk.call("DELETE", SESSION, who="", headers=headers)).status == 403
    assert (await at(desk, token)).status == 200


async def test_a_session_about_to_end_is_renewed(empty_desk: Desk) -> None:
    await empty_desk.prepare(cm={"users.session.duration": "4m"})
    await empty_desk.start()
    old = await empty_desk.login("ada")
    answer = await at(empty_desk, old)
    new = cookie_values(answer)["argocd.token"]
    assert new != old
    assert (await at(empty_desk, new)).status == 200
    out = await empty_desk.call("DELETE", SESSION, who="", headers={"cookie": f"argocd.token={new}"})
    assert cookie_values(out) == {"argocd.token": ""}, "who leaves is not renewed"


async def test_a_long_session_is_not_renewed(desk: Desk) -> None:
    assert "set-cookie" not in (await at(desk, await desk.login("ada"))).headers


async def test_anybody_may_look_where_that_is_configured(empty_desk: Desk) -> None:
    await empty_desk.prepare(cm={"users.anonymous.enabled": "true"})
    await empty_desk.start()
    assert (await empty_desk.call("GET", CAN_I, who="")).body == {"value": "no"}
    forged = await empty_desk.call("GET", CAN_I, who="", headers={"authorization": "Bearer a.b.c"})
    assert forged.status == 401, "a token that does not count is told so"


async def test_many_logins_at_once_with_the_right_password(desk: Desk) -> None:
    tokens = await asyncio.gather(*(desk.login("ada") for _ in range(12)))
    assert len(set(tokens)) == 12
