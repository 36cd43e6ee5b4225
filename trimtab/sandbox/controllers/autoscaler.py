"""HorizontalPodAutoscalers: nobody measures anything here, so the replicas are always as many as wanted."""

from typing import Any

from trimtab.model.keys import Manifest, kind_of
from trimtab.sandbox.controllers.cluster import Cluster, revise

_COLLECTION = "horizontalpodautoscalers.autoscaling"
_CONDITIONS = (
    ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
    ("ScalingActive", "True", "ValidMetricFound", "the autoscaler was able to calculate a replica count"),
    ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
)


def autoscaler(cluster: Cluster, manifest: Manifest) -> float | None:
    replicas = _replicas(cluster, manifest)
    fresh = [
        {"type": kind, "status": status, "reason": reason, "message": message}
        for kind, status, reason, message in _CONDITIONS
    ]
    before = (manifest.get("status") or {}).get("conditions") or []
    status: dict[str, Any] = {
        "currentReplicas": replicas,
        "desiredReplicas": replicas,
        "currentMetrics": None,
        "conditions": revise(before, fresh, cluster.now()),
    }
    cluster.set_status(_COLLECTION, manifest, status)
    return None


def _replicas(cluster: Cluster, manifest: Manifest) -> int:
    target = manifest["spec"].get("scaleTargetRef") or {}
    resource = cluster.world.registry.by_kind(kind_of(target))
    found = cluster.get(resource.storage, manifest["metadata"]["namespace"], target["name"]) if resource else None
    replicas: int = ((found or {}).get("spec") or {}).get("replicas", 0)
    return replicas
