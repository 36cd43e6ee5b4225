"""`continue`: where the next page of a list begins. It names the last application of the page before, so that it holds
whatever comes and goes in between, on every replica, and after a restart.
"""

import base64
import hashlib

import msgspec
from msgspec import Struct

from trimtab.server.applications.catalogue import Place

LONGEST = 4096
DIGEST_BYTES = 12


class Mark(Struct, frozen=True, array_like=True):
    """`query`: what the list was asked for; a mark is of no use for another."""

    query: str
    last: Place


_DECODER = msgspec.json.Decoder(Mark)


def encode_mark(mark: Mark) -> str:
    content = msgspec.json.encode(mark)
    return base64.urlsafe_b64encode(_digest(content) + content).decode().rstrip("=")


def decode_mark(text: str, query: str, *, ranked: bool) -> Place:
    """`ranked`: the list is sorted by numbers. Raises ValueError for what is no mark, or one of another list.

    The digest finds what was cut or edited. It keeps no secret: a mark gives nobody more than they may see anyway.
    """
    if len(text) > LONGEST:
        raise ValueError("continue: it is too long")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        digest, content = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
        mark = _DECODER.decode(content) if digest == _digest(content) else None
    except (ValueError, msgspec.MsgspecError):
        mark = None
    if mark is None or isinstance(mark.last[0], int) != ranked:
        raise ValueError("continue: not what a page before gave")
    if mark.query != query:
        raise ValueError("continue: it belongs to a list with other parameters")
    return mark.last


def fingerprint(parts: object) -> str:
    """Tells lists of different parameters apart. `parts` has a `repr` that does not depend on the process."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES, person=b"trimtab continue").digest()
