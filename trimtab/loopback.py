"""An HTTP server for this machine alone: pages for its browser, and stand-ins."""

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

from aiohttp import web

from trimtab.accepting import stop_accepting


@contextlib.asynccontextmanager
async def serving_on_loopback(
    app: web.Application | web.Server,
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    patience: float = 0.1,
) -> AsyncIterator[int]:
    """Serve `app` until the context ends; gives the port. `port` 0: any free one.

    `patience`: seconds that what is under way at the end gets. Raises OSError when the port is taken.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    runner = _runner(app, patience)
    try:
        await runner.setup()
        await web.SockSite(runner, listener, ssl_context=tls).start()
        yield int(listener.getsockname()[1])
    finally:
        await stop_accepting(listener)
        await runner.cleanup()
        listener.close()


def _runner(app: web.Application | web.Server, patience: float) -> web.AppRunner | web.ServerRunner:
    if isinstance(app, web.Application):
        return web.AppRunner(app, access_log=None, shutdown_timeout=patience)
    return web.ServerRunner(app, shutdown_timeout=patience)
