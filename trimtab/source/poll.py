"""When a repository is polled: Argo CD's interval and jitter as a pure function. The controller drives it.

All applications of a repository should share its fetches. Either poll by repository, with its URL as `seed`; or poll
by application and pass `since=now - TOLERANCE` to `GitStore`, which then fetches a repository at most that often.
"""

import hashlib

INTERVAL = 120.0
"""Argo CD's `timeout.reconciliation`, in seconds."""

JITTER = 60.0
"""Argo CD's `timeout.reconciliation.jitter`, in seconds."""

TOLERANCE = 30.0
"""Seconds that a fetch may be old to serve a poll: so hundreds of applications cost no more than one."""


def poll_delay(seed: str, turn: int, *, interval: float = INTERVAL, jitter: float = JITTER) -> float | None:
    """Seconds from poll number `turn` of `seed` to the next one: `interval` and up to `jitter` more, the same for the
    same seed and turn. None: polling is off (`interval` is 0)."""
    if interval <= 0:
        return None
    digest = hashlib.sha256(f"{seed}\0{turn}".encode()).digest()
    return interval + max(jitter, 0.0) * int.from_bytes(digest[:8]) / 2**64
