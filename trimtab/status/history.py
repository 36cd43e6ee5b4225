"""The deployment history of an Application."""

from trimtab.model.application import Application, HistoryEntry, OperationState

DEFAULT_LIMIT = 10


def with_deployment(app: Application, state: OperationState) -> tuple[HistoryEntry, ...]:
    """The history after the operation `state` has ended.

    An entry is added for a successful sync of everything: neither a dry run nor a sync of selected objects is one.
    """
    history = app.status.history
    sync, result = state.operation.sync, state.sync_result
    if state.phase != "Succeeded" or sync is None or result is None or sync.dry_run or sync.resources:
        return history
    entry = HistoryEntry(
        id=history[-1].id + 1 if history else 0,
        deployed_at=state.finished_at or state.started_at,
        deploy_started_at=state.started_at,
        initiated_by=state.operation.initiated_by,
        revision=result.revision,
        revisions=result.revisions,
        source=result.source,
        sources=result.sources,
    )
    limit = app.spec.revision_history_limit
    keep = DEFAULT_LIMIT if limit is None else max(limit, 0)
    return (*history, entry)[-keep:] if keep else ()
