"""`argocd.argoproj.io/sync-options: Prune=false` on the live object keeps it."""

from trimtab.compare.comparison import Item
from trimtab.model.options import object_options
from trimtab.sync.task import Options, Skip, Task


def prune_disabled(task: Task, item: Item | None, options: Options) -> Skip | None:
    """Vetoes a prune of an object that asks to be kept."""
    if task.action != "Prune" or item is None or item.live is None:
        return None
    if "Prune=false" in object_options(item.live.manifest()):
        return Skip("PruneSkipped", "ignored (no prune)")
    return None
