"""What the project does not permit is not applied: the operation fails before anything is."""

from trimtab.compare.comparison import Item
from trimtab.sync.task import Options, Skip, Task


def not_permitted(task: Task, item: Item | None, options: Options) -> Skip | None:
    """Vetoes objects and hooks of kinds, or in namespaces, that the project does not permit."""
    refusal = options.limits.object_refusal(task.key) if options.limits else ""
    return Skip("SyncFailed", refusal) if refusal else None
