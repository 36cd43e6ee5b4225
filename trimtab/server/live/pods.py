"""What people see of a Pod: in which state it is, how many containers are ready, what it asks for. Pure.

The words are those of kubectl's column STATUS.
"""

from typing import Any

from msgspec import Struct

from trimtab.health.read import at, condition, count, items, text
from trimtab.model.keys import Manifest
from trimtab.server.live.quantities import milli


class PodState(Struct, frozen=True):
    reason: str
    ready: int
    total: int
    restarts: int


class Requests(Struct, frozen=True):
    """What the scheduler reserves: thousandths of a core, and of a byte."""

    cpu: int = 0
    memory: int = 0


def state_of(pod: Manifest) -> PodState:
    """From its status, as far as it is there."""
    statuses = items(pod, "status", "containerStatuses")
    starting = items(pod, "status", "initContainerStatuses")
    always = {c.get("name") for c in items(pod, "spec", "initContainers") if c.get("restartPolicy") == "Always"}
    sidecars = [one for one in starting if one.get("name") in always]
    reason = _starting(starting, always, len(items(pod, "spec", "initContainers"))) or _running(pod, statuses)
    if at(pod, "metadata", "deletionTimestamp"):
        reason = "Unknown" if text(pod, "status", "reason") == "NodeLost" else "Terminating"
    return PodState(
        reason=reason,
        ready=sum(one.get("ready") is True for one in (*statuses, *sidecars)),
        total=len(items(pod, "spec", "containers")) + len(always),
        restarts=sum(count(one, "restartCount") for one in (*statuses, *sidecars)),
    )


def requests_of(pod: Manifest) -> Requests:
    """The containers together, or what the largest init container asks for where that is more, and the overhead."""
    return Requests(cpu=_requested(pod, "cpu"), memory=_requested(pod, "memory"))


def _starting(statuses: list[dict[str, Any]], always: set[Any], total: int) -> str:
    """The first init container that is not through; "" when all are."""
    for number, status in enumerate(statuses):
        ended = at(status, "state", "terminated")
        if isinstance(ended, dict) and count(ended, "exitCode") == 0:
            continue
        if status.get("name") in always and status.get("started") is True:
            continue
        if isinstance(ended, dict):
            return f"Init:{_ending(ended)}"
        waiting = text(status, "state", "waiting", "reason")
        return f"Init:{waiting}" if waiting not in ("", "PodInitializing") else f"Init:{number}/{total}"
    return ""


def _running(pod: Manifest, statuses: list[dict[str, Any]]) -> str:
    reason = text(pod, "status", "reason") or text(pod, "status", "phase")
    for status in reversed(statuses):
        ended = at(status, "state", "terminated")
        if waiting := text(status, "state", "waiting", "reason"):
            reason = waiting
        elif isinstance(ended, dict):
            reason = _ending(ended)
    running = any(status.get("ready") is True and at(status, "state", "running") is not None for status in statuses)
    if reason == "Completed" and running:
        return "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"
    return reason


def _ending(ended: dict[str, Any]) -> str:
    if reason := text(ended, "reason"):
        return reason
    return f"Signal:{count(ended, 'signal')}" if count(ended, "signal") else f"ExitCode:{count(ended, 'exitCode')}"


def _requested(pod: Manifest, what: str) -> int:
    def asked(container: Any) -> int:
        return milli(at(container, "resources", "requests", what))

    init = items(pod, "spec", "initContainers")
    sidecars = sum(asked(one) for one in init if one.get("restartPolicy") == "Always")
    together = sum(map(asked, items(pod, "spec", "containers"))) + sidecars
    largest = max((asked(one) for one in init if one.get("restartPolicy") != "Always"), default=0)
    return max(together, largest) + milli(at(pod, "spec", "overhead", what))
