"""Job: what its conditions say of its end."""

from trimtab.health.read import items, text
from trimtab.health.verdicts import degraded, healthy, progressing, suspended
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def job(manifest: Manifest) -> Health:
    """Conditions count by being there, whatever their status, as in Argo CD.

    Only `Suspended` asks for status True; with False (a resumed Job) it counts as an end, which is Argo CD's reading.
    """
    conditions = {text(item, "type"): item for item in items(manifest, "status", "conditions")}
    if failed := conditions.get("Failed"):
        return degraded(text(failed, "message"))
    held = conditions.get("Suspended", {})
    if held.get("status") == "True":
        return suspended(text(held, "message"))
    if ended := conditions.get("Complete") or held:
        return healthy(text(ended, "message"))
    return progressing()
