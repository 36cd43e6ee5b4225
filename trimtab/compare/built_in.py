"""What the API server does to objects of Kubernetes' own kinds, as far as a comparison has to know it.

These are the defaults that managedFields do not tell of. A line that is missing costs a dry run, never a wrong answer.
"""

from collections.abc import Mapping
from typing import Any

BUILT_IN_GROUPS = frozenset(
    (
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    )
)
"""Groups whose objects the API server decodes into Go structs: what is empty there is the same as what is absent."""

DEFAULT_KEYS = {"protocol": "TCP"}
"""Keys of list items that built-in kinds fill in."""

ATOMIC_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "fieldRef": {"apiVersion": "v1"},
    "onPodConditions": {"status": "True"},
    "ports": {"protocol": "TCP"},
    "resourceFieldRef": {"divisor": "0"},
    "rules": {"scope": "*"},
    "serviceAccountToken": {"expirationSeconds": 3600},
    "spec": {"volumeMode": "Filesystem"},
    "subjects": {"apiGroup": "rbac.authorization.k8s.io"},
    "volumeClaimTemplates": {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "status": {"phase": "Pending"},
    },
}
"""What built-in kinds fill in within lists and maps that count as one value, by the field that holds the map."""


FILLED = frozenset(
    f"f:{name}"
    for name in (
        "annotations",
        "behavior",
        "labels",
        "resources",
        "rollingUpdate",
        "scaleDown",
        "scaleUp",
        "securityContext",
        "strategy",
        "updateStrategy",
    )
)
"""Maps of built-in kinds whose fields are owned one by one, and that others fill where we apply `{}`."""
