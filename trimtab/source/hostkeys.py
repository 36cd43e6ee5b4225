"""Whether known_hosts names a host. Pure; OpenSSH itself decides whether a key is right."""

import base64
import hashlib
import hmac


def names_host(known_hosts: str, place: str) -> bool:
    """Whether a line is about `place` (`host` or `host:port`), hashed names included, wildcards not."""
    host, colon, port = place.rpartition(":")
    name = f"[{host.strip('[]')}]:{port}" if colon and port.isdigit() else place.strip("[]")
    fields = (line.split()[:2] for line in known_hosts.splitlines() if line.split())
    lists = (words[-1] if words[0].startswith("@") else words[0] for words in fields)
    return any(_is(pattern, name) for patterns in lists for pattern in patterns.split(","))


def _is(pattern: str, name: str) -> bool:
    if not pattern.startswith("|1|"):
        return pattern.lower() == name.lower()
    try:
        salt, digest = (base64.b64decode(part) for part in pattern[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
