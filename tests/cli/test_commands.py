"""What transcripts cannot show: files, standard input, questions, completion."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Trimtab
from tests.cli.scenes import driven, fleet, installed, refuse
from tests.cli.stage import Stage
from tests.cli.test_main import ROOT
from trimtab.cli.complete import application_names
from trimtab.cli.flags import AppFlags
from trimtab.main import COMMANDS
from trimtab.manifests import InstallOptions, install_objects

APPS = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: one, annotations: {note: hello}}
spec: {source: {repoURL: r, path: p}, destination: {name: in-cluster}, newer: {kept: true}}
status: {sync: {status: Synced}}
---
# nothing but a comment
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: two, namespace: default}
spec: {source: {repoURL: r, path: p}}
"""


def app(name: str, namespace: str = "argocd") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata}


def test_applications_from_a_file(stage: Stage, trimtab: Trimtab, tmp_path: Path) -> None:
    installed(stage)
    file = tmp_path / "apps.yaml"
    file.write_text(APPS)
    ended = trimtab("app", "create", "-f", str(file), kubeconfig=stage.kubeconfig)
    assert ended == (0, "Application argocd/one created\nApplication default/two created\n", "")
    one = stage.get(app("one"))
    assert one["spec"]["newer"] == {"kept": True}
    assert "status" not in one
    again = trimtab("app", "create", "-f", str(file), kubeconfig=stage.kubeconfig)
    assert again.out == "Application argocd/one unchanged\nApplication default/two unchanged\n"


def test_changing_keeps_what_the_file_does_not_name(stage: Stage, trimtab: Trimtab, tmp_path: Path) -> None:
    installed(stage)
    file = tmp_path / "apps.yaml"
    file.write_text(APPS)
    trimtab("app", "create", "-f", str(file), kubeconfig=stage.kubeconfig)
    stage.patch(app("one"), {"metadata": {"labels": {"team": "shop"}, "finalizers": ["acme.example/hold"]}})
    file.write_text(APPS.replace("path: p}, destination", "path: q}, destination").replace("hello", "bye"))
    ended = trimtab("app", "create", "--upsert", "-f", str(file), kubeconfig=stage.kubeconfig)
    assert ended.out == "Application argocd/one changed\nApplication default/two unchanged\n"
    one = stage.get(app("one"))
    assert one["spec"]["source"]["path"] == "q"
    assert one["metadata"]["labels"] == {"team": "shop"}
    assert one["metadata"]["annotations"] == {"note": "bye"}
    assert one["metadata"]["finalizers"] == ["acme.example/hold"]


def test_a_field_that_only_a_newer_argo_cd_knows_is_a_difference(
    stage: Stage, trimtab: Trimtab, tmp_path: Path
) -> None:
    installed(stage)
    file = tmp_path / "apps.yaml"
    file.write_text(APPS.replace("name: two, namespace: default", "name: two, namespace: null"))
    trimtab("app", "create", "-f", str(file), kubeconfig=stage.kubeconfig)
    file.write_text(APPS.replace("kept: true", "kept: false").replace("namespace: default", "namespace: argocd"))
    ended = trimtab("app", "create", "--upsert", "-f", str(file), kubeconfig=stage.kubeconfig)
    assert ended.out == "Application argocd/one changed\nApplication argocd/two unchanged\n"
    assert stage.get(app("one"))["spec"]["newer"] == {"kept": False}


def test_standard_input(stage: Stage, trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(stage)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(APPS.encode())))
    assert trimtab("app", "create", "-f", "-", kubeconfig=stage.kubeconfig).out.count("created") == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "{file} holds no Application"),
        ("kind: [", "{file} document 1 line"),
        ("kind: ConfigMap", "{file} document 1 is no Application (argoproj.io/v1alpha1)"),
        (APPS.split("---")[0] + "---\n[]\n", "{file} document 2 is no Application"),
        (APPS.replace("name: two, ", ""), "{file} document 3: an Application needs metadata.name and spec"),
        (
            APPS.replace("name: two", "labels: 7, name: two"),
            "{file} document 3: argoproj.io/Application default/two",
        ),
        (APPS.replace("{repoURL: r, path: p}}\n", "{path: 7}}\n"), "{file} document 3: argoproj.io/Application"),
    ],
)
def test_one_bad_document_and_nothing_is_created(
    text: str, error: str, stage: Stage, trimtab: Trimtab, tmp_path: Path
) -> None:
    installed(stage)
    file = tmp_path / "apps.yaml"
    file.write_text(text)
    ended = trimtab("app", "create", "-f", str(file), kubeconfig=stage.kubeconfig)
    assert ended.code == 2
    assert ended.err.startswith(f"trimtab: {error.format(file=file)}")
    assert trimtab("app", "list", "-A", kubeconfig=stage.kubeconfig).out == ""


