"""Waiting for what others do."""

from collections.abc import Awaitable, Callable

from trimtab.errors import TrimtabError
from trimtab.setup.job import Job


async def wait_until(
    job: Job, holds: Callable[[], Awaitable[bool]], *, within: float, every: float, otherwise: TrimtabError
) -> None:
    """Look `every` so many seconds; raises `otherwise` when it does not hold `within` so many."""
    until = job.clock.monotonic() + within
    while not await holds():
        if job.clock.monotonic() > until:
            raise otherwise
        await job.clock.sleep(every)
