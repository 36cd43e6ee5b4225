"""Looking again and again, until a deadline."""

from trimtab.clock import Clock

PAUSE = 0.5
"""Seconds between two looks."""


class Deadline:
    """`timeout` seconds from its making; 0 is for ever."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._timeout = timeout

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self._clock.monotonic() - self._start

    async def pause(self) -> bool:
        """Wait a little; False at once when the time is over."""
        if self._timeout and self.elapsed >= self._timeout:
            return False
        await self._clock.sleep(min(PAUSE, self._timeout - self.elapsed) if self._timeout else PAUSE)
        return True
