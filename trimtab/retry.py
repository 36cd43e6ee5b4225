"""When to send a request again, and after how long. Decides only: who sends it sleeps."""

import random
from collections.abc import Callable
from enum import Enum, auto

from msgspec import Struct


class Trouble(Enum):
    """How far a request came before it failed."""

    NOT_SENT = auto()
    """Refused, no such host: the server has seen nothing of it."""
    LOST = auto()
    """The connection broke; the server may or may not have carried it out."""
    BUSY = auto()
    """429: the server turned it away before doing anything."""
    BROKEN = auto()
    """5xx."""


class Backoff(Struct, frozen=True):
    """Waits that double from `first` to `most` seconds, each shortened at random by up to half."""

    first: float = 0.1
    most: float = 5.0

    def seconds(self, attempt: int, *, chance: Callable[[], float] = random.random) -> float:
        """The wait after failure number `attempt` (from 0)."""
        full = min(self.most, self.first * 2.0 ** min(attempt, 30))
        return full * (1 - chance() / 2)


class RetryPolicy(Struct, frozen=True):
    """`attempts`: how often a request is sent at most (429 with Retry-After is bounded by the deadline alone)."""

    attempts: int = 5
    backoff: Backoff = Backoff()

    def wait(
        self, trouble: Trouble, *, attempt: int, idempotent: bool, left: float, retry_after: float | None = None
    ) -> float | None:
        """Seconds to wait before sending again, None to give up.

        `attempt`: failures so far, from 0. `left`: seconds to the deadline. `idempotent`: sending twice does no more
        than sending once. `retry_after`: what the server asked for.
        """
        if not idempotent and trouble not in (Trouble.NOT_SENT, Trouble.BUSY):
            return None
        asked = trouble is Trouble.BUSY and retry_after is not None
        if attempt + 1 >= self.attempts and not asked:
            return None
        # The first loss is mostly a connection that the server had given up while it was idle.
        wait = 0.0 if trouble is Trouble.LOST and attempt == 0 else self.backoff.seconds(attempt)
        if retry_after is not None:
            # A little later than asked, each by another bit: not all at the same moment.
            wait += retry_after
        return wait if wait < left else None
