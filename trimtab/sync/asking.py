"""Asking for a sync: what `.operation` becomes, and what is in the way of it. A controller carries it out."""

from typing import Any, Literal

from trimtab.model.application import (
    Application,
    HistoryEntry,
    Operation,
    SyncOperation,
    SyncStrategy,
    SyncStrategyApply,
)
from trimtab.model.names import REFRESH
from trimtab.model.roundtrip import encode

Hindrance = Literal["deleting", "busy"]


def hindrance(app: Application) -> Hindrance | None:
    """Why no operation can be asked for now: the application is being deleted, or another operation is in progress."""
    if app.metadata.deletion_timestamp:
        return "deleting"
    return "busy" if app.operation is not None else None


def asking(operation: Operation) -> dict[str, Any]:
    """The merge patch of the Application that asks for `operation`; what the last one left is taken away.

    Without a revision the newest one is meant, not the one that was seen at the last poll: a refresh is asked for, too.
    """
    patch: dict[str, Any] = {"operation": encode(operation), "status": {"operationState": None}}
    if operation.sync and (operation.sync.revision or operation.sync.revisions):
        return patch
    return {**patch, "metadata": {"annotations": {REFRESH: "normal"}}}


def to_entry(entry: HistoryEntry, app: Application, *, prune: bool, dry_run: bool = False) -> SyncOperation:
    """A sync to the sources and revisions of a history entry; hooks do not run."""
    policy = app.spec.sync_policy
    return SyncOperation(
        revision=entry.revision,
        revisions=entry.revisions,
        source=entry.source,
        sources=entry.sources,
        prune=prune,
        dry_run=dry_run,
        sync_strategy=SyncStrategy(apply=SyncStrategyApply()),
        sync_options=policy.sync_options if policy else (),
    )
