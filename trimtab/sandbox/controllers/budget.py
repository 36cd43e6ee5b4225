"""PodDisruptionBudgets: how many of their pods may be missing."""

import math
from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, alive, is_ready, revise
from trimtab.sandbox.selectors import matches_labels

_COLLECTION = "poddisruptionbudgets.policy"


def budget(cluster: Cluster, manifest: Manifest) -> float | None:
    meta, spec = manifest["metadata"], manifest["spec"]
    pods = [
        pod
        for pod in alive(cluster.all("pods", meta["namespace"]))
        if matches_labels(spec.get("selector"), pod["metadata"].get("labels") or {})
    ]
    healthy, wanted = sum(map(is_ready, pods)), _wanted(spec, len(pods))
    allowed = max(0, healthy - wanted)
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": meta["generation"],
    }
    status: dict[str, Any] = {
        "observedGeneration": meta["generation"],
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "expectedPods": len(pods),
        "conditions": revise((manifest.get("status") or {}).get("conditions") or [], [condition], cluster.now()),
    }
    cluster.set_status(_COLLECTION, manifest, status)
    return None


def _wanted(spec: dict[str, Any], pods: int) -> int:
    if "minAvailable" in spec:
        return _count(spec["minAvailable"], pods)
    return max(0, pods - _count(spec.get("maxUnavailable", 1), pods))


def _count(value: int | str, pods: int) -> int:
    """A number, or a share (rounded up) of the pods; what is neither counts as none."""
    if isinstance(value, int):
        return value
    share = value.removesuffix("%")
    return math.ceil(int(share) * pods / 100) if share.isdecimal() else 0
