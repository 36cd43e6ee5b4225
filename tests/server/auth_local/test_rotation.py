"""The key that signs is rotated under local sessions and API tokens."""

import aiohttp
import msgspec

from tests.engine.world import until
from tests.server.auth_local.people import at, cookie_values, replica, status_at
from tests.server.desk import Answer, Desk
from trimtab.server.auth import sessions, tokens
from trimtab.server.auth.secrets import Secrets, ensure_secrets

OLD, NEW = "the-key-that-has-signed-until-today", "the-key-that-is-to-sign-from-now-on"


async def rotated(desk: Desk, key: str, previous: str | None) -> None:
    """Write a step of a rotation, and wait until the server has heard of it."""
    data = {"server.secretkey": key, "server.secretkey.previous": previous}
    await desk.patch(
        "Secret", "argocd-secret", {"stringData": {k: v or "" for k, v in data.items()}}, namespace=desk.control
    )
    expected = tuple(one.encode() for one in (key, previous) if one)

    async def keys() -> tuple[bytes, ...]:
        return sessions.local(desk.running.served).keys

    await until(keys, lambda found: found == expected)


async def api_token(desk: Desk) -> str:
    created = await desk.call("POST", "/api/v1/account/ada/token", json={"id": "ci"})
    assert created.status == 200, created.body
    token: str = created.body["token"]
    return token


async def test_sessions_and_api_tokens_go_on_until_the_key_before_is_gone(desk: Desk) -> None:
    await rotated(desk, OLD, None)
    session, token = await desk.login("admin"), await api_token(desk)
    for key, previous in ((OLD, NEW), (NEW, OLD)):
        await rotated(desk, key, previous)
        assert [(await at(desk, one)).status for one in (session, token)] == [200, 200]
    fresh = await desk.login("admin")
    assert tokens.is_signed(fresh, NEW.encode())
    await rotated(desk, NEW, None)
    assert [(await at(desk, one)).status for one in (session, token, fresh)] == [401, 401, 200]


async def test_a_session_of_the_key_before_is_renewed_with_the_new_one(desk: Desk) -> None:
    await rotated(desk, OLD, None)
    served = desk.running.served
    old = sessions.session_token(served, "admin", sessions.RENEW_SECONDS - 1)
    await rotated(desk, NEW, OLD)
    answer = await at(desk, old)
    renewed = cookie_values(answer)["argocd.token"]
    assert (tokens.is_signed(renewed, OLD.encode()), tokens.is_signed(renewed, NEW.encode())) == (False, True)


async def test_another_replica_takes_both(desk: Desk) -> None:
    await rotated(desk, OLD, NEW)
    old = await desk.login("admin")
    async with replica(desk) as other:
        await rotated(desk, NEW, OLD)
        new = await desk.login("admin")

        async def both(session: aiohttp.ClientSession = other) -> list[int]:
            return [await status_at(session, token) for token in (old, new)]

        assert await both() == [200, 200], "also before it has heard of the second step"
        await until(both, lambda found: found == [200, 200])


async def test_uses_of_the_key_before_are_counted(desk: Desk) -> None:
    await rotated(desk, OLD, None)
    session = await desk.login("admin")
    await rotated(desk, NEW, OLD)
    fresh = await desk.login("admin")
    for token in (session, fresh, session):
        await at(desk, token)
    told = await _metrics(desk, fresh)
    assert 'trimtab_previous_secret_uses_total{key="server.secretkey"} 2.0' in told
    assert 'trimtab_previous_secret_last_use_seconds{key="server.secretkey"}' in told


async def test_a_key_that_is_drawn_anew_leaves_none_before(empty_desk: Desk) -> None:
    """Who takes the key away wants everybody out."""
    kept = {"server.secretkey.previous": OLD, "admin.password": "x"}
    await empty_desk.installed("Secret", "argocd-secret", kept)
    transport, discovery = empty_desk.transport, empty_desk.discovery
    await ensure_secrets(transport, discovery, namespace=empty_desk.control, clock=transport.clock)
    data = await Secrets(transport, discovery, empty_desk.control).data("argocd-secret")
    assert set(data) == {"server.secretkey", "admin.password"}


async def _metrics(desk: Desk, token: str) -> str:
    answer: Answer = await desk.call("GET", "/metrics", who="", headers={"cookie": f"argocd.token={token}"})
    text = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return text.decode()
