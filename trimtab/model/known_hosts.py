"""Host keys of SSH servers, as OpenSSH's `known_hosts` holds them (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

A `place` is `host`, or `host:port` for another port than 22. OpenSSH itself decides whether a key is right; here lines
are read and written.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from trimtab.errors import Stalled

TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""What a host may show: DSA is broken, and certificates and security keys are nothing that a forge publishes."""
MOST_KEYS = 32
LONGEST_KEY = 2048
"""Characters of base64: an RSA key of 8192 bits has some 1400."""


class HostKey(Struct, frozen=True, order=True):
    """A public key. `data` is its base64."""

    type: str
    data: str

    @property
    def fingerprint(self) -> str:
        """As ssh shows it: `SHA256:…`; "" for what is no base64."""
        blob = _blob(self.data)
        if blob is None:
            return ""
        return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


class _Line(Struct, frozen=True):
    """A line that is about hosts: `@marker names type data`."""

    marker: str
    names: tuple[str, ...]
    key: HostKey


def names_host(known_hosts: str, place: str) -> bool:
    """Is a line about `place`, hashed names included, wildcards not?"""
    name = _name(place)
    return any(_is(pattern, name) for line in _lines(known_hosts) for pattern in line.names)


def keys_of(known_hosts: str, place: str) -> tuple[HostKey, ...]:
    """The keys that `place` is trusted by, in the order of their lines."""
    name = _name(place)
    return tuple(dict.fromkeys(line.key for line in _lines(known_hosts) if _is_about(line, name)))


def with_keys(known_hosts: str, place: str, keys: Sequence[HostKey]) -> str:
    """`known_hosts` in which exactly `keys` are trusted of `place`. The lines of other hosts stay as they are, and so
    does all of it when nothing is to be changed. Raises ValueError where `keys` is empty: nobody would be trusted.
    """
    if not keys:
        raise ValueError("no host keys")
    if set(keys_of(known_hosts, place)) == set(keys):
        return known_hosts
    name = _name(place)
    new = [f"{name} {key.type} {key.data}" for key in keys]
    kept: list[str] = []
    for text in _split(known_hosts):
        line = _read(text)
        if line is None or not _is_about(line, name):
            kept.append(text)
            continue
        kept += new
        new = []
        if others := [one for one in line.names if not _is(one, name)]:
            kept.append(" ".join([",".join(others), *text.split()[1:]]))
    return "".join(f"{text}\n" for text in (*kept, *new))


def read_keys(published: Iterable[str], *, origin: str) -> tuple[HostKey, ...]:
    """Host keys as a server's owner lists them (`ssh-ed25519 AAAA…`). Types that nobody uses are left out.

    Raises Stalled for a list that has no key, too many, or one that is not what its type says. `origin`: who lists.
    """
    lines = tuple(published)
    if len(lines) > MOST_KEYS:
        raise _unusable(origin, f"lists {len(lines)} host keys")
    found = tuple(dict.fromkeys(key for text in lines if (key := _published(text, origin)) is not None))
    if not found:
        raise _unusable(origin, "lists no host key")
    return found


def _published(text: str, origin: str) -> HostKey | None:
    words = text.split()
    if not words or words[0] not in TYPES:
        return None
    key = HostKey(words[0], words[1] if len(words) > 1 else "")
    fields = _fields(_blob(key.data) or b"")
    if len(key.data) > LONGEST_KEY or len(fields) < 2 or fields[0] != key.type.encode():
        raise _unusable(origin, f"lists a key that is no {key.type} key")
    return key


def _unusable(origin: str, what: str) -> Stalled:
    return Stalled(f"{origin} {what}: the host keys that are known stay as they are", reason="HostKeysUnusable")


def _name(place: str) -> str:
    host, colon, port = place.rpartition(":")
    return f"[{host.strip('[]')}]:{port}" if colon and port.isdigit() else place.strip("[]")


def _split(known_hosts: str) -> list[str]:
    """As OpenSSH does: other line ends than this one are within a line."""
    return known_hosts.removesuffix("\n").split("\n") if known_hosts else []


def _lines(known_hosts: str) -> Iterator[_Line]:
    return (line for text in _split(known_hosts) if (line := _read(text)) is not None)


def _read(text: str) -> _Line | None:
    """None for blank lines, comments, and what is no line of known_hosts."""
    words = text.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if len(words) < 2 or words[0].startswith("#"):
        return None
    return _Line(marker, tuple(words[0].split(",")), HostKey(words[1], words[2] if len(words) > 2 else ""))


def _is_about(line: _Line, name: str) -> bool:
    """Does it say that the host is trusted by this key? Authorities, and keys taken back, are somebody's decision."""
    return not line.marker and any(_is(pattern, name) for pattern in line.names)


def _is(pattern: str, name: str) -> bool:
    if not pattern.startswith("|1|"):
        return pattern.lower() == name.lower()
    try:
        salt, digest = (base64.b64decode(part) for part in pattern[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


def _blob(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _fields(blob: bytes) -> list[bytes]:
    """The parts of a key (RFC 4253, 6.6: each with its length before it); [] where they do not add up."""
    found = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if not 0 < length <= len(blob) - 4:
            return []
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found
