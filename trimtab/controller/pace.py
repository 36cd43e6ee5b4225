"""When an application is looked at again, and when Git is asked anew. Nothing here acts."""

from trimtab.controller.world import Memory, Trouble, World
from trimtab.errors import Retry, TrimtabError, Wait
from trimtab.model.application import Application
from trimtab.model.keys import AppKey
from trimtab.model.names import REFRESH
from trimtab.source.poll import TOLERANCE, poll_delay
from trimtab.sync.lifecycle import is_begun

RETRY_FIRST = 1.0
RETRY_MOST = 60.0
FAILURES_TO_TELL = 3
"""So many failures in a row, some seconds apart, and the status says so: one lost connection is no news."""


def is_asked(app: Application) -> bool:
    """Does somebody wait for a look, by the refresh annotation?"""
    return REFRESH in (app.metadata.annotations or {})


def hear_of_push(key: AppKey, world: World, *, calmly: bool) -> None:
    """Look at an application, and ask Git anew: at once, or, calmly, not too soon after the last look."""
    memory = world.memory(key)
    memory.pushed_at = now = world.clock.monotonic()
    world.queue.add_later(key, memory.calm_until - now if calmly else 0.0)


def forget_push(memory: Memory, heard_at: float) -> None:
    """The push that was heard of then is taken into account; a later one is not."""
    if memory.pushed_at == heard_at:
        memory.pushed_at = 0.0


def must_resolve(app: Application, memory: Memory, world: World) -> bool:
    """Ask Git again, or take what it last said? An operation that begins takes the newest there is."""
    declared = memory.declared
    return (
        declared is None
        or is_asked(app)
        or declared.sources != app.spec.all_sources()
        or declared.identity.namespace != app.spec.destination.namespace
        or bool(declared.prepared.errors)
        or memory.failures > 0
        or memory.pushed_at > 0
        or (app.operation is not None and not is_begun(app))
        or world.clock.monotonic() >= memory.poll_at
    )


def fresh_since(app: Application, memory: Memory, world: World) -> float:
    """From when on a fetch is new enough: since somebody asked, or, for a poll, a while ago.

    So the many applications of a repository share one fetch, whether all are asked at once or come due in turn.
    """
    if is_asked(app) or app.operation is not None or memory.declared is None:
        return max(memory.asked_at, memory.pushed_at)
    return max(memory.pushed_at, world.clock.monotonic() - min(TOLERANCE, world.settings.poll / 4))


def known_trouble(app: Application, memory: Memory, world: World) -> Trouble | None:
    """What kept us from looking, while it is too early to try again: events in the cluster mend no repository."""
    trouble = memory.trouble
    if trouble is None or is_asked(app) or memory.pushed_at or trouble.spec != app.spec:
        return None
    return trouble if world.clock.monotonic() < trouble.until else None


def is_passing(app: Application, memory: Memory, error: TrimtabError) -> bool:
    """Is this a hiccup that nobody has to hear of yet? Not where somebody asked, nor where nothing is known."""
    patient = isinstance(error, Retry) and memory.failures < FAILURES_TO_TELL
    return patient and memory.declared is not None and not is_asked(app)


def backoff(memory: Memory, error: TrimtabError, world: World) -> float:
    """Seconds until the next try after `error`: soon where it may pass, with the next poll where it cannot."""
    if isinstance(error, Wait):
        return error.after
    memory.failures += 1
    if not isinstance(error, Retry):
        return poll_pause(memory, world)
    if error.after is not None:
        return error.after
    return float(min(RETRY_MOST, RETRY_FIRST * 2 ** min(memory.failures - 1, 10)))


def poll_pause(memory: Memory, world: World) -> float:
    """Seconds until Git is asked again when all is well; infinite where polling is off."""
    memory.polls += 1
    delay = poll_delay(memory.uid, memory.polls, interval=world.settings.poll, jitter=world.settings.jitter)
    return float("inf") if delay is None else delay
