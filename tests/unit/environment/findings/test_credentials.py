"""Credentials: algorithm, age, creator and end, from the Secret alone."""

import base64
import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.servers.authority import Authority
from trimtab.environment.findings.credentials import judge_credential, personal_token, value_of
from trimtab.model.keys import Manifest

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def key(algorithm: str, **options: Any) -> str:
    return asyncssh.generate_private_key(algorithm, **options).export_private_key().decode()


def secret(*, annotations: dict[str, str] | None = None, fields: list[Any] | None = None, **data: str) -> Manifest:
    values = {"url": "git@github.com:acme/infra.git", **data}
    metadata: Manifest = {"name": "repo-1", "creationTimestamp": "2026-05-20T00:00:00Z"}
    metadata |= {"annotations": annotations or {}, "managedFields": fields or []}
    return {
        "metadata": metadata,
        "data": {name: base64.b64encode(one.encode()).decode() for name, one in values.items()},
    }


ED25519 = key("ssh-ed25519")


def test_an_ed25519_key_is_well() -> None:
    made = {"trimtab.dev/created-by": "ada", "trimtab.dev/created-at": "2026-05-01T00:00:00Z"}
    found = judge_credential(secret(sshPrivateKey=ED25519, annotations=made), now=NOW)
    public = asyncssh.import_private_key(ED25519).get_fingerprint()
    assert (found.level, found.fix) == ("ok", "")
    assert found.subject == "repo-1 (git@github.com:acme/infra.git)"
    assert found.message == f"ed25519 {public}, 31 days old, made by ada"


@pytest.mark.parametrize(
    ("algorithm", "level", "words"),
    [("ssh-rsa", "error", "RSA with"), ("ecdsa-sha2-nistp256", "warning", "ECDSA"), ("ssh-dss", "error", "")],
)
def test_other_algorithms_are_not(algorithm: str, level: str, words: str) -> None:
    found = judge_credential(secret(sshPrivateKey=key(algorithm)), now=NOW)
    assert found.level == level
    assert words in found.message
    assert "ed25519" in found.fix


@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
def test_forms_of_keys(tmp_path: Path, form: str) -> None:
    for name, passphrase in (("open", ""), ("closed", "secret")):
        path = tmp_path / name
        command = ["ssh-keygen", "-q", "-t", "ecdsa", "-m", form, "-N", passphrase, "-f", str(path)]
        subprocess.run(command, check=True)
    opened, closed = ((tmp_path / name).read_text() for name in ("open", "closed"))
    assert judge_credential(secret(sshPrivateKey=opened.replace("\n", "\r\n").strip()), now=NOW).level == "warning"
    found = judge_credential(secret(sshPrivateKey=closed), now=NOW)
    assert (found.level, "cannot be read" in found.message) == ("error", True)


@pytest.mark.parametrize(
    "broken", ["nothing", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_what_is_no_key(broken: str) -> None:
    assert judge_credential(secret(sshPrivateKey=broken), now=NOW).level == "error"


def test_age_and_creator_from_who_wrote_the_key_last() -> None:
    fields = [
        {"manager": "kubectl", "time": "2025-01-01T00:00:00Z", "fieldsV1": {"f:data": {"f:url": {}}}},
        {"manager": "old", "time": "2025-02-01T00:00:00Z", "fieldsV1": {"f:data": {"f:sshPrivateKey": {}}}},
        {"manager": "eve", "time": "2026-05-31T00:00:00Z", "fieldsV1": {"f:data": {"f:sshPrivateKey": {}}}},
    ]
    found = judge_credential(secret(sshPrivateKey=ED25519, fields=fields), now=NOW)
    assert found.message.endswith("1 days old, made by eve")
    old = judge_credential(secret(sshPrivateKey=ED25519, fields=fields[:2]), now=NOW)
    assert (old.level, old.fix.startswith("renew it: `trimtab rotate deploy-key`")) == ("warning", True)


def test_an_unreadable_time_is_none() -> None:
    found = judge_credential(secret(sshPrivateKey=ED25519, annotations={"trimtab.dev/created-at": "soon"}), now=NOW)
    assert "days old" not in found.message


@pytest.mark.parametrize("token", ["ghp_abc", "gho_abc", "github_pat_abc"])
def test_tokens_of_persons(token: str) -> None:
    given = secret(username="ada", password=token)
    found = judge_credential(given, now=NOW)
    assert (found.level, personal_token(given)) == ("warning", token)
    assert "belong to no person" in found.fix
    assert token not in str(found)


@pytest.mark.parametrize(("days", "level"), [(-1, "error"), (3, "warning"), (40, "ok")])
def test_ends(days: int, level: str) -> None:
    given = secret(bearerToken="machine")
    found = judge_credential(given, now=NOW, expires=NOW + dt.timedelta(days=days))
    assert (found.level, personal_token(given)) == (level, "")
    assert f"{NOW + dt.timedelta(days=days):%Y-%m-%d}" in found.message
    assert bool(found.fix) is (level != "ok")


def test_the_worst_part_gives_the_advice() -> None:
    given = secret(password="ghp_x", sshPrivateKey=key("ssh-rsa"))
    found = judge_credential(given, now=NOW, expires=NOW + dt.timedelta(days=2))
    assert (found.level, "ed25519" in found.fix) == ("error", True)


def test_apps_certificates_and_nothing() -> None:
    app = judge_credential(secret(githubAppID="7", githubAppPrivateKey="x"), now=NOW)
    assert (app.level, "GitHub App 7" in app.message) == ("ok", True)
    issued = Authority().issue("client")
    ending = judge_credential(secret(tlsClientCertData=issued.certificate), now=NOW.replace(year=2099))
    assert (ending.level, "expired on" in ending.message) == ("error", True)
    assert judge_credential(secret(tlsClientCertData="x"), now=NOW).level == "error"
    assert judge_credential(secret(), now=NOW).message.startswith("without any credential")


def test_passwords_in_urls_are_not_shown() -> None:
    given = secret(url="https://ada:s3cret@git.example.com/acme/infra")
    assert "s3cret" not in str(judge_credential(given, now=NOW))
    assert value_of(given, "url").startswith("https://ada")
