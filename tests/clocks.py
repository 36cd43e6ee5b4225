"""Clocks for tests that talk to a server: network time is real, waiting is not."""

import asyncio

from trimtab.clock import StepClock


class SwiftClock(StepClock):
    """Nobody waits: a sleep steps the clock and is over. `waits` are the seconds that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.step(seconds)
        await asyncio.sleep(0)
