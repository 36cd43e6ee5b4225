"""StatefulSet: are all pods ready, and has its rolling update (or the partition of it) finished?"""

from trimtab.health.read import at, count, number, text
from trimtab.health.verdicts import healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def stateful_set(manifest: Manifest) -> Health:
    observed = count(manifest, "status", "observedGeneration")
    if observed == 0 or count(manifest, "metadata", "generation") > observed:
        return progressing("Waiting for statefulset spec update to be observed...")
    waiting = count(manifest, "spec", "replicas") - count(manifest, "status", "readyReplicas")
    if waiting > 0:
        return progressing(f"Waiting for {waiting} pods to be ready...")
    strategy = text(manifest, "spec", "updateStrategy", "type")
    if strategy == "RollingUpdate" and isinstance(at(manifest, "spec", "updateStrategy", "rollingUpdate"), dict):
        return _partitioned(manifest)
    if strategy == "OnDelete":
        return healthy()
    return _rolled(manifest)


def _partitioned(manifest: Manifest) -> Health:
    """With a `rollingUpdate` block the update revision is not looked at: below the partition, old pods are meant."""
    updated = count(manifest, "status", "updatedReplicas")
    replicas = number(manifest, "spec", "replicas")
    partition = number(manifest, "spec", "updateStrategy", "rollingUpdate", "partition")
    if replicas is not None and partition is not None and updated < replicas - partition:
        expected = replicas - partition
        return progressing(
            f"Waiting for partitioned roll out to finish: {updated} out of {expected} new pods have been updated..."
        )
    return healthy(f"partitioned roll out complete: {updated} new pods have been updated...")


def _rolled(manifest: Manifest) -> Health:
    wanted = text(manifest, "status", "updateRevision")
    if wanted == text(manifest, "status", "currentRevision"):
        return healthy()
    updated = count(manifest, "status", "updatedReplicas")
    return progressing(f"Waiting for rolling update to finish: {updated} pods are at revision {wanted}...")
