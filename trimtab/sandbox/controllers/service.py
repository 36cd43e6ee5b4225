"""Services: an address for load balancers, and slices that name the ready pods behind a selector."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, is_ready, owner_reference

ADDRESS = "127.0.0.1"
_SLICES = "endpointslices.discovery.k8s.io"


def service(cluster: Cluster, manifest: Manifest) -> float | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    status: dict[str, Any] = {"loadBalancer": {}}
    if manifest["spec"].get("type") == "LoadBalancer":
        status = {"loadBalancer": {"ingress": [{"ip": ADDRESS, "ipMode": "VIP"}]}}
    cluster.set_status("services", manifest, status)
    if manifest["spec"].get("selector"):
        _endpoints(cluster, manifest)
    return None


def _endpoints(cluster: Cluster, manifest: Manifest) -> None:
    meta = manifest["metadata"]
    pods = cluster.selected("pods", meta["namespace"], manifest["spec"]["selector"])
    endpoints = [_endpoint(pod) for pod in pods if (pod.get("status") or {}).get("podIP")]
    found = cluster.owned(manifest, _SLICES)
    wanted: dict[str, Any] = {"endpoints": endpoints} if endpoints else {}
    wanted["ports"] = [_port(port) for port in manifest["spec"].get("ports") or ()]
    if not found:
        cluster.create(_SLICES, _slice(manifest, wanted))
    elif any(found[0].get(name) != wanted.get(name) for name in ("endpoints", "ports")):
        cluster.change(_SLICES, found[0], lambda m: _replace(m, wanted))


def _replace(manifest: Manifest, wanted: dict[str, Any]) -> None:
    manifest.pop("endpoints", None)
    manifest.update(wanted)


def _slice(manifest: Manifest, wanted: dict[str, Any]) -> Manifest:
    meta = manifest["metadata"]
    labels = {
        "kubernetes.io/service-name": meta["name"],
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": {**(meta.get("labels") or {}), **labels},
            "ownerReferences": [owner_reference(manifest)],
        },
        "addressType": "IPv4",
        **wanted,
    }


def _endpoint(pod: Manifest) -> dict[str, Any]:
    meta, ready = pod["metadata"], is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": "deletionTimestamp" in meta},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
    }


def _port(port: dict[str, Any]) -> dict[str, Any]:
    number = port.get("targetPort")
    return {
        "name": port.get("name", ""),
        "port": number if isinstance(number, int) else port["port"],
        "protocol": port.get("protocol", "TCP"),
    }
