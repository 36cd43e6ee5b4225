"""What happens to an object on its way in, beside defaulting: namespaces, allocations, kinds' own first status."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox import crds, faults
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.world import World

_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
PVC_PROTECTION = "kubernetes.io/pvc-protection"
PV_PROTECTION = "kubernetes.io/pv-protection"


def require_namespace(world: World, resource: Resource, manifest: Manifest) -> None:
    """Raises Fault when the namespace is missing or on its way out."""
    if not resource.namespaced:
        return
    meta = manifest["metadata"]
    found = world.store.get("namespaces", "", meta["namespace"])
    if found is None:
        raise faults.Fault(
            404,
            "NotFound",
            f'namespaces "{meta["namespace"]}" not found',
            details={"name": meta["namespace"], "kind": "namespaces"},
        )
    if (found.manifest.get("status") or {}).get("phase") == "Terminating":
        why = f"unable to create new content in namespace {meta['namespace']} because it is being terminated"
        fault = faults.forbidden(resource, meta["name"], why)
        fault.details = {
            **(fault.details or {}),
            "causes": [
                {
                    "reason": "NamespaceTerminating",
                    "message": f"namespace {meta['namespace']} is being terminated",
                    "field": "metadata.namespace",
                }
            ],
        }
        raise fault


def on_create(world: World, resource: Resource, manifest: Manifest) -> None:
    """Change the new object in place."""
    match resource.qualified:
        case "namespaces":
            manifest["metadata"]["labels"] = {
                **(manifest["metadata"].get("labels") or {}),
                _NAMESPACE_LABEL: manifest["metadata"]["name"],
            }
            manifest["spec"] = {"finalizers": ["kubernetes"]}
            manifest["status"] = {"phase": "Active"}
        case "services":
            _allocate(world, manifest, None)
            manifest["status"] = {"loadBalancer": {}}
        case "pods":
            manifest["status"] = {"phase": "Pending", "qosClass": _quality(manifest)}
        case "persistentvolumeclaims" | "persistentvolumes":
            manifest["status"] = {"phase": "Pending"}
            _protect(manifest, PVC_PROTECTION if resource.kind.endswith("Claim") else PV_PROTECTION)
        case "jobs.batch":
            _select_own_pods(manifest)
        case "customresourcedefinitions.apiextensions.k8s.io":
            crds.establish(world, manifest)
        case _:
            pass


def on_update(world: World, resource: Resource, old: Manifest, new: Manifest) -> None:
    """Change the updated object in place."""
    match resource.qualified:
        case "services":
            _allocate(world, new, old)
        case "customresourcedefinitions.apiextensions.k8s.io":
            crds.establish(world, new)
        case _:
            pass


def _protect(manifest: Manifest, finalizer: str) -> None:
    finalizers = manifest["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        manifest["metadata"]["finalizers"] = [*finalizers, finalizer]


def _select_own_pods(job: Manifest) -> None:
    """A job's selector and its pods' labels are made from its uid, unless they are chosen by hand."""
    spec, meta = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    names = {"job-name": meta["name"], "batch.kubernetes.io/job-name": meta["name"]}
    uids = {"controller-uid": meta["uid"], "batch.kubernetes.io/controller-uid": meta["uid"]}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}}
    template = spec["template"].setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **names, **uids}
    meta.setdefault("labels", dict(template["labels"]))


def _allocate(world: World, service: Manifest, old: Manifest | None) -> None:
    """A cluster IP, and node ports where the type has them; what the old state had is kept."""
    spec: dict[str, Any] = service.setdefault("spec", {})
    before: dict[str, Any] = (old or {}).get("spec") or {}
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = before.get("clusterIP") or _free_address(world)
    spec.setdefault("clusterIPs", before.get("clusterIPs") or [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        _allocate_ports(world, spec, before)


def _allocate_ports(world: World, spec: dict[str, Any], before: dict[str, Any]) -> None:
    kept = {(p.get("port"), p.get("protocol")): p["nodePort"] for p in before.get("ports") or () if "nodePort" in p}
    used = {
        port["nodePort"]
        for stored in world.store.collection("services").objects.values()
        for port in (stored.manifest.get("spec") or {}).get("ports") or ()
        if "nodePort" in port
    }
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            same = kept.get((port.get("port"), port.get("protocol")))
            port["nodePort"] = same or next(n for n in range(30000, 32768) if n not in used)
        used.add(port["nodePort"])


def _free_address(world: World) -> str:
    """The next address of 10.96.0.0/12, counted by what was ever stored, so that none is used twice."""
    number = 256 + world.store.version
    return f"10.{96 + (number >> 16) % 16}.{(number >> 8) & 255}.{number & 255}"


def _quality(pod: Manifest) -> str:
    """The pod's quality of service class."""
    containers = (pod.get("spec") or {}).get("containers") or []
    resources = [container.get("resources") or {} for container in containers]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(r.get("limits") or {}) and (r.get("requests") or r["limits"]) == r["limits"]
        for r in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"
