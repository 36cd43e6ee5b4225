"""Free TCP ports on the loopback interface."""

import random
import socket
from contextlib import ExitStack

# Below the kernel's range for outgoing connections: a server that restarts on its port must find it still free.
LOWEST, HIGHEST = 20_000, 32_000
TRIES = 1_000


def free(count: int) -> list[int]:
    """Distinct ports that nobody listens on now. Raises OSError when there are not enough."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(TRIES):
            if len(found) == count:
                return found
            port = random.randint(LOWEST, HIGHEST)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise OSError(f"no {count} free ports between {LOWEST} and {HIGHEST}")
