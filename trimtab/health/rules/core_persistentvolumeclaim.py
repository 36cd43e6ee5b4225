"""PersistentVolumeClaim: is it bound to a volume?"""

from trimtab.health.read import text
from trimtab.health.verdicts import degraded, healthy, progressing, unknown
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def persistent_volume_claim(manifest: Manifest) -> Health:
    match text(manifest, "status", "phase"):
        case "Bound":
            return healthy()
        case "Pending":
            return progressing()
        case "Lost":
            return degraded()
    return unknown()
