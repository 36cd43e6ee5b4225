"""Values that only servers with the same `server.secretkey` can read: AES-256-GCM, one derived key for each purpose.

A sealed value travels with its owner (in a cookie, a claim, a code), so that any replica can open it and none has to
remember it.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
Purpose = Literal["login state", "command line code", "session credential"]


class Seal:
    """Seals for one purpose: what is sealed for another does not open."""

    def __init__(self, key: bytes, purpose: Purpose) -> None:
        """Raises ValueError for an empty key."""
        if not key:
            raise ValueError("there is no key to seal with")
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"trimtab {purpose} 1".encode()).derive(key)
        self._cipher = AESGCM(derived)

    def seal(self, value: bytes, *, bound_to: str = "") -> str:
        """Opens only where `bound_to` is the same."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value, bound_to.encode())
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, *, bound_to: str = "") -> bytes | None:
        """None for what was not sealed with this key, for this purpose, and bound to the same."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except (ValueError, InvalidTag):
            return None
