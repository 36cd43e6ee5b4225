"""ReplicaSets and ReplicationControllers: as many pods as they say."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, alive, is_ready, pod_from


def replica_set(cluster: Cluster, manifest: Manifest) -> float | None:
    _replicate(cluster, manifest, "replicasets.apps")
    return None


def replication_controller(cluster: Cluster, manifest: Manifest) -> float | None:
    if "template" in manifest["spec"]:
        _replicate(cluster, manifest, "replicationcontrollers")
    return None


def _replicate(cluster: Cluster, manifest: Manifest, collection: str) -> None:
    if "deletionTimestamp" in manifest["metadata"]:
        return
    pods = alive(cluster.owned(manifest, "pods"))
    wanted = manifest["spec"].get("replicas", 1)
    for _ in range(wanted - len(pods)):
        cluster.create("pods", pod_from(manifest["spec"]["template"], manifest))
    # Those that are not ready go first.
    for spare in sorted(pods, key=is_ready)[: max(0, len(pods) - wanted)]:
        cluster.delete("pods", spare)
    cluster.set_status(collection, manifest, _status(cluster, manifest))


def _status(cluster: Cluster, manifest: Manifest) -> dict[str, Any]:
    pods = alive(cluster.owned(manifest, "pods"))
    ready = sum(map(is_ready, pods))
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    return {
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": manifest["metadata"].get("generation", 1),
    }
