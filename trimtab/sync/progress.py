"""What happens during a sync, as events, and the state they add up to.

`apply/run.py` yields the events; the controller, the CLI and the tests fold the same ones.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from trimtab.model.application import OperationPhase, ResourceResult, SyncPhase
from trimtab.model.keys import ObjectKey
from trimtab.sync.plan import Plan
from trimtab.sync.task import Task


class Planned(Struct, frozen=True):
    """The first event: what is going to happen."""

    plan: Plan


class Reported(Struct, frozen=True):
    """Something is known of one object; the newest result counts."""

    result: ResourceResult


class Waiting(Struct, frozen=True):
    """Nothing can be done until something in the cluster changes."""

    message: str


class Finished(Struct, frozen=True):
    """The last event."""

    phase: OperationPhase
    message: str


SyncEvent = Planned | Reported | Waiting | Finished
ResultKey = tuple[ObjectKey, SyncPhase | None]


class Progress(Struct, frozen=True):
    """A sync so far. `results` in the order in which objects were first reported; `places` is where each is found."""

    phase: OperationPhase = "Running"
    message: str = ""
    results: tuple[ResourceResult, ...] = ()
    places: Mapping[ResultKey, int] = {}


def fold(progress: Progress, event: SyncEvent) -> Progress:
    """`progress` after `event`."""
    match event:
        case Planned(plan):
            return replace(progress, message=f"syncing {len(plan.tasks())} objects")
        case Reported(result):
            return _with(progress, result)
        case Waiting(message):
            return replace(progress, message=message)
        case Finished(phase, message):
            return replace(progress, phase=phase, message=message)


def result_key(result: ResourceResult) -> ResultKey:
    """What tells results apart: a hook that runs in two phases has two."""
    return (
        ObjectKey(group=result.group, kind=result.kind, namespace=result.namespace, name=result.name),
        result.hook_type,
    )


def task_key(task: Task) -> ResultKey:
    """The key of the results of `task`."""
    return (task.key, task.hook_type)


def succeeded_hooks(results: Iterable[ResourceResult]) -> frozenset[ResultKey]:
    """Hooks that need not run again when the same operation goes on after a restart."""
    return frozenset(result_key(r) for r in results if r.hook_type and r.hook_phase == "Succeeded")


def _with(progress: Progress, result: ResourceResult) -> Progress:
    key = result_key(result)
    results, places = progress.results, progress.places
    if len(places) != len(results):
        places = {result_key(known): at for at, known in enumerate(results)}
    at = places.get(key)
    if at is None:
        return replace(progress, results=(*results, result), places={**places, key: len(results)})
    return replace(progress, results=(*results[:at], result, *results[at + 1 :]), places=places)
