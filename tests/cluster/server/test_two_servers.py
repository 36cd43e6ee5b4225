"""Two servers behind a proxy that knows no sessions: one is killed, one is told to stop, and nobody loses anything."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from tests.cluster.server.replicas import Replica, caller
from tests.engine.objects import config_map, files, workflow
from tests.engine.test_hooks import WORKFLOWS
from tests.engine.world import at, until
from tests.server.desk import PASSWORD, Desk
from tests.servers.balancer import Balancer
from trimtab.controller.leading import NAME
from trimtab.kube.watch import watch
from trimtab.model.keys import Manifest
from trimtab.model.observed import Upserted
from trimtab.server.auth.secrets import Secrets
from trimtab.server.tls import pair_in

LEASES = "coordination.k8s.io/Lease"
SHORT, LONG = "3s", "5m"
"""LONG: who acts next has been told so, or the test fails."""

Start = Callable[..., "contextlib.AbstractAsyncContextManager[tuple[Replica, Replica]]"]


@pytest.fixture
async def desk(empty_desk: Desk) -> Desk:
    """A desk with accounts whose server runs elsewhere."""
    await empty_desk.prepare()
    return empty_desk


@contextlib.asynccontextmanager
async def two(desk: Desk, *, lease_duration: str) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two servers, both ready; the first one acts."""
    first, second = (Replica(name, desk, lease_duration=lease_duration) for name in ("first", "second"))
    async with contextlib.AsyncExitStack() as stack:
        for replica in (first, second):
            stack.push_async_callback(replica.close)
            await replica.start()
            await replica.ready()
            await first.acts()
        yield first, second


