"""Words of the tests of local accounts."""

import contextlib
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import aiohttp
from multidict import CIMultiDictProxy

from tests.engine.world import CALM
from tests.server.desk import Answer, Desk
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings

CAN_I = "/api/v1/account/can-i/applications/get/default%2Fx"
"""What everybody may ask who is logged in."""


async def failed(desk: Desk, who: str) -> tuple[int, int, str]:
    """How a login with a wrong password ends."""
    body = {"username": who, "password": "wrong-password"}
    return (await desk.call("POST", "/api/v1/session", who="", json=body)).failure


async def at(desk: Desk, token: str) -> Answer:
    """What one is told who comes with this cookie and asks what anybody may who is logged in."""
    return await desk.call("GET", CAN_I, who="", headers={"cookie": f"argocd.token={token}"})


def set_cookies(answer: Answer) -> list[str]:
    """The cookies that an answer sets, as it writes them."""
    assert isinstance(answer.headers, CIMultiDictProxy)
    return list(answer.headers.getall("set-cookie", []))


def cookie_values(answer: Answer) -> dict[str, str]:
    """The same by name."""
    parsed: SimpleCookie = SimpleCookie()
    for line in set_cookies(answer):
        parsed.load(line)
    return {name: morsel.value for name, morsel in parsed.items()}


@contextlib.asynccontextmanager
async def replica(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    """Another server of the same installation, without a controller."""
    settings = Settings(namespace=desk.control, cache=desk.folder / "replica", calm=CALM)
    async with serving(desk.config, settings, Options(port=0, controller=False)) as running:
        await running.ready()
        async with aiohttp.ClientSession(running.url) as session:
            yield session


async def status_at(session: aiohttp.ClientSession, token: str) -> int:
    """As `at`, of another server."""
    async with session.get(CAN_I, headers={"authorization": f"Bearer {token}"}) as response:
        return response.status
