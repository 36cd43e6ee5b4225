"""The certificate of the UI's host."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from tests.servers.authority import Authority
from trimtab.environment.findings.certificate import SOON_DAYS, Shown, judge_certificate
from trimtab.environment.findings.finding import Finding

HOST = "argocd.acme.example"


def judged(*names: str, host: str = HOST, left: int = 60, distrusted: str = "") -> Finding:
    certificate = load_pem_x509_certificate(Authority("acme-ca").issue("server", *names).certificate.encode())
    now = certificate.not_valid_after_utc - dt.timedelta(days=left)
    return judge_certificate(host, Shown(certificate.public_bytes(Encoding.DER), distrusted), now=now)


def test_a_good_one() -> None:
    found = judged(HOST)
    assert (found.level, found.subject, found.fix) == ("ok", HOST, "")
    assert "(60 days), of CN=acme-ca" in found.message


@pytest.mark.parametrize(
    ("left", "level"), [(SOON_DAYS, "ok"), (SOON_DAYS - 1, "warning"), (0, "error"), (-5, "error")]
)
def test_days_left(left: int, level: str) -> None:
    assert judged(HOST, left=left).level == level


@pytest.mark.parametrize(
    ("names", "host", "covered"),
    [
        (("*.acme.example",), HOST, True),
        (("*.acme.example",), "a.b.acme.example", False),
        (("*.acme.example",), "acme.example", False),
        (("ARGOCD.acme.example",), HOST, True),
        (("other.example",), HOST, False),
        ((), HOST, False),
        (("127.0.0.1",), "127.0.0.1", True),
    ],
)
def test_names(names: tuple[str, ...], host: str, covered: bool) -> None:
    found = judged(*names, host=host)
    assert (found.level == "ok") is covered
    if not covered:
        assert "not for this host" in found.message


def test_an_unknown_authority() -> None:
    found = judged(HOST, distrusted="unable to get local issuer certificate")
    assert (found.level, "unable to get local issuer" in found.message) == ("error", True)
    assert found.fix
