"""A dry run: what a task would do, as the API server sees it. Nothing is written."""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.apply.cluster import Cluster
from trimtab.apply.outcome import Outcome
from trimtab.apply.send import send
from trimtab.compare.prepare import CRD
from trimtab.kube.discovery import UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.sync.order import NAMESPACE, defined_kind
from trimtab.sync.task import Task


class Promised(Struct, frozen=True):
    """What the sync itself would make first: objects that need it cannot be tried yet."""

    namespaces: frozenset[str]
    kinds: frozenset[tuple[str, str]]


def promised(tasks: Iterable[Task]) -> Promised:
    """The namespaces and kinds that `tasks` would create."""
    namespaces, kinds = set(), set()
    for task in tasks:
        group_kind = (task.key.group, task.key.kind)
        if group_kind == NAMESPACE and task.action != "Prune":
            namespaces.add(task.key.name)
        elif group_kind == CRD and task.target is not None:
            kinds.add(defined_kind(task.target.manifest()))
    return Promised(frozenset(namespaces), frozenset(kinds))


async def rehearse(task: Task, cluster: Cluster, ahead: Promised) -> Outcome:
    """What the task would do. Raises the `ApiError` that it would meet."""
    if task.action != "Apply" or task.target is None:
        verb = {"Prune": "would be pruned", "Hook": "would run"}.get(task.action, "would be created if missing")
        return Outcome(status="Pruned" if task.action == "Prune" else "Synced", message=f"{verb} (dry run)")
    try:
        resource = await cluster.resource(task.kind)
        await send(task.target, resource, cluster, dry_run=True)
    except UnknownKind:
        if (task.key.group, task.key.kind) not in ahead.kinds:
            raise
        return Outcome(status="Synced", message="would be created once its definition is there (dry run)")
    except NotFound:
        if task.key.namespace not in ahead.namespaces:
            raise
        return Outcome(status="Synced", message="would be created once its namespace is there (dry run)")
    verb = "would be configured" if task.live_uid else "would be created"
    return Outcome(status="Synced", message=f"{verb} (dry run)")
