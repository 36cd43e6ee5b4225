"""ReplicaSet: are as many pods available as it wants?"""

from trimtab.health.read import condition, count, is_observed, number, text
from trimtab.health.verdicts import degraded, healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest

WAITING = "Waiting for rollout to finish:"


def replica_set(manifest: Manifest) -> Health:
    if not is_observed(manifest):
        return progressing(f"{WAITING} observed replica set generation less than desired generation")
    failure = condition(manifest, "ReplicaFailure")
    if failure.get("status") == "True":
        return degraded(text(failure, "message"))
    desired = number(manifest, "spec", "replicas")
    available = count(manifest, "status", "availableReplicas")
    if desired is not None and available < desired:
        return progressing(f"{WAITING} {available} out of {desired} new replicas are available...")
    return healthy()
