"""How a server stops to accept connections."""

import asyncio
from typing import Protocol


class Listener(Protocol):
    """A socket that listens."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


async def stop_accepting(*listeners: Listener) -> None:
    """Nobody new is heard from now on; call it before a server is closed.

    asyncio makes the transport of a connection one turn after it has accepted it, and fails to do so, and never closes
    the connection, where the server was closed in between.
    """
    for listener in listeners:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    await asyncio.sleep(0)
