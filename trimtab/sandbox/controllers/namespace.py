"""Namespaces: each has a default ServiceAccount and the cluster's CA."""

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster


def namespace(cluster: Cluster, manifest: Manifest) -> float | None:
    if (manifest.get("status") or {}).get("phase") != "Active":
        return None
    name = manifest["metadata"]["name"]
    if cluster.get("serviceaccounts", name, "default") is None:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        cluster.create("serviceaccounts", account)
    if cluster.get("configmaps", name, "kube-root-ca.crt") is None:
        meta = {
            "name": "kube-root-ca.crt",
            "namespace": name,
            "annotations": {"kubernetes.io/description": "The sandbox speaks plain HTTP on loopback: it has no CA."},
        }
        cluster.create(
            "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"ca.crt": ""}}
        )
    return None
