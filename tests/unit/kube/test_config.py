"""Kubeconfig files as cases: `tests/cases/kubeconfig/<case>/case.yaml` says what to load and what comes of it.

files: [config]     KUBECONFIG, in this order      context: the context asked for
explicit: FILE      the file asked for             expect: part of the description below, or error: a pattern
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from trimtab.errors import Stalled
from trimtab.kube.config import ClusterConfig, in_cluster, load
from trimtab.kube.credentials import Anonymous, Basic, BearerToken, Credentials, TokenFile
from trimtab.kube.exec_plugin import ExecPlugin

CASES = sorted((Path(__file__).parents[2] / "cases" / "kubeconfig").iterdir())


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = yaml.safe_load((folder / "case.yaml").read_text())
    files = [str(folder / name) for name in case.get("files", ["config"])]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    explicit = folder / case["explicit"] if "explicit" in case else None
    if "error" in case:
        pattern = case["error"].replace("{folder}", re.escape(str(folder)))
        with pytest.raises(Stalled, match=pattern):
            load(explicit, case.get("context"))
        return
    described = describe(load(explicit, case.get("context")), folder)
    assert {name: described[name] for name in case["expect"]} == case["expect"]


def describe(config: ClusterConfig, folder: Path) -> dict[str, Any]:
    described = plain(config)
    described["credentials"] = describe_credentials(config.credentials, folder)
    if config.certificate:
        described["certificate"] = [config.certificate.certificate, config.certificate.key]
    return described


def describe_credentials(credentials: Credentials, folder: Path) -> object:
    match credentials:
        case Anonymous():
            return "anonymous"
        case BearerToken(token):
            return {"token": token}
        case TokenFile(path):
            return {"token file": str(path.relative_to(folder))}
        case Basic(username, password):
            return {"basic": [username, password]}
        case ExecPlugin() as plugin:
            command = plugin.command.removeprefix(f"{folder}/")
            return {"exec": {**plain(plugin), "command": command}}


def plain(value: msgspec.Struct) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))
    return decoded


def test_the_default_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Stalled, match=re.escape(f"no kubeconfig at {tmp_path}/.kube/config")):
        load(None, None)
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text((CASES[0].parent / "token" / "config").read_text())
    assert load(None, None).name == "prod"


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service account folder of the pod that we are in."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    for name, content in {"token": "t0p", "ca.crt": "CA PEM", "namespace": "argocd\n"}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_in_a_pod_the_service_account_is_used(pod: Path) -> None:
    config = in_cluster(pod)
    assert (config.server, config.ca, config.namespace) == ("https://10.0.0.1:6443", "CA PEM", "argocd")
    assert config.credentials == TokenFile(pod / "token")


def test_an_ipv6_server_is_a_url(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert in_cluster(pod).server == "https://[fd00::1]:6443"


def test_outside_of_a_pod_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Stalled, match=r"not inside a cluster: .*; use a kubeconfig"):
        in_cluster(tmp_path)


def test_without_kubeconfig_a_pod_uses_its_service_account(
    pod: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr("trimtab.kube.config.SERVICE_ACCOUNT", pod)
    assert load(None, None).name == "in-cluster"
