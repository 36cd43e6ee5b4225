"""Thousands of open streams, callers who read nothing, and calls that are waited for when the server stops."""

import asyncio
import contextlib
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.engine.world import until
from tests.server.crowd import most_files
from tests.server.desk import Desk
from trimtab.server import waits
from trimtab.server.listening import Options

ROOT = Path(__file__).parents[2]
ALONE = Options(port=0, controller=False)
WANTED = 10_000
SPARE = 500
"""Files that the process has open beside its streams."""
TURNS = 200
"""Of the event loop; a quiet server answers in some twenty."""
MOST_BYTES = 100_000
"""Of memory, for one open stream."""
PATIENCE = 240.0
STREAM = "/api/v1/stream/applications"


@pytest.fixture
async def alone(empty_desk: Desk) -> Desk:
    """A desk whose server has no controller, with one Application."""
    await empty_desk.prepare()
    await empty_desk.create(empty_desk.an_app(auto_sync=False))
    await empty_desk.start(options=ALONE)
    return empty_desk


@contextlib.asynccontextmanager
async def a_crowd(desk: Desk, count: int, mark: str) -> AsyncIterator[Process]:
    arguments = ("-m", "tests.server.crowd", desk.running.url, str(count), mark)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        assert process.stdin is not None
        process.stdin.write(f"{await desk.login('admin')}\n".encode())
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode().strip()


async def turns_of(session: aiohttp.ClientSession, path: str) -> int:
    """How often the event loop turns until the answer is there; while nothing happens it does not."""
    loop: Any = asyncio.get_running_loop()
    turn, turns = loop._run_once, 0

    def counted() -> None:
        nonlocal turns
        turns += 1
        turn()

    loop._run_once = counted
    try:
        async with asyncio.timeout(PATIENCE), session.get(path) as response:
            assert response.status == 200
            await response.read()
    finally:
        del loop._run_once
    return turns


def memory() -> int:
    """Of this process, in bytes."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize()


async def test_ten_thousand_open_streams(alone: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    count = min(WANTED, most_files() - SPARE)
    session = await alone.session("admin")
    before, tasks = memory(), len(asyncio.all_tasks())
    async with a_crowd(alone, count, "the-change") as crowd:
        assert await said(crowd) == f"open {count}"
        each = (memory() - before) // count
        with capsys.disabled():
            print(f"\n{count} open streams, {each} bytes of memory each")
        assert each < MOST_BYTES
        assert await turns_of(session, "/healthz") < TURNS
        assert await turns_of(session, "/api/v1/applications") < TURNS
        await alone.edit({"metadata": {"annotations": {"example.com/a": "the-change"}}})
        assert await turns_of(session, "/healthz") < TURNS, "also while everybody is told"
        assert await said(crowd) == f"told {count}"
        ending = asyncio.create_task(alone.stop())
        assert await said(crowd) == f"ended {count}"
        await ending
        assert len(asyncio.all_tasks()) < tasks, "nothing is left of the streams, nor of the server"


async def test_who_reads_nothing_holds_up_nobody(alone: Desk) -> None:
    """Neither the others nor the end of the server."""
    token = await alone.login("admin")
    head = f"GET {STREAM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    port = int(alone.running.url.rpartition(":")[2])
    _, deaf = await asyncio.open_connection("127.0.0.1", port, limit=1)
    deaf.write(head)
    session = await alone.session("admin")
    async with session.get(STREAM, params={"fields": "result.application.metadata.annotations"}) as stream:
        for number in range(40):
            text = str(number) * (200_000 // len(str(number)))
            await alone.edit({"metadata": {"annotations": {"example.com/a": text, "example.com/n": f"n{number}."}}})
        async with asyncio.timeout(PATIENCE):
            while b"n39." not in await _line(stream):
                pass
        assert await turns_of(session, "/healthz") < TURNS
    async with asyncio.timeout(waits.GRACE_SECONDS + 8):
        await alone.stop()
    deaf.close()


async def _line(stream: aiohttp.ClientResponse) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = await stream.content.readany()
        assert chunk, "the stream ended"
        line += chunk
    return line


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server looks soon whether a caller is still there."""
    monkeypatch.setattr(waits, "LONG_SECONDS", 0.01)
    monkeypatch.setattr(waits, "GRACE_SECONDS", 0.1)


async def asked(desk: Desk) -> "asyncio.Task[tuple[int, Any]]":
    """A refresh that nobody will do, when it has been asked for."""
    session = await desk.session("admin")

    async def refresh() -> tuple[int, Any]:
        async with session.get(f"/api/v1/applications/{desk.named()}", params={"refresh": "normal"}) as response:
            return response.status, await response.json()

    task = asyncio.create_task(refresh())
    await desk.app_until(lambda app: app["metadata"].get("annotations"))
    return task


async def test_a_refresh_ends_when_its_caller_hangs_up(alone: Desk, hasty: None) -> None:
    calls = alone.running.served.calls
    task = await asked(alone)
    task.cancel()

    async def given_up() -> int:
        return calls["ApplicationService_Get", 499]

    await until(given_up, bool)


async def test_a_refresh_ends_when_the_server_stops(alone: Desk, hasty: None) -> None:
    task = await asked(alone)
    running = asyncio.create_task(alone._controller.aclose())
    async with asyncio.timeout(PATIENCE / 30):
        status, body = await task
        await running
    assert (status, body["code"]) == (503, 14)
    assert "the server stops" in body["message"]
