"""HorizontalPodAutoscaler: can it read its metrics and scale?"""

from typing import Any

import msgspec

from trimtab.health.read import items, text
from trimtab.health.verdicts import degraded, healthy, progressing, unknown
from trimtab.model.application import Health
from trimtab.model.keys import Manifest, kind_of

V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""autoscaling/v1 has no field for conditions: the API server puts them into this annotation, as JSON."""

BROKEN = frozenset(
    {
        "FailedComputeMetricsReplicas",
        "FailedGetExternalMetric",
        "FailedGetObjectMetric",
        "FailedGetPodsMetric",
        "FailedGetResourceMetric",
        "FailedGetScale",
        "FailedUpdateScale",
        "InvalidSelector",
    }
)


def horizontal_pod_autoscaler(manifest: Manifest) -> Health:
    match kind_of(manifest).version:
        case "v1":
            conditions = _from_annotation(text(manifest, "metadata", "annotations", V1_CONDITIONS))
        case "v2":
            conditions = items(manifest, "status", "conditions")
        case other:
            return unknown(f"no health rule for HorizontalPodAutoscaler in version {other!r}")
    for item in conditions:
        if text(item, "reason") in BROKEN:
            return degraded(text(item, "message"))
    for item in conditions:
        if item.get("type") in ("AbleToScale", "ScalingLimited") and item.get("status") == "True":
            return healthy(text(item, "message"))
    return progressing("Waiting to autoscale")


def _from_annotation(encoded: str) -> list[dict[str, Any]]:
    """[] for what is not JSON: text that cannot be encoded, or a nesting that no decoder takes, included."""
    try:
        return items({"conditions": msgspec.json.decode(encoded)}, "conditions")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
