"""`trimtab doctor`: what it prints, for people and for programs, and its exit code."""

import base64
import json
from pathlib import Path

import asyncssh
import pytest
import yaml

from tests.cli.conftest import Trimtab
from tests.cli.scenes import installed
from tests.cli.stage import Stage

FILE = """\
apiVersion: trimtab.dev/v1alpha1
kind: Environment
name: production
domain: acme.example
organization: acme
teams: [platform]
repository: infrastructure
ingress: {class: nginx, tls: {issuer: letsencrypt}}
github: {url: http://127.0.0.1:1, apiURL: http://127.0.0.1:1}
"""
SEEN = ("--check", "credentials", "--check", "deprecations")


@pytest.fixture
def place(stage: Stage) -> Stage:
    """The environment as set-up left it, with one deploy key."""
    installed(stage)
    metadata = {"name": "trimtab-environment", "namespace": "argocd"}
    stage.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"environment.yaml": FILE}})
    stage.create(deploy_key("ssh-ed25519"))
    return stage


def deploy_key(algorithm: str) -> dict[str, object]:
    key = asyncssh.generate_private_key(algorithm).export_private_key().decode()
    values = {"url": "git@github.com:acme/infrastructure.git", "sshPrivateKey": key}
    metadata = {
        "name": f"repo-{algorithm}",
        "namespace": "argocd",
        "labels": {"argocd.argoproj.io/secret-type": "repository"},
        "annotations": {"trimtab.dev/created-by": "ada"},
    }
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def test_all_is_well(place: Stage, trimtab: Trimtab) -> None:
    ended = trimtab("doctor", *SEEN, kubeconfig=place.kubeconfig)
    assert (ended.code, ended.err) == (0, "")
    first, words, *_ = ended.out.splitlines()
    assert first == "ok  credentials  repo-ssh-ed25519 (git@github.com:acme/infrastructure.git)"
    assert words.startswith("    ed25519 SHA256:")
    assert ended.out.endswith("\n0 errors, 0 warnings, 3 well\n")
    assert max(map(len, ended.out.splitlines())) <= 80


def test_errors_come_first_and_say_what_to_do(place: Stage, trimtab: Trimtab) -> None:
    place.create(deploy_key("ssh-rsa"))
    ended = trimtab("doctor", *SEEN, kubeconfig=place.kubeconfig)
    assert ended.code == 2
    first, *rest = ended.out.splitlines()
    assert first == "error  credentials  repo-ssh-rsa (git@github.com:acme/infrastructure.git)"
    assert "    → make an ed25519 key: `trimtab rotate deploy-key`, or register one by hand" in rest
    assert max(map(len, ended.out.splitlines())) <= 80


def test_what_cannot_be_looked_at_is_a_warning(place: Stage, trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    ended = trimtab("doctor", "--check", "webhook", kubeconfig=place.kubeconfig)
    assert (ended.code, "set GITHUB_TOKEN" in ended.out) == (1, True)


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_for_programs(place: Stage, trimtab: Trimtab, output: str) -> None:
    place.create(deploy_key("ecdsa-sha2-nistp256"))
    ended = trimtab("doctor", *SEEN, "-o", output, kubeconfig=place.kubeconfig)
    assert ended.code == 1
    findings = (json.loads if output == "json" else yaml.safe_load)(ended.out)["findings"]
    assert [one["level"] for one in findings] == ["warning", "ok", "ok", "ok"]
    assert all(set(one) == {"check", "subject", "level", "message", "fix", "seen"} for one in findings)
    assert "PRIVATE KEY" not in ended.out


def test_an_environment_file(place: Stage, trimtab: Trimtab, tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(FILE)
    ended = trimtab("doctor", "-f", str(file), *SEEN, kubeconfig=place.kubeconfig)
    assert ended.code == 0
    file.write_text(FILE.replace("teams:", "temas:"))
    ended = trimtab("doctor", "-f", str(file), *SEEN, kubeconfig=place.kubeconfig)
    assert (ended.code, f"{file}:6: temas" in ended.err) == (2, True), ended.err


def test_no_environment(stage: Stage, trimtab: Trimtab) -> None:
    installed(stage)
    ended = trimtab("doctor", kubeconfig=stage.kubeconfig)
    assert (ended.code, "was not set up" in ended.err) == (2, True)
