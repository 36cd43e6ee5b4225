"""One set-up at a time for an environment: a Lease in the control namespace, given up at the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from trimtab.controller.leading import Candidate, new_identity
from trimtab.controller.lease import Terms
from trimtab.environment import names
from trimtab.errors import Stalled
from trimtab.kube.fence import write_only_while
from trimtab.setup.job import Job

TERMS = Terms(duration=15.0, deadline=12.0, retry=3.0)


@contextlib.asynccontextmanager
async def locked(job: Job) -> AsyncIterator[None]:
    """Raises Stalled when another set-up of this environment is under way. Within, nothing is written to the cluster
    once the Lease may be another's.
    """
    transport = job.cluster.transport
    candidate = Candidate(transport, namespace=job.env.namespace, identity=new_identity(), terms=TERMS, name=names.LOCK)
    try:
        await _take(candidate, job)
        async with _renewed(candidate):
            write_only_while(lambda: candidate.holds)
            yield
    finally:
        write_only_while(lambda: True)
        await candidate.release()


@contextlib.asynccontextmanager
async def _renewed(candidate: Candidate) -> AsyncIterator[None]:
    renewing = asyncio.create_task(_renew(candidate), name="set-up's lease")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _take(candidate: Candidate, job: Job) -> None:
    """A Lease that is not renewed is one of a set-up that was killed: it is ours once that has shown."""
    clock = job.cluster.transport.clock
    given_up = clock.monotonic() + TERMS.duration + TERMS.retry
    pause = await candidate.attempt()
    if not candidate.holds:
        job.terminal.say(f"{candidate.holder or 'Another set-up'} holds the Lease {names.LOCK}: is it alive?")
    while not candidate.holds:
        if clock.monotonic() > given_up:
            raise Stalled(
                f"another set-up of {job.env.name} is under way ({candidate.holder or 'not known'}): wait until it has "
                "ended, then run this again",
                reason="SetupUnderWay",
            )
        await candidate.pause(pause)
        pause = await candidate.attempt()


async def _renew(candidate: Candidate) -> None:
    while True:
        await candidate.pause(candidate.terms.retry)
        await candidate.attempt()
