"""Ingress: healthy once its controller has published an address."""

from trimtab.health.read import items
from trimtab.health.verdicts import healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def ingress(manifest: Manifest) -> Health:
    if items(manifest, "status", "loadBalancer", "ingress"):
        return healthy()
    return progressing("Waiting for the ingress controller to publish an address")
