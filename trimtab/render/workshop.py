"""The worker processes: started when there is work, kept warm a while, stopped when they overrun."""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.render.cache import Failures, RenderCache
from trimtab.render.jobs import OUT_OF_MEMORY, Answer, Job, Refused, Rendered, decode_answer, encode, is_out_of_memory
from trimtab.render.process import WorkerProcess, remove_leftovers
from trimtab.text import one_line

MIB: Final = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """What rendering may cost.

    `seconds` from job to answer; `memory` in bytes of private data for each process; `workers` at the same time;
    `idle` seconds until a worker without work is ended.
    """

    seconds: float = 60.0
    memory: int = 1024 * MIB
    workers: int = max(2, min(4, os.cpu_count() or 2))
    idle: float = 60.0


class Workshop:
    """Runs jobs in worker processes. Use as an async context manager, or call `close`.

    `cache` keeps results over restarts. `scratch` is where workers have their folders (the system's place by default).
    """

    def __init__(
        self, *, cache: RenderCache | None = None, limits: Limits | None = None, scratch: Path | None = None
    ) -> None:
        self.cache = cache
        self.failures = Failures()
        self.limits = limits or Limits()
        self._scratch = scratch
        self._slots = asyncio.Semaphore(self.limits.workers)
        self._idle: dict[WorkerProcess, asyncio.TimerHandle] = {}
        self._all: set[WorkerProcess] = set()
        self._pending: set[asyncio.Task[None]] = set()
        self._swept = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(self, job: Job) -> Rendered:
        """Have a worker do the job.

        Raises Stalled for what is the source's fault (also: too slow, too much memory), Retry for a worker that died.
        """
        async with self._slots:
            worker = await self._take()
            try:
                answer = await self._ask(worker, job)
            except BaseException:
                self._end(worker)
                raise
            self._put_back(worker)
        if isinstance(answer, Refused):
            raise self._out_of_memory(job) if answer.reason == OUT_OF_MEMORY else _stalled(answer)
        return answer

    async def close(self) -> None:
        """End every worker, those that are just being started, too, and wait until they are gone."""
        await asyncio.gather(*self._pending, return_exceptions=True)
        for worker in list(self._all):
            self._end(worker)
        await asyncio.gather(*self._pending)

    async def _ask(self, worker: WorkerProcess, job: Job) -> Answer:
        """The worker's answer. After any exception the worker is of no more use."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return decode_answer(await worker.exchange(encode(job)))
        except TimeoutError:
            raise Stalled(
                f"{job.label}: rendering took longer than {self.limits.seconds:g} s and was stopped; "
                "look for a loop, or split the source",
                reason="TooSlow",
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError) as error:
            words = await worker.last_words()
            if is_out_of_memory(words):
                raise self._out_of_memory(job) from error
            raise Retry(
                f"{job.label}: the rendering process died: {one_line(words, limit=500)}", reason="WorkerDied"
            ) from error

    async def _take(self) -> WorkerProcess:
        """The worker that was idle for the shortest time, else a new one."""
        while True:
            while self._idle:
                worker, timer = self._idle.popitem()
                timer.cancel()
                if worker.alive:
                    return worker
                self._end(worker)
            await asyncio.shield(self._in_background(self._start()))

    async def _start(self) -> None:
        """Add an idle worker. Runs to its end even when whoever wanted the worker gives up. Raises Retry."""
        if not self._swept:
            self._swept = True
            self._in_background(asyncio.to_thread(remove_leftovers, self._scratch))
        try:
            worker = await WorkerProcess.start(self._scratch, memory=self.limits.memory)
        except OSError as error:
            raise Retry(f"cannot start a process to render in: {error}", reason="WorkerDied") from error
        self._all.add(worker)
        self._put_back(worker)

    def _put_back(self, worker: WorkerProcess) -> None:
        if not worker.alive:
            self._end(worker)
            return
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self.limits.idle, self._end, worker)

    def _end(self, worker: WorkerProcess) -> None:
        """Kill a worker; clearing up after it goes on in the background, and `close` waits for that."""
        self._all.discard(worker)
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()
        worker.kill()
        self._in_background(worker.gone())

    def _in_background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run to the end, whoever gives up meanwhile; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        return task

    def _out_of_memory(self, job: Job) -> Stalled:
        return Stalled(
            f"{job.label}: rendering needs more than {self.limits.memory // MIB:,} MiB of memory and was stopped; "
            "look for a loop, or split the source",
            reason=OUT_OF_MEMORY,
        )


def _stalled(refused: Refused) -> Stalled:
    return Stalled(refused.message, reason=refused.reason)