def test_a_failed_sync_is_an_error_and_no_deployment(stage: Stage, trimtab: Trimtab) -> None:
    driven(stage)
    refuse(stage)
    source = ("--repo", stage.repo.url, "--path", "deploy", "--dest-namespace", "default")
    trimtab("app", "create", "shop", *source, kubeconfig=stage.kubeconfig)
    ended = trimtab("app", "sync", "shop", kubeconfig=stage.kubeconfig)
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("trimtab: Application argocd/shop: Failed: ")
    assert "spec.replicas: expected numeric" in ended.err.splitlines()[-1]
    history = trimtab("app", "history", "shop", kubeconfig=stage.kubeconfig)
    assert history.err == "Application argocd/shop has not been deployed yet\n"


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("", False)])
def test_deletion_shows_what_goes_and_asks(
    answer: str, gone: bool, stage: Stage, trimtab: Trimtab, at_a_terminal: Callable[[str], None]
) -> None:
    fleet(stage)
    at_a_terminal(answer)
    ended = trimtab("app", "delete", "shop", "--no-wait", kubeconfig=stage.kubeconfig)
    assert ended.out.startswith("KIND             NAMESPACE  NAME\nService          shop       web\n")
    assert "Delete Application argocd/shop and these 4 objects? [y/N]:" in ended.out
    assert ended.code == (0 if gone else 130)
    assert ("deletionTimestamp" in stage.get(app("shop"))["metadata"]) == gone


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, trimtab: Trimtab) -> None:
    ended = trimtab("completion", shell)
    assert ended.code == 0
    assert "_TRIMTAB_COMPLETE" in ended.out


def complete(words: str, **env: str) -> list[str]:
    """What bash is told to offer for the last of `words`."""
    asked = {"_TRIMTAB_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    ended = subprocess.run(
        [sys.executable, "-c", "from trimtab.main import main; main()"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **asked, **env},
        timeout=50,
    )
    assert ended.stderr == ""
    return [line.partition(",")[2] for line in ended.stdout.splitlines()]


def test_commands_and_names_are_completed(stage: Stage) -> None:
    fleet(stage)
    assert complete("trimtab ") == list(COMMANDS)
    assert complete("trimtab app roll") == ["rollback"]
    assert complete("trimtab app get s", KUBECONFIG=str(stage.kubeconfig)) == ["shop"]


def test_without_a_cluster_no_name_is_completed(tmp_path: Path) -> None:
    flags = AppFlags(kubeconfig=tmp_path / "none", context=None, namespace="argocd", server="", core=True)
    assert application_names(flags, "") == []


def test_crds_are_printed_for_kubectl(trimtab: Trimtab) -> None:
    names = [crd["metadata"]["name"] for crd in yaml.safe_load_all(trimtab("crds").out)]
    assert names == ["applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io"]


def test_what_is_installed_is_printed_for_kubectl(trimtab: Trimtab) -> None:
    asked = ("--namespace", "delivery", "--image", "registry.example/trimtab:2", "--replicas", "3", "--insecure")
    proxies = ("--trusted-proxies", "10.0.0.0/8, fd00::/8", "--pull-secret", "pull")
    wanted = InstallOptions(
        namespace="delivery",
        image="registry.example/trimtab:2",
        replicas=3,
        insecure=True,
        trusted_proxies=("10.0.0.0/8", "fd00::/8"),
        pull_secret="pull",
    )
    assert list(yaml.safe_load_all(trimtab("install", *asked, *proxies).out)) == install_objects(wanted)
    assert list(yaml.safe_load_all(trimtab("install").out)) == install_objects()
