"""The certificate that the UI's host shows."""

import datetime as dt

from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from msgspec import Struct

from trimtab.environment.findings.finding import Finding, Level

CHECK = "certificate"
SOON_DAYS = 21
"""What renews certificates by itself does so 30 days before."""
_RENEW = "renew it: look at the Certificate of cert-manager and its events, or replace the Secret"


class Shown(Struct, frozen=True):
    """A certificate as DER, and why it is not trusted, "" where it is."""

    der: bytes
    distrusted: str = ""


def judge_certificate(host: str, shown: Shown, *, now: dt.datetime) -> Finding:
    """Of the server that answers at `host`."""
    certificate = x509.load_der_x509_certificate(shown.der)
    names, ends = _names(certificate), certificate.not_valid_after_utc
    days, until = (ends - now).days, f"until {ends:%Y-%m-%d}"
    if ends <= now:
        return _finding(host, "error", f"has expired on {ends:%Y-%m-%d}", _RENEW)
    if not any(_covers(name, host) for name in names):
        fix = "let the Ingress name this host under tls, or correct ingress.host in environment.yaml"
        return _finding(host, "error", f"is for {', '.join(names[:5]) or 'nobody'}, not for this host", fix)
    if shown.distrusted:
        fix = "give a certificate of a public authority with its whole chain, or name yours in SSL_CERT_FILE"
        return _finding(host, "error", f"is not trusted: {shown.distrusted}", fix)
    if days < SOON_DAYS:
        return _finding(host, "warning", f"valid {until}, {days} days: it should have been renewed", _RENEW)
    return _finding(host, "ok", f"trusted, valid {until} ({days} days), of {_issuer(certificate)}", "")


def _finding(host: str, level: Level, message: str, fix: str) -> Finding:
    return Finding(check=CHECK, subject=host, level=level, message=message, fix=fix)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return []
    assert isinstance(found, x509.SubjectAlternativeName)
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def _covers(name: str, host: str) -> bool:
    """A wildcard stands for one label."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _issuer(certificate: x509.Certificate) -> str:
    return certificate.issuer.rfc4514_string()
