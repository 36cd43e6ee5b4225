"""Ingresses: an address, as if a controller for their class were there."""

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster
from trimtab.sandbox.controllers.service import ADDRESS


def ingress(cluster: Cluster, manifest: Manifest) -> float | None:
    status = {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
    cluster.set_status("ingresses.networking.k8s.io", manifest, status, manager="sandbox")
    return None
