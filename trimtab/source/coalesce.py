"""One run serves everyone who asked before it started; nobody is served by what started before they asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from trimtab.clock import Clock

T = TypeVar("T")


class _Run(Generic[T]):
    """A run that waits for its turn (`started` None), runs, or is done."""

    def __init__(self) -> None:
        self.started: float | None = None
        self.task: asyncio.Task[T] | None = None

    def serves(self, since: float) -> bool:
        return self.started is not None and self.started >= since


class Coalescer(Generic[T]):
    """Shares the runs of `action` between callers: at most one runs and one waits for its turn.

    A caller that is cancelled leaves the run to the others; an error goes to everyone the run serves.
    """

    def __init__(self, action: Callable[[], Awaitable[T]], *, clock: Clock) -> None:
        self._action = action
        self._clock = clock
        self._current: _Run[T] | None = None
        self._waiting: _Run[T] | None = None

    async def __call__(self, *, since: float | None = None) -> T:
        """The outcome of a run that started at `since` (`clock.monotonic()`) or later; None: after this call."""
        current = self._current
        if since is not None and current and current.task and current.serves(since):
            return await asyncio.shield(current.task)
        if self._waiting is None:
            self._waiting = _Run()
            self._waiting.task = asyncio.create_task(self._take_turn(self._waiting, after=current))
            self._waiting.task.add_done_callback(_seen)
        assert self._waiting.task
        return await asyncio.shield(self._waiting.task)

    async def close(self) -> None:
        """Stop what runs and what waits."""
        tasks = [run.task for run in (self._waiting, self._current) if run and run.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_turn(self, run: _Run[T], *, after: _Run[T] | None) -> T:
        if after and after.task:
            await asyncio.wait([after.task])
        self._current, self._waiting = run, None
        run.started = self._clock.monotonic()
        return await self._action()


def _seen(task: asyncio.Task[T]) -> None:
    """Mark an error as seen: every caller may have been cancelled."""
    if not task.cancelled():
        task.exception()
