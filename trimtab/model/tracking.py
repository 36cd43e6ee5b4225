"""Argo CD's tracking annotation: `<instance>:<group>/<kind>:<namespace>/<name>`.

The namespace of a cluster-scoped object is the application's destination namespace (a rule of Argo CD's format).
"""

from msgspec import Struct

from trimtab.model.keys import ObjectKey
from trimtab.model.names import TRACKING_ID


class TrackingId(Struct, frozen=True):
    """Which application an object says it belongs to, and which object the annotation was written for."""

    instance: str
    group: str
    kind: str
    namespace: str
    name: str

    def points_to(self, key: ObjectKey) -> bool:
        """False for a copy of the annotation on another object (a ReplicaSet inherits its Deployment's)."""
        same = (self.group, self.kind, self.name) == (key.group, key.kind, key.name)
        return same and (not key.namespace or self.namespace == key.namespace)


def tracking_id(instance: str, key: ObjectKey, *, destination_namespace: str) -> str:
    """The annotation's value for `key`."""
    return f"{instance}:{key.group}/{key.kind}:{key.namespace or destination_namespace}/{key.name}"


def parse_tracking_id(text: str) -> TrackingId | None:
    """None where `text` is not in the format."""
    parts = text.split(":")
    if len(parts) < 3:
        return None
    instance, gk, nn = parts[0], parts[1], ":".join(parts[2:])
    group, slash, kind = gk.partition("/")
    namespace, slash2, name = nn.partition("/")
    if not (slash and slash2 and instance and kind and name):
        return None
    return TrackingId(instance=instance, group=group, kind=kind, namespace=namespace, name=name)


def owner_of(key: ObjectKey, annotations: dict[str, str] | None) -> str:
    """The instance that the object is tracked to, "" when to none or when the annotation is a copy."""
    text = (annotations or {}).get(TRACKING_ID)
    parsed = parse_tracking_id(text) if text else None
    return parsed.instance if parsed and parsed.points_to(key) else ""
