"""The work queue: once per key, never twice at a time, and on time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from trimtab.clock import StepClock
from trimtab.controller.queue import WorkQueue


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
async def queue(clock: StepClock) -> AsyncIterator[WorkQueue[str]]:
    queue: WorkQueue[str] = WorkQueue(clock)
    ticking = asyncio.create_task(queue.tick())
    yield queue
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)


async def breathe() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_key_waits_once_however_often_it_is_added(queue: WorkQueue[str]) -> None:
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert len(queue) == 2
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert (len(queue), queue.busy) == (0, 2)


async def test_a_key_added_while_it_is_worked_on_comes_again_afterwards(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("a")
    second = asyncio.create_task(queue.get())
    await breathe()
    assert not second.done(), "nobody else gets it meanwhile"
    queue.done("a")
    assert await second == "a"
    queue.done("a")
    assert queue.busy == 0


async def test_an_appointment_is_kept(queue: WorkQueue[str], clock: StepClock) -> None:
    queue.add_later("a", 5)
    await breathe()
    clock.step(4.9)
    await breathe()
    assert len(queue) == 0
    assert queue.due_in("a") == pytest.approx(0.1)
    clock.step(0.2)
    await breathe()
    assert await queue.get() == "a"
    assert queue.due_in("a") == float("inf")


async def test_the_earliest_appointment_counts(queue: WorkQueue[str], clock: StepClock) -> None:
    for seconds in (50, 2, 20):
        queue.add_later("a", seconds)
    await breathe()
    clock.step(2)
    await breathe()
    assert await queue.get() == "a"
    queue.done("a")
    clock.step(100)
    await breathe()
    assert len(queue) == 0, "the later ones were dropped"


async def test_a_nearer_appointment_wakes_the_ticker(queue: WorkQueue[str], clock: StepClock) -> None:
    queue.add_later("late", 100)
    await breathe()
    queue.add_later("soon", 1)
    await breathe()
    clock.step(1)
    await breathe()
    assert await queue.get() == "soon"


@pytest.mark.parametrize("seconds", [0, -1])
async def test_what_is_due_is_added_at_once(queue: WorkQueue[str], seconds: float) -> None:
    queue.add_later("a", seconds)
    assert await queue.get() == "a"


async def test_never_is_no_appointment(queue: WorkQueue[str]) -> None:
    queue.add_later("a", float("inf"))
    assert queue.due_in("a") == float("inf")
    assert not queue._heap


async def test_a_forgotten_key_does_not_come(queue: WorkQueue[str], clock: StepClock) -> None:
    queue.add("a")
    queue.add_later("b", 1)
    queue.add("c")
    await queue.get()
    assert len(queue) == 1
    for key in ("a", "b", "c"):
        queue.forget(key)
    clock.step(2)
    await breathe()
    assert len(queue) == 0


async def test_workers_share_the_keys(queue: WorkQueue[str]) -> None:
    worked: list[str] = []
    together: set[str] = set()

    async def work() -> None:
        while True:
            key = await queue.get()
            assert key not in together
            together.add(key)
            await asyncio.sleep(0)
            worked.append(key)
            together.discard(key)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(3)]
    for _ in range(5):
        for key in "abcd":
            queue.add(key)
        await breathe()
    for worker in workers:
        worker.cancel()
    assert sorted(set(worked)) == list("abcd")
    assert len(worked) == 20
