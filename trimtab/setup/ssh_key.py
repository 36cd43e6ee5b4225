"""SSH keys made in memory: ed25519 and nothing else, since GitHub has retired weaker ones before."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct


class SshKey(Struct, frozen=True):
    """`private`: OpenSSH's PEM; `public`: `ssh-ed25519 AAAA…`, without a comment."""

    private: str
    public: str

    def __repr__(self) -> str:
        return f"SshKey({self.public!r})"


def new_key() -> SshKey:
    """A key that nobody has seen."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return SshKey(private.decode(), _public(key))


def public_half(private: str) -> str:
    """Of an SSH private key of any algorithm; "" for what is none."""
    text = f"{private.strip()}\n".encode()
    for load in (serialization.load_ssh_private_key, serialization.load_pem_private_key):
        try:
            key = load(text, password=None)
            public = key.public_key()
            encoded = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        return encoded.decode()
    return ""


def same_key(one: str, other: str) -> bool:
    """Whether two public keys are the same but for their comments."""
    return bool(one) and one.split()[:2] == other.split()[:2]


def _public(key: Ed25519PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
