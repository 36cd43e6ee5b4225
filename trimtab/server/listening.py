"""The server on a socket."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import uvicorn
from msgspec import Struct

from trimtab.accepting import stop_accepting
from trimtab.controller.lease import Terms
from trimtab.errors import Stalled
from trimtab.server.asgi import Server
from trimtab.server.connection import Connection, Limits

BACKLOG = 2048
FIRST_LOOK, LOOK_AGAIN = 0.01, 0.1
"""Whether all have gone is looked at soon, then less and less often."""
TICK_SECONDS = 1.0
FAREWELL_SECONDS = 1.0
"""Callers who have their answer have this long to hang up."""
STALLED_SECONDS = 5.0
"""Callers who take nothing of theirs for so long are not waited for."""
GRACE_SECONDS = 20
"""What is under way when the server is told to stop has this long to end."""


class Files(Struct, frozen=True):
    """A certificate and its private key, PEM."""

    certificate: Path
    key: Path


class Options(Struct, frozen=True, kw_only=True):
    """How to serve. `port` 0: any free one. `tls`: the certificate is in files or in Secrets; None is plain HTTP, for
    behind an ingress that ends TLS. `terms`: of the Lease, for the `controller`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    tls: Files | Literal["secrets"] | None = None
    controller: bool = True
    terms: Terms = Terms()
    trusted_proxies: str = "127.0.0.1"
    limits: Limits = Limits()


@contextlib.asynccontextmanager
async def listening(server: Server, options: Options, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve until the context ends, then let what is under way finish; gives the URL. Raises Stalled when the address
    cannot be had.
    """
    listener = _bound(options)
    config = uvicorn.Config(
        server,
        lifespan="off",
        http=cast(Any, partial(Connection, limits=options.limits)),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=options.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
    )
    config.load()
    config.ssl = tls
    http = _Uvicorn(config)
    task = asyncio.create_task(http.serve(sockets=[listener]), name="http")
    try:
        scheme = "https" if tls else "http"
        host = f"[{options.host}]" if ":" in options.host else options.host
        yield f"{scheme}://{host}:{listener.getsockname()[1]}"
    finally:
        await stop_accepting(listener)
        await _end(http, server, task)


async def _end(http: "_Uvicorn", server: Server, task: asyncio.Task[None]) -> None:
    """Return when what was under way is answered. Callers who have asked nothing, and those who do not close their end,
    are not waited for.
    """
    http.tell_to_stop()
    server.close()
    quiet, left, pause = 0.0, 0, FIRST_LOOK
    while quiet < _patience(http, left) and not task.done():
        await asyncio.wait({task}, timeout=pause)
        before, left = left, _unsent(http)
        quiet = 0.0 if http.server_state.tasks or left != before else quiet + pause
        pause = min(2 * pause, LOOK_AGAIN)
    if not task.done():
        for connection in list(http.server_state.connections):
            connection.transport.abort()
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _patience(http: uvicorn.Server, left: int) -> float:
    """For how many seconds nothing may happen, with `left` bytes to be sent."""
    if left:
        return STALLED_SECONDS
    return FAREWELL_SECONDS if http.server_state.connections else FIRST_LOOK


def _unsent(http: uvicorn.Server) -> int:
    """Bytes of answers that their callers have not taken yet."""
    return sum(one.transport.get_write_buffer_size() for one in http.server_state.connections)


def _bound(options: Options) -> socket.socket:
    six = ":" in options.host
    family = socket.AF_INET6 if six else socket.AF_INET
    try:
        # `::` takes IPv4, too.
        bound = socket.create_server((options.host, options.port), family=family, backlog=BACKLOG, dualstack_ipv6=six)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        raise Stalled(f"cannot listen on {where}: {error.strerror}; choose another address or port") from error
    # Connections have it from here; asyncio sets it only on its own sockets. Without it every second answer on a
    # connection waits 40 ms for an acknowledgement.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def tell_to_stop(self) -> None:
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times a second whether it is told to stop."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Signals are the command's business: it ends the context."""
        yield
