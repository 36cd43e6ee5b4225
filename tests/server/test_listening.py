"""How a server ends: what is under way is answered, whoever only holds a connection is not waited for."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from tests.servers.authority import Authority
from trimtab.errors import Stalled
from trimtab.server.asgi import Server
from trimtab.server.listening import GRACE_SECONDS, Options, listening

LARGE = 8_000_000
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class Answers:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.body = b"ok"

    def close(self) -> None:
        pass

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.may_answer.wait()
        await PlainTextResponse(self.body)(Request(scope, receive).scope, receive, send)


Ended = Callable[[], Coroutine[Any, Any, float]]


@contextlib.asynccontextmanager
async def serving(answers: Answers, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, Ended]]:
    """The port, and a function that ends the server and tells how many seconds that took."""
    stack = contextlib.AsyncExitStack()
    url = await stack.enter_async_context(listening(cast(Server, answers), Options(port=0), tls=tls))

    async def ended() -> float:
        began = time.monotonic()
        await stack.aclose()
        return time.monotonic() - began

    try:
        yield int(url.rpartition(":")[2]), ended
    finally:
        await stack.aclose()


async def test_what_is_under_way_is_answered() -> None:
    answers = Answers()
    answers.body = b"x" * LARGE
    async with serving(answers) as (port, ended):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await answers.asked.wait()
        ending = asyncio.create_task(ended())
        await asyncio.sleep(0.3)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
        answers.may_answer.set()
        answer = b""
        while chunk := await reader.read(100_000):
            answer += chunk
            # Slower than the server can send.
            await asyncio.sleep(0.005)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert len(answer.partition(b"\r\n\r\n")[2]) == LARGE
        assert await ending < GRACE_SECONDS
        writer.close()


async def test_who_only_holds_a_connection_is_not_waited_for(tmp_path: Path) -> None:
    authority = Authority()
    answers = Answers()
    answers.may_answer.set()
    context = ssl.create_default_context(cadata=authority.pem)
    async with serving(answers, authority.server(tmp_path, "127.0.0.1")) as (port, ended):
        with socket.create_connection(("127.0.0.1", port)), contextlib.ExitStack() as holding:
            for sent in (REQUEST, REQUEST[:20], b""):
                # In a thread each: they never answer the server's farewell.
                connected = await asyncio.to_thread(_connected, port, context)
                holding.enter_context(connected)
                connected.sendall(sent)
            await answers.asked.wait()
            assert await ended() < GRACE_SECONDS / 2


def _connected(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")


async def test_an_address_that_is_taken() -> None:
    answers = Answers()
    async with serving(answers) as (port, _):
        with pytest.raises(Stalled, match=f"cannot listen on 127.0.0.1:{port}"):
            async with listening(cast(Server, answers), Options(port=port)):
                pass


async def test_ipv6() -> None:
    async with listening(cast(Server, Answers()), Options(host="::1", port=0)) as url:
        assert url.startswith("http://[::1]:")
