"""APIService: does the API server behind it answer?"""

from trimtab.health.read import condition, text
from trimtab.health.verdicts import healthy, progressing
from trimtab.model.application import Health
from trimtab.model.keys import Manifest


def api_service(manifest: Manifest) -> Health:
    available = condition(manifest, "Available")
    if not available:
        return progressing("Waiting to be processed")
    message = f"{text(available, 'reason')}: {text(available, 'message')}"
    return healthy(message) if available.get("status") == "True" else progressing(message)
