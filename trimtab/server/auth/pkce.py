"""Proof Key for Code Exchange (RFC 7636), S256: who began is who ends."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

_CHALLENGE = re.compile(r"[-_A-Za-z0-9]{43}")
_VERIFIER = re.compile(r"[-._~A-Za-z0-9]{43,128}")


def challenge_of(verifier: str) -> str:
    """What may be shown of a verifier."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_challenge(text: str) -> bool:
    """Has it the form of one?"""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Is this the verifier of that challenge?"""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
