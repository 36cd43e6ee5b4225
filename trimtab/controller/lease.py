"""A Lease decides who acts. This file decides, and does nothing: what to do about the Lease as it was seen.

Clocks of machines differ, so no timestamp of another is believed: a holder counts as gone when its Lease has not
changed for its whole duration by our own clock. A holder stops acting well before that.
"""

import datetime as dt
import math

from msgspec import Struct
from msgspec.structs import replace

FREED_SECONDS = 1
"""The duration in a Lease that nobody holds; the API server wants one."""


class Terms(Struct, frozen=True, kw_only=True):
    """Seconds. Others may act `duration` after the last renewal; the holder stops `deadline` after it.

    `retry`: between two looks. The defaults are those of Kubernetes' own components.
    """

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0


def terms_for(duration: float) -> Terms:
    """The terms with another duration: the deadline in proportion, looks as often, or more often where it is short."""
    usual = Terms()
    share = duration / usual.duration
    return Terms(duration=duration, deadline=usual.deadline * share, retry=usual.retry * min(share, 1.0))


class Record(Struct, frozen=True, rename="camel", kw_only=True):
    """The `spec` of a Lease; times are RFC 3339 with microseconds, for people."""

    holder_identity: str = ""
    lease_duration_seconds: int = 0
    acquire_time: str = ""
    renew_time: str = ""
    lease_transitions: int = 0


class Seen(Struct, frozen=True):
    """The Lease as it was last seen. `since`: when (monotonic) it first looked like that. `version` names the state;
    "" when the Lease has been removed since.
    """

    record: Record
    version: str
    since: float


class Hold(Struct, frozen=True):
    """Write `record` over the state that was seen (or create the Lease): then it is ours."""

    record: Record


class Wait(Struct, frozen=True):
    """It is another's, for so many seconds at least."""

    seconds: float


def seen(before: Seen | None, record: Record, *, version: str, now: float) -> Seen:
    """What is known after a look at monotonic time `now`: an unchanged Lease keeps its age."""
    unchanged = before is not None and before.record == record
    return Seen(record, version, before.since if before is not None and unchanged else now)


def next_step(known: Seen | None, *, identity: str, terms: Terms, monotonic: float, wall: dt.datetime) -> Hold | Wait:
    """What a candidate does: renew its own, take what is free or has run out, leave the rest alone."""
    now = micro_time(wall)
    mine = Record(
        holder_identity=identity,
        lease_duration_seconds=math.ceil(terms.duration),
        acquire_time=now,
        renew_time=now,
    )
    if known is None:
        return Hold(mine)
    record = known.record
    if record.holder_identity == identity:
        kept = record.acquire_time or now
        return Hold(replace(mine, acquire_time=kept, lease_transitions=record.lease_transitions))
    left = known.since + (record.lease_duration_seconds or terms.duration) - monotonic
    if record.holder_identity and left > 0:
        return Wait(left)
    return Hold(replace(mine, lease_transitions=record.lease_transitions + 1))


def freed(record: Record, *, wall: dt.datetime) -> Record:
    """The Lease given up: the next one takes it at once."""
    return replace(record, holder_identity="", lease_duration_seconds=FREED_SECONDS, renew_time=micro_time(wall))


def micro_time(moment: dt.datetime) -> str:
    """Kubernetes' MicroTime: `2026-11-23T12:29:03.000000Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
