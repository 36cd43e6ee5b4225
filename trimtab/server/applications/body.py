"""An Application as the API sends it: the API server's JSON without apiVersion and kind, and never without a status.

Argo CD's own replies are so: its clients read `status.sync.status` without asking whether there is a status.
managedFields stay, as they do there.
"""

import msgspec
from msgspec import Raw

from trimtab.model.names import GROUP, VERSION

API_VERSION = f"{GROUP}/{VERSION}"
NAMED = f'{{"apiVersion":"{API_VERSION}","kind":"Application",'.encode()
EMPTY_STATUS: dict[str, Raw] = {
    "health": Raw(b"{}"),
    "sourceHydrator": Raw(b"{}"),
    "summary": Raw(b"{}"),
    "sync": Raw(b'{"comparedTo":{"destination":{},"source":{"repoURL":""}},"status":""}'),
}
"""What Argo CD says of an Application that nobody has looked at yet."""
_PARTS = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()


def served(raw: bytes) -> bytes:
    """`raw`: the object as the API server sent it."""
    parts = _PARTS.decode(raw)
    parts.pop("apiVersion", None)
    parts.pop("kind", None)
    status = parts.get("status")
    known = _PARTS.decode(status) if status is not None and bytes(status)[:1] == b"{" else {}
    if not known.keys() >= EMPTY_STATUS.keys():
        missing = {name: value for name, value in EMPTY_STATUS.items() if name not in known}
        parts["status"] = Raw(_ENCODER.encode({**known, **missing}))
    return _ENCODER.encode(parts)


def named(body: bytes) -> bytes:
    """The way back: the object with its apiVersion and kind."""
    return NAMED + body[1:]
