"""A fence around writes: who acts only while something holds, such as a Lease, writes nothing after it.

A task and all that it starts share one fence. It is asked right before a write is sent, so that also a process which
was frozen and woke up too late writes nothing.
"""

from collections.abc import Callable
from contextvars import ContextVar

from trimtab.errors import Retry

_open: ContextVar[Callable[[], bool] | None] = ContextVar("fence", default=None)


def write_only_while(holds: Callable[[], bool]) -> None:
    """From here on this task, and the tasks that it starts, write only while `holds()`."""
    _open.set(holds)


def check(doing: str) -> None:
    """Raises Retry where the fence is closed; nothing where there is none."""
    holds = _open.get()
    if holds is not None and not holds():
        raise Retry(f"{doing}: not sent, another replica may be acting by now", reason="Fenced")
