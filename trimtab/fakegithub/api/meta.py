"""What GitHub says of itself: the host keys of its SSH server, and its limits."""

import base64
import hashlib

from trimtab.fakegithub.api.call import Call, Route, Who
from trimtab.fakegithub.shapes.people import Json

_NAMES = {"ssh-rsa": "RSA", "ecdsa-sha2-nistp256": "ECDSA", "ssh-ed25519": "ED25519"}


def meta(call: Call) -> Json:
    prints = {f"SHA256_{_NAMES[line.split()[0]]}": _fingerprint(line) for line in call.world.host_keys}
    return {
        "verifiable_password_authentication": False,
        "ssh_key_fingerprints": prints,
        "ssh_keys": list(call.world.host_keys),
        "hooks": ["127.0.0.0/8"],
        "web": ["127.0.0.0/8"],
        "api": ["127.0.0.0/8"],
        "git": ["127.0.0.0/8"],
    }


def rate_limit(call: Call) -> Json:
    now = int(call.world.clock.now().timestamp())
    limit = call.world.rate_limit
    rate = {"limit": limit, "used": 0, "remaining": limit, "reset": now + 3600}
    return {"resources": {"core": rate, "search": rate}, "rate": rate}


def _fingerprint(line: str) -> str:
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return base64.b64encode(digest).decode().rstrip("=")


ROUTES = (
    Route("GET", "/meta", meta, Who.ANYBODY),
    Route("GET", "/rate_limit", rate_limit, Who.ANYBODY),
)
