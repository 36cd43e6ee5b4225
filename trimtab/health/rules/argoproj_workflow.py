"""Workflow (Argo Workflows): by its phase."""

from trimtab.health.read import text
from trimtab.health.verdicts import degraded, healthy, progressing, unknown
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def workflow(manifest: Manifest) -> Health:
    message = text(manifest, "status", "message")
    match text(manifest, "status", "phase"):
        case "" | "Pending" | "Running":
            return progressing(message)
        case "Succeeded":
            return healthy(message)
        case "Failed" | "Error":
            return degraded(message)
    return unknown(message)
