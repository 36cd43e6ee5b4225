"""PersistentVolumeClaims: each gets a volume of the size it asks for."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.admission import PV_PROTECTION, PVC_PROTECTION
from trimtab.sandbox.controllers.cluster import Cluster

_VOLUMES = "persistentvolumes"
_CLAIMS = "persistentvolumeclaims"


def volume(cluster: Cluster, manifest: Manifest) -> float | None:
    """A volume that is deleted is let go."""
    if "deletionTimestamp" in manifest["metadata"]:
        cluster.change(_VOLUMES, manifest, lambda m: _release(m, PV_PROTECTION))
    return None


def claim(cluster: Cluster, manifest: Manifest) -> float | None:
    meta, spec = manifest["metadata"], manifest["spec"]
    if "deletionTimestamp" in meta:
        bound = cluster.get(_VOLUMES, "", spec.get("volumeName", ""))
        if bound and bound["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            cluster.delete(_VOLUMES, bound)
        cluster.change(_CLAIMS, manifest, lambda m: _release(m, PVC_PROTECTION))
        return None
    name = spec.get("volumeName") or f"pvc-{meta['uid']}"
    if cluster.get(_VOLUMES, "", name) is None:
        _provision(cluster, manifest, name)
    if not spec.get("volumeName"):
        cluster.change(_CLAIMS, manifest, lambda m: m["spec"].update(volumeName=name))
        return None
    capacity = {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")}
    status = {"phase": "Bound", "accessModes": spec.get("accessModes") or [], "capacity": capacity}
    cluster.set_status(_CLAIMS, manifest, status)
    return None


def _release(manifest: Manifest, finalizer: str) -> None:
    """Nothing mounts a claim for real, so that nothing has to be waited for."""
    meta = manifest["metadata"]
    meta["finalizers"] = [name for name in meta.get("finalizers") or () if name != finalizer]


def _provision(cluster: Cluster, manifest: Manifest, name: str) -> None:
    meta, spec = manifest["metadata"], manifest["spec"]
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": meta["name"],
        "namespace": meta["namespace"],
    }
    volume: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")},
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "claimRef": {**reference, "uid": meta["uid"]},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.get("storageClassName", ""),
            "hostPath": {"path": f"/sandbox/{name}"},
        },
    }
    made = cluster.create(_VOLUMES, volume)
    cluster.set_status(_VOLUMES, made, {"phase": "Bound"})
