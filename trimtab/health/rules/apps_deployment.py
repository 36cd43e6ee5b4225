"""Deployment: has the rollout of the current generation finished?"""

from trimtab.health.read import at, condition, count, is_observed, number, text
from trimtab.health.verdicts import degraded, healthy, progressing, suspended
from trimtab.model.application import Health
from trimtab.model.keys import Manifest

WAITING = "Waiting for rollout to finish:"


def deployment(manifest: Manifest) -> Health:
    if at(manifest, "spec", "paused") is True:
        return suspended("Deployment is paused")
    if not is_observed(manifest):
        return progressing(f"{WAITING} observed deployment generation less than desired generation")
    if text(condition(manifest, "Progressing"), "reason") == "ProgressDeadlineExceeded":
        return degraded(f'Deployment "{text(manifest, "metadata", "name")}" exceeded its progress deadline')
    return _rollout(manifest)


def _rollout(manifest: Manifest) -> Health:
    desired = number(manifest, "spec", "replicas")
    replicas = count(manifest, "status", "replicas")
    updated = count(manifest, "status", "updatedReplicas")
    available = count(manifest, "status", "availableReplicas")
    if desired is not None and updated < desired:
        return progressing(f"{WAITING} {updated} out of {desired} new replicas have been updated...")
    if replicas > updated:
        return progressing(f"{WAITING} {replicas - updated} old replicas are pending termination...")
    if available < updated:
        return progressing(f"{WAITING} {available} of {updated} updated replicas are available...")
    return healthy()
