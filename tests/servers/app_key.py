"""Private keys of GitHub Apps, as GitHub hands them out: RSA in PKCS#1 PEM."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def app_key() -> str:
    """A new one."""
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Any key in that form."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
