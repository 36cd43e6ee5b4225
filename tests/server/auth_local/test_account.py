"""/api/v1/account: who there is, passwords, API tokens, and what one may."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from tests.server.auth_local.people import CAN_I, at, replica, status_at
from tests.server.desk import PASSWORD, Desk, quoted
from trimtab.access.subject import Subject
from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.api.account import UpdatePasswordRequest, update_password
from trimtab.server.auth.secrets import secret_data
from trimtab.server.call import Call
from trimtab.server.failures import Failure
from trimtab.server.operation import NoQuery

ACCOUNT = "/api/v1/account"
NEW = "battery-staple"


async def handed_out(desk: Desk, who: str, **body: Any) -> str:
    """An API token of somebody's own."""
    answer = await desk.call("POST", f"{ACCOUNT}/{who}/token", who=who, json=body)
    assert answer.status == 200, answer.body
    token: str = answer.body["token"]
    return token


async def set_password(desk: Desk, who: str, **body: str) -> tuple[int, Any]:
    answer = await desk.call("PUT", f"{ACCOUNT}/password", who=who, json=body)
    return answer.status, answer.body.get("message", "")


async def test_everybody_sees_themselves_and_readers_see_all(desk: Desk) -> None:
    eve = {"name": "eve", "enabled": True, "capabilities": ["login", "apiKey"]}
    assert (await desk.call("GET", ACCOUNT, who="eve")).body == {"items": [eve]}
    seen = (await desk.call("GET", ACCOUNT, who="ada")).body["items"]
    assert [account["name"] for account in seen] == ["ada", "admin", "eve"]
    assert (await desk.call("GET", f"{ACCOUNT}/eve", who="eve")).body == eve
    assert (await desk.call("GET", f"{ACCOUNT}/eve", who="ada")).body == eve


async def test_others_are_hidden_whether_they_exist_or_not(desk: Desk) -> None:
    for name in ("ada", "nobody", quoted("../eve"), quoted("eve/x")):
        assert (await desk.call("GET", f"{ACCOUNT}/{name}", who="eve")).failure[:2] == (403, 7)
    assert (await desk.call("GET", f"{ACCOUNT}/nobody")).failure == (404, 5, "account nobody does not exist")
    assert (await desk.call("GET", ACCOUNT, who="")).failure == (401, 16, "no session information")


async def test_an_api_token_works_until_it_is_deleted(desk: Desk) -> None:
    token = await handed_out(desk, "eve", id="ci", expiresIn=3600)
    assert (await at(desk, token)).status == 200
    (listed,) = (await desk.call("GET", f"{ACCOUNT}/eve", who="eve")).body["tokens"]
    assert listed["id"] == "ci" and listed["expiresAt"] - listed["issuedAt"] == 3600
    assert (await desk.call("DELETE", f"{ACCOUNT}/eve/token/ci", who="eve")).body == {}
    gone = await at(desk, token)
    assert gone.failure == (401, 16, "invalid session: account eve does not have token with id ci")
    again = await desk.call("DELETE", f"{ACCOUNT}/eve/token/ci", who="eve")
    assert again.failure == (404, 5, "account eve does not have token with id ci")


async def test_a_token_works_at_another_replica_at_once(desk: Desk) -> None:
    async with replica(desk) as second:
        for n in range(5):
            assert await status_at(second, await handed_out(desk, "eve", id=f"t{n}")) == 200


async def test_logging_out_with_an_api_token_does_not_delete_it(desk: Desk) -> None:
    token = await handed_out(desk, "eve", expiresIn=3600)
    await desk.call("DELETE", "/api/v1/session", who="", headers={"authorization": f"Bearer {token}"})
    assert (await at(desk, token)).status == 200


async def test_a_token_without_an_id_gets_one_and_never_expires(desk: Desk) -> None:
    await handed_out(desk, "eve")
    (listed,) = (await desk.call("GET", f"{ACCOUNT}/eve", who="eve")).body["tokens"]
    assert len(listed["id"]) == 36 and "expiresAt" not in listed


async def test_tokens_made_at_once_are_all_listed(desk: Desk) -> None:
    made = await asyncio.gather(*(handed_out(desk, "eve", id=f"t{n}") for n in range(5)))
    assert [(await at(desk, token)).status for token in made] == [200] * 5


