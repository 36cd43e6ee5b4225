"""Credentials of repositories: what they are made of, how old they are, who made them, when they end."""

import datetime as dt
import warnings
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from msgspec import Struct

from trimtab.clock import parse_rfc3339
from trimtab.environment.findings.finding import Finding, Level, worst
from trimtab.environment.names import CREATED_AT, CREATED_BY
from trimtab.model.credentials import secret_text
from trimtab.model.keys import Manifest
from trimtab.model.known_hosts import HostKey

CHECK = "credentials"
OLD_DAYS = 365
SOON_DAYS = 14
_NEW_KEY = "make an ed25519 key: `trimtab rotate deploy-key`, or register one by hand and put it into sshPrivateKey"
_PERSONAL = ("ghp_", "gho_", "ghu_", "github_pat_")
"""What GitHub's tokens of persons begin with."""


class Part(Struct, frozen=True):
    """Something that is so of a credential. `ends`: when it does."""

    words: str
    level: Level = "ok"
    fix: str = ""
    ends: dt.datetime | None = None


def judge_credential(secret: Manifest, *, now: dt.datetime, expires: dt.datetime | None = None) -> Finding:
    """Of a repository's Secret, or that of many. `expires`: when its token does, as its server said."""
    data = secret_text(secret)
    parts = [*_kinds(data, expires), *_age(secret, data, now)]
    parts += [part for one in parts if one.ends for part in [_end(one.ends, now)]]
    level = worst(part.level for part in parts)
    return Finding(
        check=CHECK,
        subject=f"{secret['metadata']['name']} ({_shown_url(data.get('url', ''))})",
        level=level,
        message=", ".join(part.words for part in parts),
        fix=next((part.fix for part in parts if part.level == level and part.fix), ""),
    )


def personal_token(secret: Manifest) -> str:
    """The token of a person in it, "" for none: its server can be asked when it expires."""
    found = (value_of(secret, name) for name in ("password", "bearerToken"))
    return next((one for one in found if one.startswith(_PERSONAL)), "")


def value_of(secret: Manifest, name: str) -> str:
    """One of a Secret's, decoded; "" where there is none."""
    return secret_text(secret).get(name, "")


def _kinds(data: Mapping[str, str], expires: dt.datetime | None) -> list[Part]:
    found = []
    if data.get("sshPrivateKey"):
        found.append(_ssh_key(data["sshPrivateKey"]))
    if data.get("githubAppPrivateKey"):
        found.append(Part(f"GitHub App {data.get('githubAppID', '')}, whose tokens live for an hour"))
    if data.get("password") or data.get("bearerToken"):
        found.append(_token(data.get("password") or data["bearerToken"], expires))
    if data.get("tlsClientCertData"):
        found.append(_client_certificate(data["tlsClientCertData"]))
    return found or [Part("without any credential")]


def _ssh_key(text: str) -> Part:
    try:
        key = _load(text.strip().encode() + b"\n")
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return Part("an SSH key that cannot be read (a passphrase, or a broken or outdated kind)", "error", _NEW_KEY)
    match key:
        case Ed25519PrivateKey():
            return Part(f"ed25519 {_fingerprint(key)}")
        case EllipticCurvePrivateKey():
            return Part("ECDSA, whose keys leak by one weak random number", "warning", _NEW_KEY)
        case RSAPrivateKey():
            return Part(f"RSA with {key.key_size} bits: servers stop taking its signatures", "error", _NEW_KEY)
    return Part("DSA, which is broken", "error", _NEW_KEY)


def _load(pem: bytes) -> Any:
    with warnings.catch_warnings():
        # That DSA is deprecated is what is to be found out.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return load_ssh_private_key(pem, None) if b"OPENSSH PRIVATE KEY" in pem else load_pem_private_key(pem, None)


def _fingerprint(key: Ed25519PrivateKey) -> str:
    kind, data = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[:2]
    return HostKey(kind, data).fingerprint


def _token(token: str, expires: dt.datetime | None) -> Part:
    if token.startswith(_PERSONAL):
        fix = "use a deploy key or a GitHub App, which belong to no person: access in environment.yaml"
        return Part("a token of a person, which ends with their membership", "warning", fix, expires)
    return Part("a password or token", ends=expires)


def _client_certificate(pem: str) -> Part:
    try:
        return Part("a client certificate", ends=x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc)
    except ValueError:
        return Part("a client certificate that cannot be read", "error", "put PEM text into tlsClientCertData")


def _end(ends: dt.datetime, now: dt.datetime) -> Part:
    days = (ends - now).days
    fix = "put a new one into the Secret before it ends"
    if ends <= now:
        return Part(f"expired on {ends:%Y-%m-%d}", "error", "put a new one into the Secret")
    return Part(f"ends on {ends:%Y-%m-%d} (in {days} days)", *(("warning", fix) if days < SOON_DAYS else ("ok",)))


def _age(secret: Manifest, data: Mapping[str, str], now: dt.datetime) -> list[Part]:
    made, by = _made(secret, data)
    who = [Part(f"made by {by}")] if by else []
    if made is None:
        return who
    days = (now - made).days
    words = f"{days} days old"
    if days > OLD_DAYS:
        fix = "renew it: `trimtab rotate deploy-key` for the environment's repository"
        return [Part(words, "warning", fix), *who]
    return [Part(words), *who]


def _made(secret: Manifest, data: Mapping[str, str]) -> tuple[dt.datetime | None, str]:
    """(when, by whom): as the annotations say, else as the API server knows who wrote the credential last."""
    metadata = secret["metadata"]
    noted = metadata.get("annotations") or {}
    writers = [one for one in metadata.get("managedFields") or () if _wrote(one, data)]
    last: dict[str, Any] = max(writers, key=lambda one: one.get("time") or "", default={})
    when = noted.get(CREATED_AT) or last.get("time") or metadata.get("creationTimestamp") or ""
    return _moment(when), noted.get(CREATED_BY) or last.get("manager") or ""


def _wrote(entry: Mapping[str, Any], data: Mapping[str, str]) -> bool:
    fields = ((entry.get("fieldsV1") or {}).get("f:data")) or {}
    secrets = ("sshPrivateKey", "password", "bearerToken", "githubAppPrivateKey", "tlsClientCertData")
    return any(f"f:{name}" in fields for name in secrets if data.get(name))


def _moment(text: str) -> dt.datetime | None:
    try:
        found = parse_rfc3339(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _shown_url(url: str) -> str:
    """Without what may stand in it as user and password."""
    scheme, colon, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if colon else url
