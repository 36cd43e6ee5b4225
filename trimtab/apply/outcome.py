"""What became of a task, and how it is reported. Decided from the live object alone."""

from msgspec import Struct

from trimtab.compare.images import images_of
from trimtab.health.assess import assess
from trimtab.model.application import OperationPhase, ResourceResult, ResultCode
from trimtab.model.keys import Manifest
from trimtab.sync.task import Task


class Outcome(Struct, frozen=True, kw_only=True):
    """How a task stands. `reported`: worth an event."""

    status: ResultCode
    message: str = ""
    hook_phase: OperationPhase | None = None
    reported: bool = True


def hook_outcome(task: Task, live: Manifest | None) -> Outcome | None:
    """None while the hook runs. A kind without a health rule has done its work by being there."""
    if live is None:
        message = f"{task.key} is missing, it might have been deleted while it ran"
        return Outcome(status="SyncFailed", message=message, hook_phase="Error")
    health = assess(live)
    if health is None or health.status == "Healthy":
        return Outcome(status="Synced", message=health.message if health else "", hook_phase="Succeeded")
    if health.status == "Degraded":
        return Outcome(status="SyncFailed", message=health.message or "degraded", hook_phase="Failed")
    return None


def object_outcome(task: Task, live: Manifest | None) -> Outcome | None:
    """None while an ordinary object is not healthy yet."""
    if live is None:
        message = f"{task.key} is missing, it might have been deleted by someone else"
        return Outcome(status="SyncFailed", message=message, hook_phase="Error")
    health = assess(live)
    if health is None or health.status in ("Healthy", "Suspended"):
        return Outcome(status="Synced", reported=False)
    if health.status == "Degraded":
        return Outcome(status="SyncFailed", message=health.message or "degraded", hook_phase="Failed")
    return None


def result_of(task: Task, outcome: Outcome) -> ResourceResult:
    """The object's line in `status.operationState.syncResult.resources`."""
    return ResourceResult(
        group=task.key.group,
        version=task.kind.version,
        kind=task.key.kind,
        namespace=task.key.namespace,
        name=task.key.name,
        status=outcome.status,
        message=outcome.message,
        hook_type=task.hook_type,
        hook_phase=outcome.hook_phase,
        sync_phase=task.phase,
        images=images_of(task.target.manifest()) if task.target else (),
    )