BAD_TOKENS: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"id": "taken"}, (409, 6)),
    ({"expiresIn": -1}, (400, 3)),
    ({"expiresIn": 1 << 62}, (400, 3)),
    ({"expiresIn": "1h"}, (400, 3)),
    ({"id": "x" * 129}, (400, 3)),
    ({"id": "a\nb"}, (400, 3)),
    ({"id": 5}, (400, 3)),
    ({"name": "eve", "expires": 5}, (400, 3)),
]


async def test_bad_tokens_are_refused(desk: Desk) -> None:
    await handed_out(desk, "eve", id="taken")
    for body, failure in BAD_TOKENS:
        answer = await desk.call("POST", f"{ACCOUNT}/eve/token", who="eve", json=body)
        assert answer.failure[:2] == failure, body
    assert len((await desk.call("GET", f"{ACCOUNT}/eve", who="eve")).body["tokens"]) == 1


async def test_a_token_is_for_the_account_in_the_path(desk: Desk) -> None:
    """Whatever the body says."""
    answer = await desk.call("POST", f"{ACCOUNT}/eve/token", who="eve", json={"name": "admin"})
    user = await desk.call(
        "GET", "/api/v1/session/userinfo", who="", headers={"authorization": f"Bearer {answer.body['token']}"}
    )
    assert user.body["username"] == "eve"


async def test_tokens_of_others_need_the_right(desk: Desk) -> None:
    token = {"id": "x"}
    assert (await desk.call("POST", f"{ACCOUNT}/ada/token", who="eve", json=token)).failure[:2] == (403, 7)
    assert (await desk.call("POST", f"{ACCOUNT}/eve/token", who="ada", json=token)).failure[:2] == (403, 7)
    assert (await desk.call("POST", f"{ACCOUNT}/eve/token", json=token)).status == 200
    assert (await desk.call("DELETE", f"{ACCOUNT}/eve/token/x", who="ada")).failure[:2] == (403, 7)
    assert (await desk.call("POST", f"{ACCOUNT}/nobody/token", json=token)).failure[:2] == (404, 5)


async def test_a_list_of_tokens_that_cannot_be_read_is_not_written_over(desk: Desk) -> None:
    secret = {key: value.decode() for key, value in desk.running.served.configuration.secret(ARGOCD_SECRET).items()}
    secret["accounts.eve.tokens"] = '[{"id": "precious", "iat": "a typo"}]'
    await desk.installed("Secret", ARGOCD_SECRET, secret)
    for method, path in (("POST", "token"), ("DELETE", "token/precious")):
        answer = await desk.call(method, f"{ACCOUNT}/eve/{path}", json={"id": "new"} if method == "POST" else None)
        assert answer.failure[:2] == (400, 9)
        assert "accounts.eve.tokens is not a list of tokens" in answer.failure[2]
    held = await desk.get("Secret", ARGOCD_SECRET, namespace=desk.control)
    assert secret_data(held)["accounts.eve.tokens"].decode() == secret["accounts.eve.tokens"]


async def test_a_token_needs_the_capability(desk: Desk) -> None:
    answer = await desk.call("POST", f"{ACCOUNT}/admin/token", json={})
    assert answer.status == 400 and "apiKey capability" in answer.body["message"]


async def test_a_password_is_changed_by_whoever_knows_it(desk: Desk) -> None:
    assert await set_password(desk, "eve", currentPassword=PASSWORD, newPassword=NEW) == (200, "")
    with_old = await desk.call("POST", "/api/v1/session", who="", json={"username": "eve", "password": PASSWORD})
    assert with_old.failure == (401, 16, "Invalid username or password")
    assert await desk.login("eve", NEW)


async def test_admin_changes_another_s_password_with_his_own(desk: Desk) -> None:
    ok = await set_password(desk, "admin", name="eve", currentPassword=PASSWORD, newPassword=NEW)
    assert ok == (200, "")
    assert await desk.login("eve", NEW)
    secret = desk.running.served.configuration.secret(ARGOCD_SECRET)
    assert secret["accounts.eve.passwordMtime"].endswith(b"Z")


BAD_PASSWORDS: list[tuple[str, dict[str, str], int, str]] = [
    ("eve", {"currentPassword": "wrong", "newPassword": NEW}, 400, "current password does not match"),
    ("eve", {"newPassword": NEW}, 400, "current password does not match"),
    ("eve", {"name": "ada", "currentPassword": PASSWORD, "newPassword": NEW}, 403, "permission denied"),
    ("ada", {"name": "eve", "currentPassword": PASSWORD, "newPassword": NEW}, 403, "permission denied"),
    ("admin", {"name": "nobody", "currentPassword": PASSWORD, "newPassword": NEW}, 404, "does not exist"),
    ("eve", {"currentPassword": PASSWORD, "newPassword": "short"}, 400, "expression: ^.{8,32}$"),
    ("eve", {"currentPassword": PASSWORD}, 400, "expression: ^.{8,32}$"),
    ("eve", {"currentPassword": PASSWORD, "newPassword": "🐴" * 20}, 400, "72 bytes"),
    ("eve", {"currentPassword": PASSWORD, "newPassword": "with\nnew line"}, 400, "expression"),
]