@contextlib.asynccontextmanager
async def logged_in(desk: Desk, port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """The admin's browser: its cookie is all it has. It trusts the certificate that the replicas share."""
    shared = pair_in(await Secrets(desk.transport, desk.discovery, desk.control).data("argocd-secret"))
    assert shared is not None
    async with caller(port, shared.certificate) as session:
        async with session.post("/api/v1/session", json={"username": "admin", "password": PASSWORD}) as response:
            assert response.status == 200, await response.text()
        yield session


class Listener:
    """Somebody's page: hears of applications by server-sent events, and comes back when the connection is lost."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.connections = 0
        self.statuses: list[str] = []
        self._session = session

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await self._listen()
            await asyncio.sleep(0.1)

    async def heard(self, status: str) -> None:
        async def last() -> str:
            return self.statuses[-1] if self.statuses else ""

        await until(last, lambda seen: seen == status)

    async def _listen(self) -> None:
        headers = {"accept": "text/event-stream"}
        async with self._session.get("/api/v1/stream/applications", headers=headers) as response:
            assert response.status == 200, await response.text()
            self.connections += 1
            async for line in response.content:
                if line.startswith(b"data:"):
                    app = json.loads(line[5:])["result"]["application"]
                    self.statuses.append(at(app, "status.sync.status") or "")


@contextlib.asynccontextmanager
async def listening(session: aiohttp.ClientSession) -> AsyncIterator[Listener]:
    listener = Listener(session)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def created_hooks(desk: Desk) -> AsyncIterator[dict[str, str]]:
    """Every Workflow that comes to be in the destination namespace: its name by its uid."""
    found: dict[str, str] = {}
    resource = await desk.resource(WORKFLOWS)

    async def follow() -> None:
        async for events in watch(desk.transport, resource, namespace=desk.place):
            for event in events:
                if isinstance(event, Upserted):
                    found[event.observed.meta.uid] = event.observed.key.name

    task = asyncio.create_task(follow())
    try:
        yield found
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def a_sync_with_hooks(desk: Desk, session: aiohttp.ClientSession) -> None:
    """Create an application through the API, and sync it; return when its first hook runs."""
    desk.repo.commit(
        files("app", config_map("settings"), workflow("pre", hook="PreSync"), workflow("post", hook="PostSync"))
    )
    app = desk.an_app(auto_sync=False)
    async with session.post("/api/v1/applications", json=app) as response:
        assert response.status == 200, await response.text()
    async with session.post(f"/api/v1/applications/{desk.named()}/sync", json={}) as response:
        assert response.status == 200, await response.text()
    await desk.there(WORKFLOWS, "pre")
    await desk.app_until(lambda app: at(app, "status.operationState.phase") == "Running")


async def ends_well(desk: Desk) -> Manifest:
    """Let the hooks end; the Application when its operation has succeeded."""
    await desk.end("pre", "Succeeded")
    await desk.end("post", "Succeeded")
    return await desk.sync_ended("Succeeded")


async def keeps_answering(session: aiohttp.ClientSession) -> None:
    """Nobody has to log in again, whichever server is asked."""
    for _ in range(6):
        async with session.get("/api/v1/session/userinfo") as response:
            assert response.status == 200, await response.text()
            assert (await response.json())["loggedIn"] is True
        async with session.get("/api/v1/applications") as response:
            assert response.status == 200, await response.text()


async def holder(desk: Desk) -> str:
    found = await desk.get(LEASES, NAME, namespace=desk.control)
    return str(at(found, "spec.holderIdentity"))


async def test_one_is_killed_in_the_middle_of_a_sync(desk: Desk) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first, second = await stack.enter_async_context(two(desk, lease_duration=SHORT))
        balancer = await stack.enter_async_context(Balancer(first.port, second.port))
        hooks = await stack.enter_async_context(created_hooks(desk))
        session = await stack.enter_async_context(logged_in(desk, balancer.port))
        pages = [await stack.enter_async_context(listening(session)) for _ in range(2)]
        await a_sync_with_hooks(desk, session)
        await keeps_answering(session)
        assert balancer.taken[first.port] > 0
        assert balancer.taken[second.port] > 0
        for page in pages:
            await page.heard("OutOfSync")
        await first.kill()
        await keeps_answering(session)
        await second.acts()
        app = await ends_well(desk)
        for page in pages:
            await page.heard("Synced")
        assert sum(page.connections for page in pages) == 3
        await keeps_answering(session)
        assert sorted(hooks.values()) == ["post", "pre"]
        assert [entry["id"] for entry in at(app, "status.history")] == [0]
        assert len([one for one in await desk.events("OperationStarted") if "admin" in one]) == 1


async def test_one_is_told_to_stop_in_the_middle_of_a_sync(desk: Desk) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first, second = await stack.enter_async_context(two(desk, lease_duration=LONG))
        hooks = await stack.enter_async_context(created_hooks(desk))
        session = await stack.enter_async_context(logged_in(desk, first.port))
        await a_sync_with_hooks(desk, session)
        stream = await session.get("/api/v1/stream/applications", headers={"accept": "text/event-stream"})
        assert await stream.content.readuntil(b"\n\n") == b":\n\n"
        assert (await stream.content.readline()).startswith(b"data:")
        under_way = asyncio.create_task(_a_slow_login(session, first))
        await asyncio.sleep(0.3)
        assert not under_way.done()
        before = await holder(desk)
        first.terminate()
        # The stream ends as streams do, not as a connection that breaks.
        async for _ in stream.content:
            pass
        assert await under_way == 200
        assert await first.ended() == 0
        await second.acts()
        assert await holder(desk) not in ("", before)
        app = await ends_well(desk)
        assert sorted(hooks.values()) == ["post", "pre"]
        assert [entry["id"] for entry in at(app, "status.history")] == [0]
        second.terminate()
        assert await second.ended() == 0
        assert await holder(desk) == ""


async def test_one_is_frozen_and_wakes_up_when_another_acts(desk: Desk) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first, second = await stack.enter_async_context(two(desk, lease_duration=SHORT))
        hooks = await stack.enter_async_context(created_hooks(desk))
        session = await stack.enter_async_context(logged_in(desk, second.port))
        await a_sync_with_hooks(desk, session)
        first.freeze()
        try:
            await second.acts()
            await desk.end("pre", "Succeeded")
            await desk.there(WORKFLOWS, "post")
        finally:
            first.wake()
        await until(first.readiness, lambda seen: seen.get("acting") is False)
        app = await ends_well(desk)
        assert sorted(hooks.values()) == ["post", "pre"]
        assert [entry["id"] for entry in at(app, "status.history")] == [0]
        await desk.edit({"spec": {"source": {"path": "elsewhere"}}})
        await desk.app_until(lambda app: at(app, "status.sync.status") == "Unknown")
        assert "elsewhere" not in first.log


async def _a_slow_login(session: aiohttp.ClientSession, replica: Replica) -> int:
    """A request whose body is still coming when the server is told to stop; the status of its answer."""

    async def body() -> AsyncIterator[bytes]:
        text = json.dumps({"username": "admin", "password": PASSWORD}).encode()
        yield text[:10]
        await asyncio.sleep(1.0)
        yield text[10:]

    async with session.post("/api/v1/session", data=body(), headers={"content-type": "application/json"}) as response:
        return response.status
