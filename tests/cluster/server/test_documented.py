"""What docs/cluster.md says is done here, as it stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from tools.controlplane.run import ControlPlane
from trimtab.kube.config import ClusterConfig
from trimtab.manifests.options import IMAGE

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/cluster.md"
NAMESPACE = "argocd"
PART_OF = "app.kubernetes.io/part-of=argocd"


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return found


@pytest.fixture
def folder(installed: ClusterConfig, control_plane: ControlPlane, tmp_path: Path) -> Iterator[Path]:
    """A checkout, with a certificate in it. What the page makes is removed afterwards."""
    issued = Authority().issue("server", "argocd.example.com")
    (tmp_path / "tls.crt").write_text(issued.certificate)
    (tmp_path / "tls.key").write_text(issued.key)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    yield tmp_path
    for namespace in (NAMESPACE, "delivery"):
        control_plane.kubectl("delete", "namespace", namespace, "--wait=false")
    control_plane.kubectl("delete", "clusterrole,clusterrolebinding", "-l", PART_OF, "--wait=false")


def run(script: str, folder: Path, control_plane: ControlPlane) -> str:
    """What the commands print, each of which is to succeed."""
    programs = (str(Path(sys.executable).parent), str(control_plane.programs.path("kubectl").parent))
    environment = {
        "PATH": ":".join((*programs, os.environ["PATH"])),
        "HOME": str(folder),
        "KUBECONFIG": str(control_plane.kubeconfig()),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def test_the_page_s_commands_do_what_it_says(folder: Path, control_plane: ControlPlane) -> None:
    install, base, chart, ask, *others = blocks("bash")
    installed = run(install, folder, control_plane)
    assert 'deployment "trimtab" successfully rolled out' in installed
    changed = run(base, folder, control_plane)
    assert re.findall(r"^([-+]) +image: (.*)$", changed, re.MULTILINE) == [
        ("-", "registry.example/trimtab:0.1.0"),
        ("+", IMAGE),
    ]
    assert "deployment.apps/trimtab serverside-applied" in changed
    assert 'deployment "trimtab" successfully rolled out' in run(chart, folder, control_plane)
    assert run(ask, folder, control_plane).split() == ["yes", "no"]
    for script in others:
        run(script, folder, control_plane)
    (narrow,) = blocks("yaml")
    (folder / "narrow.yaml").write_text(narrow)
    run("kubectl apply -f narrow.yaml", folder, control_plane)
    controller = f"--as system:serviceaccount:{NAMESPACE}:trimtab-controller"
    asked = (
        f"kubectl auth can-i create deployments.apps {controller}; kubectl auth can-i create jobs.batch {controller}"
    )
    assert run(f"({asked}) || true", folder, control_plane).split() == ["yes", "no"]
