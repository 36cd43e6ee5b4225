"""Service: one of type LoadBalancer needs an address; the others are healthy as soon as they exist."""

from trimtab.health.read import items, text
from trimtab.health.verdicts import healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def service(manifest: Manifest) -> Health:
    if text(manifest, "spec", "type") != "LoadBalancer" or items(manifest, "status", "loadBalancer", "ingress"):
        return healthy()
    return progressing("Waiting for the load balancer to get an address")
