"""Values that only servers with the same `server.secretkey` can read: AES-256-GCM, one derived key for each purpose.

While that key is rotated, what was sealed with the one before (`server.secretkey.previous`) opens, too.

A sealed value travels with its owner (in a cookie, a claim, a code), so that any replica can open it and none has to
remember it.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
Purpose = Literal["login state", "command line code", "session credential"]


class Seal:
    """Seals for one purpose: what is sealed for another does not open."""

    def __init__(self, keys: Sequence[bytes], purpose: Purpose) -> None:
        """The first of the keys seals, all of them open. Raises ValueError where there is none."""
        if not keys:
            raise ValueError("there is no key to seal with")
        self._ciphers = [_cipher(key, purpose) for key in keys]

    def seal(self, value: bytes, *, bound_to: str = "") -> str:
        """Opens only where `bound_to` is the same."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, value, bound_to.encode())
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, *, bound_to: str = "") -> bytes | None:
        """None for what was not sealed with one of the keys, for this purpose, and bound to the same."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        opened = (_opened(cipher, sealed, bound_to.encode()) for cipher in self._ciphers)
        return next((value for value in opened if value is not None), None)


def _cipher(key: bytes, purpose: Purpose) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=f"trimtab {purpose} 1".encode()).derive(key))


def _opened(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes | None:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (ValueError, InvalidTag):
        return None
