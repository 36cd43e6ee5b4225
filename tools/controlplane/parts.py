"""The table of programs, and where each one comes from."""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"

KUBERNETES = "v1.36.3"
ETCD = "v3.6.16"
KWOK = "v0.8.0"
KUSTOMIZE = "v5.8.1"
HELM = "v4.2.1"


def _kubernetes_stamp() -> tuple[str, ...]:
    """What a release build stamps in; without it `/version` says v0.0.0, which breaks a chart's `kubeVersion`."""
    _, minor, _ = KUBERNETES.split(".")
    values = {
        "gitVersion": KUBERNETES,
        "gitMajor": "1",
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "published-module",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple(f"{package}.{name}={value}" for package in packages for name, value in values.items())


@dataclass(frozen=True)
class Part:
    """One program.

    `module` is a folder below `modules/`; `package` is built inside it by import path; `seconds` is its cold build
    on two cores, in the order of the table (it weighs the progress bar, nothing else); `stamp` are `-X` values.
    """

    name: str
    module: str
    package: str
    version: str
    seconds: int
    stamp: tuple[str, ...] = ()


def _kubernetes(name: str, seconds: int) -> Part:
    return Part(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", KUBERNETES, seconds, _kubernetes_stamp())


PARTS = (
    _kubernetes("kube-apiserver", 221),
    _kubernetes("kube-controller-manager", 52),
    _kubernetes("kubectl", 21),
    _kubernetes("kube-scheduler", 9),
    Part("etcd", "etcd", "go.etcd.io/etcd/server/v3", ETCD, 25),
    Part("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", KWOK, 68),
    Part(
        "kustomize",
        "kustomize",
        "sigs.k8s.io/kustomize/kustomize/v5",
        KUSTOMIZE,
        14,
        (f"sigs.k8s.io/kustomize/api/provenance.version={KUSTOMIZE}",),
    ),
    Part("helm", "helm", "helm.sh/helm/v4/cmd/helm", HELM, 75, (f"helm.sh/helm/v4/internal/version.version={HELM}",)),
)


def cache_key(parts: tuple[Part, ...] = PARTS, modules: Path = MODULES) -> str:
    """Name of the cache folder: it changes with a version, a module file, or the machine's kind."""
    programs = [(part.name, part.module, part.package, part.version, part.stamp) for part in parts]
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {programs}".encode())
    for module in sorted({part.module for part in parts}):
        for name in ("go.mod", "go.sum"):
            digest.update(f"\0{module}/{name}\0".encode() + (modules / module / name).read_bytes())
    return digest.hexdigest()[:16]
