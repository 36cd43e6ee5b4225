"""argocd-secret and argocd-initial-admin-secret: made once, however many servers start, and changed without losses."""

import asyncio
import base64
from collections.abc import Mapping

import bcrypt
import pytest

from tests.engine.world import until
from tests.server.desk import Desk
from trimtab.clock import StepClock
from trimtab.controller.namespace_data import Kind
from trimtab.errors import Retry
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.auth.secrets import INITIAL_SECRET, SIGNING_KEY, Secrets, ensure_secrets


async def start(desk: Desk) -> None:
    """What a server does first, with a connection of its own."""
    async with Transport(desk.config) as transport:
        await ensure_secrets(transport, Discovery(transport), namespace=desk.control, clock=StepClock())


def kept(desk: Desk) -> Secrets:
    return Secrets(desk.transport, Discovery(desk.transport), desk.control)


async def test_a_first_start_makes_a_key_and_a_password(empty_desk: Desk) -> None:
    await start(empty_desk)
    initial = (await kept(empty_desk).data(INITIAL_SECRET))["password"]
    data = await kept(empty_desk).data(ARGOCD_SECRET)
    assert len(initial) == 16
    assert bcrypt.checkpw(initial, data["admin.password"])
    assert data["admin.password"].startswith(b"$2b$10$")
    assert data["admin.passwordMtime"] == b"2026-01-01T00:00:00Z"
    assert len(base64.b64decode(data[SIGNING_KEY], validate=True)) == 32
    secret = await empty_desk.get("Secret", ARGOCD_SECRET, namespace=empty_desk.control)
    assert secret is not None and secret["metadata"]["labels"]["app.kubernetes.io/part-of"] == "argocd"


async def test_a_second_start_changes_nothing(empty_desk: Desk) -> None:
    await start(empty_desk)
    before = await kept(empty_desk).data(ARGOCD_SECRET), await kept(empty_desk).data(INITIAL_SECRET)
    await start(empty_desk)
    assert (await kept(empty_desk).data(ARGOCD_SECRET), await kept(empty_desk).data(INITIAL_SECRET)) == before


async def test_a_password_that_was_set_is_kept_and_none_is_drawn(empty_desk: Desk) -> None:
    await empty_desk.installed("Secret", ARGOCD_SECRET, {"admin.password": "hash", "webhook.github.secret": "shh"})
    await start(empty_desk)
    data = await kept(empty_desk).data(ARGOCD_SECRET)
    assert (data["admin.password"], data["webhook.github.secret"]) == (b"hash", b"shh")
    assert SIGNING_KEY in data
    assert await kept(empty_desk).data(INITIAL_SECRET) == {}


async def test_a_disabled_admin_gets_no_password(empty_desk: Desk) -> None:
    await empty_desk.installed("ConfigMap", "argocd-cm", {"admin.enabled": "false"})
    await start(empty_desk)
    assert set(await kept(empty_desk).data(ARGOCD_SECRET)) == {SIGNING_KEY}


async def test_servers_that_start_at_once_agree(empty_desk: Desk) -> None:
    await asyncio.gather(*(start(empty_desk) for _ in range(6)))
    initial = (await kept(empty_desk).data(INITIAL_SECRET))["password"]
    assert bcrypt.checkpw(initial, (await kept(empty_desk).data(ARGOCD_SECRET))["admin.password"])


async def test_a_start_that_was_broken_off_is_taken_up(empty_desk: Desk) -> None:
    await empty_desk.installed("Secret", INITIAL_SECRET, {"password": "drawn-before-the-crash"})
    await start(empty_desk)
    data = await kept(empty_desk).data(ARGOCD_SECRET)
    assert bcrypt.checkpw(b"drawn-before-the-crash", data["admin.password"])


async def test_the_drawn_password_logs_in(empty_desk: Desk) -> None:
    await empty_desk.start()
    drawn = (await until(lambda: kept(empty_desk).data(INITIAL_SECRET), bool))["password"].decode()

    async def status() -> int:
        body = {"username": "admin", "password": drawn}
        return (await empty_desk.call("POST", "/api/v1/session", who="", json=body)).status

    assert await until(status, lambda found: found == 200)


async def test_changes_made_at_once_all_last(empty_desk: Desk) -> None:
    async def add(number: int) -> None:
        def one_more(data: Mapping[str, bytes]) -> Mapping[str, bytes]:
            return {"names": data.get("names", b"") + bytes([number])}

        await kept(empty_desk).change("many", one_more)

    await asyncio.gather(*(add(number) for number in range(6)))
    assert sorted((await kept(empty_desk).data("many"))["names"]) == list(range(6))


async def test_a_change_leaves_the_rest_and_takes_keys_away(empty_desk: Desk) -> None:
    await empty_desk.installed("Secret", "one", {"a": "1", "b": "2"})
    await kept(empty_desk).change("one", lambda _: {"a": None, "c": b"3"})
    assert await kept(empty_desk).data("one") == {"b": b"2", "c": b"3"}
    assert await kept(empty_desk).change("one", lambda _: {}) is None


class Stale(Secrets, frozen=True):
    """Always sees the Secret as it was long ago."""

    async def read_object(self, kind: Kind, name: str) -> Manifest:
        return {"metadata": {"name": name, "resourceVersion": "1"}}


async def test_a_secret_that_others_write_all_the_time_is_given_up(empty_desk: Desk) -> None:
    await empty_desk.installed("Secret", "one", {"a": "1"})
    stale = Stale(empty_desk.transport, Discovery(empty_desk.transport), empty_desk.control)
    with pytest.raises(Retry, match="all the time"):
        await stale.change("one", lambda _: {"a": b"2"})
    assert await kept(empty_desk).data("one") == {"a": b"1"}
