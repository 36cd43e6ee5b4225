"""The Kustomize base and the Helm chart hold what `trimtab install` prints; the real kubectl and helm say so."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tools.controlplane.run import ControlPlane
from tools.manifests import DEPLOY
from trimtab.manifests import InstallOptions, install_objects
from trimtab.manifests.options import NAMESPACE
from trimtab.model.keys import Manifest
from trimtab.render.yaml import load_all

CHART = DEPLOY / "chart/trimtab"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
Values = Mapping[str, Any]
Helm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def helm(helm_oracle: Path, tmp_path: Path) -> Helm:
    """Run helm; values go by its standard input. The exit code is the caller's to judge."""

    def run(*arguments: str, values: Values | None = None, kubeconfig: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [helm_oracle, *arguments, *(("--values", "-") if values is not None else ())],
            input=json.dumps(values or {}),
            env={"HOME": str(tmp_path), "PATH": "/usr/bin", "KUBECONFIG": kubeconfig},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return run


@pytest.fixture
def templated(helm: Helm) -> Callable[..., list[Manifest]]:
    def template(values: Values, *, namespace: str = NAMESPACE) -> list[Manifest]:
        done = helm("template", "trimtab", str(CHART), "--include-crds", "--namespace", namespace, values=values)
        assert done.returncode == 0, done.stderr
        return [one.value for one in load_all(done.stdout, origin="helm template") if one.value is not None]

    return template


def key(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def in_a_release(options: InstallOptions) -> list[Manifest]:
    """What is installed but the Namespace, which is for Helm to make."""
    return sorted((one for one in install_objects(options) if one["kind"] != "Namespace"), key=key)


def test_the_base_holds_the_same(kubectl: Path) -> None:
    built = subprocess.check_output([kubectl, "kustomize", str(DEPLOY)], text=True)
    objects = [document.value for document in load_all(built, origin="kubectl kustomize")]
    assert sorted(objects, key=key) == sorted(install_objects(), key=key)


@pytest.mark.parametrize(
    "values, options",
    [
        ({}, InstallOptions()),
        ({"replicas": 3, "image": {"tag": "2"}}, InstallOptions(replicas=3, image="trimtab:2")),
        (
            {"image": {"repository": "registry.example/trimtab", "digest": DIGEST, "pullSecrets": [{"name": "pull"}]}},
            InstallOptions(image=f"registry.example/trimtab@{DIGEST}", pull_secret="pull"),
        ),
        (
            {"insecure": True, "trustedProxies": ["10.0.0.0/8", "fd00::/8"]},
            InstallOptions(insecure=True, trusted_proxies=("10.0.0.0/8", "fd00::/8")),
        ),
    ],
    ids=["defaults", "replicas and tag", "digest and login", "behind an ingress"],
)
@pytest.mark.parametrize("namespace", [NAMESPACE, "delivery", "1e3"])
def test_the_chart_holds_the_same(
    templated: Callable[..., list[Manifest]], values: Values, options: InstallOptions, namespace: str
) -> None:
    objects = templated(values, namespace=namespace)
    assert sorted(objects, key=key) == in_a_release(structs.replace(options, namespace=namespace))


def test_where_pods_go_and_what_they_get(templated: Callable[..., list[Manifest]]) -> None:
    tolerations = [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/trimtab"}
    values = {
        "resources": resources,
        "nodeSelector": {"pool": "tools"},
        "tolerations": tolerations,
        "image": {"pullPolicy": "Always"},
        "serviceAccount": {"annotations": role},
    }
    objects = {key(one): one for one in templated(values)}
    pod = objects["Deployment", "trimtab"]["spec"]["template"]["spec"]
    assert (pod["nodeSelector"], pod["tolerations"]) == ({"pool": "tools"}, tolerations)
    (container,) = pod["containers"]
    assert (container["resources"], container["imagePullPolicy"]) == (resources, "Always")
    annotated = {name: one for (kind, name), one in objects.items() if "annotations" in one["metadata"]}
    assert annotated.keys() == {"trimtab"}
    assert annotated["trimtab"]["metadata"]["annotations"] == role


@pytest.mark.parametrize("account", ["controller", "server"])
def test_a_narrowed_cluster_role(templated: Callable[..., list[Manifest]], account: str) -> None:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    narrowed = ("ClusterRole", f"trimtab-{account}-delivery")
    for one in templated({"clusterRules": {account: rules}}, namespace="delivery"):
        if one["kind"] == "ClusterRole":
            assert (one["rules"] == rules) == (key(one) == narrowed)


@pytest.mark.parametrize("insecure", [True, False])
def test_the_ingress(templated: Callable[..., list[Manifest]], insecure: bool) -> None:
    asked = {"enabled": True, "className": "nginx", "host": "argocd.example.com", "tlsSecret": "argocd-tls"}
    values = {"insecure": insecure, "ingress": {**asked, "annotations": {"note": "on"}}}
    (ingress,) = (one for one in templated(values, namespace="delivery") if one["kind"] == "Ingress")
    metadata, spec = ingress["metadata"], ingress["spec"]
    assert (metadata["namespace"], metadata["annotations"]) == ("delivery", {"note": "on"})
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"hosts": ["argocd.example.com"], "secretName": "argocd-tls"}]
    (rule,) = spec["rules"]
    service = {"name": "argocd-server", "port": {"name": "http" if insecure else "https"}}
    assert rule["host"] == "argocd.example.com"
    assert rule["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]


def test_an_ingress_without_class_and_certificate(templated: Callable[..., list[Manifest]]) -> None:
    values = {"ingress": {"enabled": True, "host": "argocd.example.com"}}
    (ingress,) = (one for one in templated(values) if one["kind"] == "Ingress")
    assert ingress["spec"].keys() == {"rules"}


@pytest.mark.parametrize(
    "values, said",
    [
        ({"replicas": 0}, "/replicas"),
        ({"replica": 3}, "'replica' not allowed"),
        ({"image": "trimtab:2"}, "/image"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
        ({"trustedProxies": ["nginx"]}, "/trustedProxies/0"),
        ({"trustedProxies": "10.0.0.0/8"}, "/trustedProxies"),
        ({"ingress": {"enabled": True}}, "/ingress/host"),
        ({"ingress": {"enabled": True, "host": "a", "tls": []}}, "'tls' not allowed"),
        ({"serviceAccount": {"annotations": {"a": 1}}}, "/serviceAccount/annotations/a"),
    ],
)
def test_values_that_cannot_be_are_refused(helm: Helm, values: Values, said: str) -> None:
    done = helm("template", "trimtab", str(CHART), values=values)
    assert done.returncode != 0
    assert said in done.stderr


def test_the_chart_is_clean(helm: Helm) -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout
    assert not {"[WARNING]", "[ERROR]"} & set(done.stdout.split())


@pytest.fixture
def released(helm: Helm, control_plane: ControlPlane) -> Iterator[str]:
    """A namespace for a release; the release is gone afterwards."""
    kubeconfig = str(control_plane.kubeconfig())
    yield "released"
    helm("uninstall", "trimtab", "--namespace", "released", "--ignore-not-found", kubeconfig=kubeconfig)
    control_plane.kubectl("delete", "namespace", "released", "--wait=false", "--ignore-not-found")


def test_a_release_on_a_real_kubernetes(helm: Helm, control_plane: ControlPlane, released: str) -> None:
    def run(*arguments: str, values: Values | None = None) -> None:
        where = ("--namespace", released)
        done = helm(*arguments, *where, values=values, kubeconfig=str(control_plane.kubeconfig()))
        assert done.returncode == 0, done.stderr

    def replicas() -> str:
        wanted = "jsonpath={.spec.replicas} {.status.readyReplicas}"
        return control_plane.kubectl("get", "-n", released, "deployment/trimtab", "-o", wanted).stdout

    flags = ("--wait=watcher", "--timeout=40s")
    run("install", "trimtab", str(CHART), "--create-namespace", *flags, values={"insecure": True})
    assert replicas() == "2 2"
    run("upgrade", "trimtab", str(CHART), *flags, values={"replicas": 3})
    assert replicas() == "3 3"
    run("uninstall", "trimtab")
    left = control_plane.kubectl("get", "clusterrole,clusterrolebinding", "-o", "name").stdout
    assert "released" not in left
    assert "applications.argoproj.io" in control_plane.kubectl("get", "crd", "-o", "name").stdout
