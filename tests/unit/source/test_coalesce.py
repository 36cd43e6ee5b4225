"""Who shares a run, on a clock that is stepped."""

import asyncio

import pytest

from trimtab.clock import StepClock
from trimtab.source.coalesce import Coalescer


class Gate:
    """An action whose runs end when told to; each gives its number."""

    def __init__(self) -> None:
        self.runs = 0
        self.opened = asyncio.Event()
        self.fail = False

    async def __call__(self) -> int:
        self.runs += 1
        number = self.runs
        await self.opened.wait()
        if self.fail:
            raise OSError(f"run {number}")
        return number


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_everyone_before_the_start_shares_it_and_who_comes_later_shares_the_next() -> None:
    gate = Gate()
    shared = Coalescer(gate, clock=StepClock())
    early = [asyncio.create_task(shared()) for _ in range(5)]
    await settle()
    late = [asyncio.create_task(shared()) for _ in range(5)]
    await settle()
    assert gate.runs == 1
    gate.opened.set()
    assert await asyncio.gather(*early) == [1] * 5
    assert await asyncio.gather(*late) == [2] * 5
    assert await shared() == 3


async def test_a_run_since_a_moment_is_recent_enough_and_so_is_its_error() -> None:
    gate, clock = Gate(), StepClock()
    gate.opened.set()
    gate.fail = True
    shared = Coalescer(gate, clock=clock)
    clock.step(10)
    for since in (10, 10, 4):
        with pytest.raises(OSError, match="run 1"):
            await shared(since=since)
    gate.fail = False
    clock.step(1)
    assert await shared(since=11) == 2
    assert await shared(since=10) == 2
    assert await shared() == 3


async def test_a_caller_that_is_cancelled_leaves_the_run_to_the_others() -> None:
    gate = Gate()
    shared = Coalescer(gate, clock=StepClock())
    gone, stays = asyncio.create_task(shared()), asyncio.create_task(shared())
    await settle()
    gone.cancel()
    await settle()
    gate.opened.set()
    assert await stays == 1
    assert gone.cancelled()


async def test_closing_stops_what_runs_and_what_waits() -> None:
    gate = Gate()
    shared = Coalescer(gate, clock=StepClock())
    running = asyncio.create_task(shared())
    await settle()
    waiting = asyncio.create_task(shared())
    await settle()
    await shared.close()
    await settle()
    assert (running.cancelled(), waiting.cancelled(), gate.runs) == (True, True, 1)
