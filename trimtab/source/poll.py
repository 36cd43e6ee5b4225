"""When a repository is polled: Argo CD's interval and jitter as a pure function. The controller drives it.

Poll by repository, not by application: all applications of one repository then share one fetch. Use what names the
repository as `seed`, so that repositories spread over the jitter and a restart does not bring them together.
"""

import hashlib

INTERVAL = 120.0
"""Argo CD's `timeout.reconciliation`, in seconds."""

JITTER = 60.0
"""Argo CD's `timeout.reconciliation.jitter`, in seconds."""


def poll_delay(seed: str, turn: int, *, interval: float = INTERVAL, jitter: float = JITTER) -> float | None:
    """Seconds from poll number `turn` of `seed` to the next one: `interval` and up to `jitter` more, the same for the
    same seed and turn. None: polling is off (`interval` is 0)."""
    if interval <= 0:
        return None
    digest = hashlib.sha256(f"{seed}\0{turn}".encode()).digest()
    return interval + max(jitter, 0.0) * int.from_bytes(digest[:8]) / 2**64


def next_poll(seed: str, last: float, turn: int, *, interval: float = INTERVAL, jitter: float = JITTER) -> float | None:
    """When the poll after `last` is due, on the same clock as `last`; None: never."""
    delay = poll_delay(seed, turn, interval=interval, jitter=jitter)
    return None if delay is None else last + delay
