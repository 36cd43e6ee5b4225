"""The server on a socket."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import uvicorn
from msgspec import Struct

from trimtab.server.asgi import Server

GRACE_SECONDS = 20
"""What is under way when the server is told to stop has this long to end."""


class Options(Struct, frozen=True, kw_only=True):
    """How to serve. `port` 0: any free one. `tls` None: plain HTTP, for behind an ingress that ends TLS."""

    host: str = "127.0.0.1"
    port: int = 8080
    tls: ssl.SSLContext | None = None
    controller: bool = True
    trusted_proxies: str = "127.0.0.1"


@contextlib.asynccontextmanager
async def listening(server: Server, options: Options) -> AsyncIterator[str]:
    """Serve until the context ends, then let what is under way finish; gives the URL."""
    listener = socket.create_server((options.host, options.port), backlog=2048)
    config = uvicorn.Config(
        server,
        lifespan="off",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=options.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
    )
    config.load()
    config.ssl = options.tls
    http = _Uvicorn(config)
    task = asyncio.create_task(http.serve(sockets=[listener]), name="http")
    try:
        scheme = "https" if options.tls else "http"
        yield f"{scheme}://{options.host}:{listener.getsockname()[1]}"
    finally:
        http.should_exit = True
        server.streams.close()
        await task


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Signals are the command's business: it ends the context."""
        yield
