"""Nothing is pruned by an operation that does not say so."""

from trimtab.compare.comparison import Item
from trimtab.sync.task import Options, Skip, Task


def prune_not_requested(task: Task, item: Item | None, options: Options) -> Skip | None:
    """Vetoes every prune of an operation without `prune`."""
    if task.action == "Prune" and not options.prune:
        return Skip("PruneSkipped", "ignored (requires pruning)")
    return None
