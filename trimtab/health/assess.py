"""How healthy one live object is: a ladder of questions, the first that has an answer gives it."""

from trimtab.health.read import at
from trimtab.health.table import RULES
from trimtab.health.verdicts import progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import HOOK_FINALIZER


def assess(manifest: Manifest) -> Health | None:
    """The health of a live object; None when its kind has no rule (it then does not count). Never raises.

    The ladder: being deleted → (rules of the user come here) → the table of built-in kinds → no rule.
    """
    return _deleting(manifest) or _built_in(manifest)


def _deleting(manifest: Manifest) -> Health | None:
    """A hook that only waits for its own finalizer is judged by what it did, not by its deletion."""
    if not at(manifest, "metadata", "deletionTimestamp"):
        return None
    finalizers = at(manifest, "metadata", "finalizers")
    if isinstance(finalizers, list) and HOOK_FINALIZER in finalizers:
        return None
    return progressing("Pending deletion")


def _built_in(manifest: Manifest) -> Health | None:
    kind = kind_of(manifest)
    rule = RULES.get((kind.group, kind.kind))
    return rule(manifest) if rule else None
