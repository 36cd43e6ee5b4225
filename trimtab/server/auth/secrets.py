"""argocd-secret and the like: read, changed without losing anybody else's change, and made where they are missing."""

import base64
import binascii
from collections.abc import Mapping

from trimtab.model.keys import Manifest

ARGOCD_CM = "argocd-cm"
ARGOCD_SECRET = "argocd-secret"  # noqa: S105 - a name
SIGNING_KEY = "server.secretkey"


def secret_data(secret: Manifest | None) -> Mapping[str, bytes]:
    """What a Secret holds, decoded; what is not base64 is left out."""
    decoded = {key: _decoded(value) for key, value in ((secret or {}).get("data") or {}).items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decoded(value: object) -> bytes | None:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return None
