"""The objects of one installation, made from the YAML files of this folder."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from trimtab.manifests.options import NAMESPACE, InstallOptions
from trimtab.model.crds import crds
from trimtab.model.keys import Manifest
from trimtab.render import yaml

FILES = ("namespace.yaml", "controller.yaml", "server.yaml", "serve.yaml", "workload.yaml")
ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "Deployment",
    "Service",
    "PodDisruptionBudget",
    "NetworkPolicy",
)
"""Every kind of the files. What comes first, others need."""
CLUSTER_ROLES = ("ClusterRole", "ClusterRoleBinding")


def install_objects(options: InstallOptions | None = None) -> list[Manifest]:
    """What `options` (by default: as the files stand) ask for, in the order in which it is to be applied.

    Installations in different namespaces of one cluster share the CustomResourceDefinitions and nothing else.
    """
    options = options or InstallOptions()
    own = [_installed(manifest, options) for manifest in _manifests()]
    return sorted([*own, *crds()], key=lambda manifest: ORDER.index(manifest["kind"]))


def _manifests() -> Iterator[Manifest]:
    for name in FILES:
        text = files(__package__).joinpath(name).read_bytes()
        yield from (document.value for document in yaml.load_all(text, origin=name))


def _installed(manifest: Manifest, options: InstallOptions) -> Manifest:
    _place(manifest, options.namespace)
    metadata = manifest["metadata"]
    metadata["labels"] |= options.labels
    if options.annotations:
        metadata["annotations"] = dict(options.annotations)
    if manifest["kind"] == "Deployment":
        _run(manifest["spec"], options)
    return manifest


def _place(manifest: Manifest, namespace: str) -> None:
    """Move it to the namespace; what has none gets a name of its own there."""
    metadata = manifest["metadata"]
    if manifest["kind"] == "Namespace":
        metadata["name"] = namespace
    elif manifest["kind"] in CLUSTER_ROLES:
        metadata["name"] = _cluster_name(metadata["name"], namespace)
    else:
        metadata["namespace"] = namespace
    for subject in manifest.get("subjects", ()):
        subject["namespace"] = namespace
    role = manifest.get("roleRef", {})
    if role.get("kind") == "ClusterRole":
        role["name"] = _cluster_name(role["name"], namespace)


def _cluster_name(name: str, namespace: str) -> str:
    return name if namespace == NAMESPACE else f"{name}-{namespace}"


def _run(spec: dict[str, Any], options: InstallOptions) -> None:
    """Set what differs in the Deployment."""
    spec["replicas"] = options.replicas
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    container["image"] = options.image
    if options.pull_secret:
        pod["imagePullSecrets"] = [{"name": options.pull_secret}]
    if options.trusted_proxies:
        container["args"].append(f"--trusted-proxies={','.join(options.trusted_proxies)}")
    if options.insecure:
        container["args"].append("--insecure")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            container[probe]["httpGet"]["scheme"] = "HTTP"
