"""DaemonSet: does every node that should have its pod have the current one, available?"""

from trimtab.health.read import count, is_observed, text
from trimtab.health.verdicts import healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest

WAITING = "Waiting for rollout to finish:"


def daemon_set(manifest: Manifest) -> Health:
    if not is_observed(manifest):
        return progressing(f"{WAITING} observed daemon set generation less than desired generation")
    if text(manifest, "spec", "updateStrategy", "type") == "OnDelete":
        return healthy()
    desired = count(manifest, "status", "desiredNumberScheduled")
    updated = count(manifest, "status", "updatedNumberScheduled")
    available = count(manifest, "status", "numberAvailable")
    if updated < desired:
        return progressing(f"{WAITING} {updated} out of {desired} new pods have been updated...")
    if available < desired:
        return progressing(f"{WAITING} {available} of {desired} updated pods are available...")
    return healthy()
