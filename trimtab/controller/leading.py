"""To act only while the Lease is ours: at most one of many processes keeps the applications on course."""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import msgspec
from msgspec.structs import replace

from trimtab.clock import Clock
from trimtab.controller.lease import Record, Seen, Terms, Wait, freed, next_step, seen
from trimtab.errors import Stalled, TrimtabError
from trimtab.kube import read, write
from trimtab.kube.errors import AlreadyExists, NotFound, StaleConflict
from trimtab.kube.fence import write_only_while
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind, Manifest
from trimtab.model.names import FIELD_MANAGER

log = logging.getLogger(__name__)
LEASE = Resource(Kind("coordination.k8s.io", "v1", "Lease"), "leases", True)
NAME = "trimtab-controller"
AT_ONCE = 10
"""Somebody else was quicker: the next look comes after this part of the usual pause."""

Act = Callable[[], AbstractAsyncContextManager[object]]
"""Entered when the Lease becomes ours, left when it is lost; entered again when it comes back."""


def new_identity() -> str:
    """`HOST_RANDOM`: no two processes have the same one, not even one and its successor."""
    return f"{socket.gethostname()}_{secrets.token_hex(4)}"


@contextlib.asynccontextmanager
async def leading(
    act: Act, transport: Transport, *, namespace: str, identity: str, terms: Terms | None = None
) -> AsyncIterator["Candidate"]:
    """Stand for the Lease until the context ends, and `act` whenever it is ours; at the end it is given up.

    What `act` starts writes nothing once the Lease may be another's. `transport` says where the Lease is.
    """
    # Connections of its own: the Lease must not wait in line behind a thousand writes.
    async with Transport(transport.config, clock=transport.clock) as own:
        candidate = Candidate(own, namespace=namespace, identity=identity, terms=terms or Terms())
        standing = asyncio.create_task(_stand(candidate, act), name="lease")
        try:
            yield candidate
        finally:
            await _end(standing)
            await candidate.release()


async def _stand(candidate: "Candidate", act: Act) -> None:
    """Take the Lease, act while it is ours, and so on."""
    while True:
        again = await candidate.attempt()
        if not candidate.holds:
            await candidate.pause(again)
            continue
        log.info("%s acts from now on", candidate.identity)
        acting = asyncio.create_task(_act(candidate, act), name="acting")
        try:
            await _until_lost(candidate, acting)
        finally:
            await _end(acting)
        log.warning(
            "%s acts no more; the Lease was last seen with %s", candidate.identity, candidate.holder or "nobody"
        )


async def _act(candidate: "Candidate", act: Act) -> None:
    write_only_while(lambda: candidate.holds)
    async with act():
        await asyncio.Event().wait()


async def _until_lost(candidate: "Candidate", acting: asyncio.Task[None]) -> None:
    """Renew the Lease for as long as that succeeds in time, and what acts does not end by itself."""
    again = candidate.terms.retry
    while candidate.holds:
        await candidate.pause(again)
        if acting.done():
            log.error("what acts has ended: a defect in Trimtab", exc_info=acting.exception())
            await candidate.release()
            return
        again = await candidate.attempt()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Candidate:
    """One who stands for the Lease."""

    def __init__(self, transport: Transport, *, namespace: str, identity: str, terms: Terms, name: str = NAME) -> None:
        self.identity = identity
        self._name = name
        self.terms = terms
        self._transport = transport
        self._clock: Clock = transport.clock
        self._namespace = namespace
        self._known: Seen | None = None
        self._current = False
        self._until = float("-inf")
        self._said = ""

    @property
    def holds(self) -> bool:
        """Is the Lease certainly ours now?"""
        return self._left > 0

    @property
    def holder(self) -> str:
        """Whose it was when last seen; "" for nobody's."""
        return self._known.record.holder_identity if self._known else ""

    async def pause(self, seconds: float) -> None:
        """Wait; not past the moment when the Lease is lost."""
        await self._clock.sleep(min(seconds, self._left) if self.holds else seconds)

    async def attempt(self) -> float:
        """Renew the Lease or try to get it; seconds until the next attempt. A failure is logged, not raised."""
        # Half of the deadline: a connection that has died must leave time for another one.
        most = self.terms.deadline / 2
        try:
            async with asyncio.timeout(min(self._left, most) if self.holds else most):
                again = await self._attempt()
        except TimeoutError:
            self._say("the API server does not answer")
        except (StaleConflict, AlreadyExists):
            self._current = False
            return self.terms.retry / AT_ONCE
        except TrimtabError as error:
            self._current = False
            self._say(error.message)
        except Exception:
            # It must not end the standing: nobody would notice that this replica never acts.
            log.exception("Lease %s: a defect in Trimtab; it is tried again", self._name)
            self._current = False
        else:
            self._said = ""
            return again
        return self.terms.retry

    async def release(self) -> None:
        """Give the Lease up if it is ours: the next one need not wait until it has run out."""
        self._until = float("-inf")
        known = self._known
        if known is None or known.record.holder_identity != self.identity:
            return
        with contextlib.suppress(TimeoutError, TrimtabError):
            async with asyncio.timeout(self.terms.deadline / 2):
                await self._write(freed(known.record, wall=self._clock.now()))

    @property
    def _left(self) -> float:
        return self._until - self._clock.monotonic()

    async def _attempt(self) -> float:
        if not (self.holds and self._current):
            await self._look()
        now = self._clock.monotonic()
        step = next_step(self._known, identity=self.identity, terms=self.terms, monotonic=now, wall=self._clock.now())
        if isinstance(step, Wait):
            self._until = float("-inf")
            return min(step.seconds, self.terms.retry)
        await self._write(step.record)
        # Counted from before it was sent: others count from when it arrived.
        self._until = now + self.terms.deadline
        return self.terms.retry

    async def _look(self) -> None:
        try:
            self._take(await read.get(self._transport, LEASE, self._name, namespace=self._namespace))
        except NotFound:
            # Whoever held it does not know yet that it was removed.
            self._known = replace(self._known, version="") if self._known else None

    async def _write(self, record: Record) -> None:
        """Over the state that is known, and no other. Raises StaleConflict where somebody was quicker."""
        spec = msgspec.to_builtins(record)
        place = {"name": self._name, "namespace": self._namespace}
        if self._known is None or not self._known.version:
            lease = {"apiVersion": LEASE.kind.api_version, "kind": LEASE.kind.kind, "metadata": place, "spec": spec}
            self._take(await write.create(self._transport, LEASE, lease, field_manager=FIELD_MANAGER))
            return
        body = {"metadata": {"resourceVersion": self._known.version}, "spec": spec}
        answer = await write.patch(
            self._transport,
            LEASE,
            self._name,
            body,
            patch_type="merge",
            namespace=self._namespace,
            field_manager=FIELD_MANAGER,
        )
        self._take(answer)

    def _take(self, lease: Manifest) -> None:
        try:
            record = msgspec.convert(lease.get("spec") or {}, Record)
        except msgspec.ValidationError as error:
            raise Stalled(f"it is not valid: {error}; delete it", reason="Invalid") from error
        version = lease["metadata"]["resourceVersion"]
        self._known = seen(self._known, record, version=version, now=self._clock.monotonic())
        self._current = True

    def _say(self, problem: str) -> None:
        """Once, not with every attempt."""
        if problem != self._said:
            log.warning("Lease %s of namespace %s: %s", self._name, self._namespace, problem)
        self._said = problem