async def test_passwords_that_are_not_changed(desk: Desk) -> None:
    for who, body, status, message in BAD_PASSWORDS:
        found = await set_password(desk, who, **body)
        assert found[0] == status and message in found[1], (who, body, found)
        assert NEW not in found[1]
        assert await desk.login("eve"), "the old one still holds"


async def test_the_pattern_of_passwords_is_configured(empty_desk: Desk) -> None:
    await empty_desk.prepare(cm={"passwordPattern": "^[0-9]{4}$"})
    await empty_desk.start()
    assert (await set_password(empty_desk, "eve", currentPassword=PASSWORD, newPassword=NEW))[0] == 400
    assert (await set_password(empty_desk, "eve", currentPassword=PASSWORD, newPassword="1234"))[0] == 200


async def test_a_broken_pattern_lets_no_password_through(empty_desk: Desk) -> None:
    await empty_desk.prepare(cm={"passwordPattern": "("})
    await empty_desk.start()
    status, message = await set_password(empty_desk, "eve", currentPassword=PASSWORD, newPassword=NEW)
    assert status == 400 and "passwordPattern in argocd-cm" in message


async def test_guessing_the_current_password_locks_too(desk: Desk) -> None:
    for _ in range(5):
        assert (await set_password(desk, "eve", currentPassword="wrong", newPassword=NEW))[0] == 400
    assert (await set_password(desk, "eve", currentPassword=PASSWORD, newPassword=NEW))[0] == 400


ASKED: list[tuple[str, str, str]] = [
    ("admin", "applications/sync/default%2Fguestbook", "yes"),
    ("admin", "applications/action%2Fapps%2FDeployment%2Frestart/default%2Fguestbook", "yes"),
    ("ada", "applications/get/default%2Fguestbook", "yes"),
    ("ada", "applications/sync/default%2Fguestbook", "no"),
    ("eve", "applications/get/*", "no"),
]


async def test_can_i(desk: Desk) -> None:
    for who, asked, value in ASKED:
        assert (await desk.call("GET", f"{ACCOUNT}/can-i/{asked}", who=who)).body == {"value": value}, (who, asked)


async def test_can_i_knows_its_words(desk: Desk) -> None:
    for asked in ("pods/get/x", "applications/eat/x", "applications/..%2Fget/x"):
        assert (await desk.call("GET", f"{ACCOUNT}/can-i/{asked}")).failure[:2] == (400, 3)
    assert (await desk.call("GET", CAN_I, who="")).failure == (401, 16, "no session information")


def from_elsewhere(desk: Desk, name: str, *, seconds_ago: int = 0) -> Call[NoQuery, UpdatePasswordRequest]:
    """Somebody who came by single sign-on sets eve's password."""
    served = desk.running.served
    issued_at = int(served.clock.now().timestamp()) - seconds_ago
    return Call(
        served=served,
        subject=Subject(name=name, issuer="https://sso.example.com", issued_at=issued_at),
        params={},
        query=NoQuery(),
        body=UpdatePasswordRequest(name="eve", new_password=NEW),
        request=Request({"type": "http", "headers": []}),
    )


async def test_who_logged_in_elsewhere_sets_passwords_only_just_after(empty_desk: Desk) -> None:
    await empty_desk.prepare(policy="g, boss@example.com, role:admin\n")
    await empty_desk.start()
    await empty_desk.running.ready()
    with pytest.raises(Failure, match="logged in too long ago"):
        await update_password(from_elsewhere(empty_desk, "boss@example.com", seconds_ago=301))
    await update_password(from_elsewhere(empty_desk, "boss@example.com"))
    assert await empty_desk.login("eve", NEW)


async def test_a_namesake_from_elsewhere_is_not_the_account(desk: Desk) -> None:
    await desk.running.ready()
    with pytest.raises(Failure, match="permission denied: accounts, update, eve"):
        await update_password(from_elsewhere(desk, "eve"))
    assert await desk.login("eve")
