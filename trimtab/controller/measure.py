"""What the loop counts: passes and syncs that ended, with Argo CD's labels."""

from trimtab.clock import parse_rfc3339
from trimtab.controller.world import Memory, World
from trimtab.model.application import Application, OperationState
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER


def measure_pass(app: Application, memory: Memory, world: World) -> None:
    """A pass over the application has ended that began with its last look."""
    seconds = world.clock.monotonic() - memory.looked_at
    world.measures.passes.observe(seconds, app.metadata.namespace, _server(app))


def measure_sync(app: Application, state: OperationState, world: World) -> None:
    """An operation has ended."""
    sync = state.operation.sync
    dry_run = "true" if sync is not None and sync.dry_run else "false"
    metadata, project = app.metadata, app.spec.project
    labels = (metadata.namespace, metadata.name, project, _server(app), state.phase, dry_run)
    world.measures.sync_ended(labels, _seconds(state))


def _server(app: Application) -> str:
    destination = app.spec.destination
    return destination.server or (IN_CLUSTER_SERVER if destination.name == IN_CLUSTER_NAME else destination.name)


def _seconds(state: OperationState) -> float:
    """Times are somebody's words: what is none of them took no time."""
    try:
        ended, began = parse_rfc3339(state.finished_at or state.started_at), parse_rfc3339(state.started_at)
        return max(0.0, (ended - began).total_seconds())
    except (ValueError, TypeError):
        return 0.0
