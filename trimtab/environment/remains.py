"""What is in the control namespace when an environment is taken down, and whose it is."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from trimtab.environment import names
from trimtab.environment.environment import Engine
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET, FIELD_MANAGER, GROUP

Whose = Literal["ours", "shared", "generated", "stranger"]
"""Ours: goes. Shared: others' keys are in it, ours go. Generated: goes with its owner, or comes by itself."""

MADE_FOR_US = frozenset(
    {
        ("Secret", ARGOCD_SECRET),
        ("Secret", "argocd-initial-admin-secret"),
        ("Secret", "trimtab-revoked-tokens"),
        ("ConfigMap", names.KNOWN_HOSTS),
        ("Lease", "trimtab-controller"),
        ("Lease", names.LOCK),
        ("Secret", names.INGRESS_TLS),
        ("AppProject", "default"),
    }
)
"""Without an annotation of set-up's, and for nobody else's use: made by the server, or for the Ingress."""
BY_ITSELF = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
PASSING = frozenset({"Event", "Endpoints", "EndpointSlice", "PodMetrics", "ControllerRevision"})
SHARED = frozenset({ARGOCD_CM, ARGOCD_SECRET, names.RBAC, names.KNOWN_HOSTS, names.CERTIFICATES, names.PARAMETERS})
"""ConfigMaps and Secrets that Argo CD, people and set-up write side by side."""
OUR_MANAGERS = frozenset({names.FIELD_MANAGER, FIELD_MANAGER, "argocd-server", "trimtab-controller"})


def is_marked(manifest: Manifest, *, environment: str) -> bool:
    """Does it bear the mark of what set-up makes for that environment?"""
    return (manifest["metadata"].get("annotations") or {}).get(names.OWNER) == environment


def whose(manifest: Manifest, *, environment: str, engine: Engine) -> Whose:
    """Whose an object of the control namespace is. With upstream Argo CD, which writes under the same names, only what
    set-up has marked is ours.
    """
    metadata = manifest["metadata"]
    kind, name = manifest["kind"], metadata["name"]
    if kind in PASSING or (kind, name) in BY_ITSELF or metadata.get("ownerReferences"):
        return "generated"
    annotated = is_marked(manifest, environment=environment)
    mine = annotated or (engine == "trimtab" and (kind, name) in MADE_FOR_US)
    if mine and name in SHARED and kind in ("ConfigMap", "Secret"):
        return "shared" if engine == "argocd" or others_keys(manifest) else "ours"
    return "ours" if mine else "stranger"


def others_keys(manifest: Manifest) -> frozenset[str]:
    """Keys of `data` that somebody else than Trimtab wrote; those that nobody is noted for count as others'."""
    ours: set[str] = set()
    others: set[str] = set()
    for entry in manifest["metadata"].get("managedFields") or ():
        keys = _data_keys(entry)
        (ours if entry.get("manager") in OUR_MANAGERS else others).update(keys)
    return frozenset((set(manifest.get("data") or {}) - ours) | others)


def only_keys(manifest: Manifest, manager: str) -> frozenset[str]:
    """Keys of `data` that `manager` wrote, and nobody else."""
    own: set[str] = set()
    others: set[str] = set()
    for entry in manifest["metadata"].get("managedFields") or ():
        (own if entry.get("manager") == manager else others).update(_data_keys(entry))
    return frozenset(own - others)


def applications_of(manifests: Iterable[Manifest], roots: Iterable[str]) -> list[Manifest]:
    """The Applications that the app-of-apps of an environment deployed, by their tracking annotation or label."""
    wanted = set(roots)
    return [one for one in manifests if one["kind"] == "Application" and _tracked_by(one) in wanted]


def _tracked_by(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    tracking = (metadata.get("annotations") or {}).get("argocd.argoproj.io/tracking-id", "")
    label = (metadata.get("labels") or {}).get("app.kubernetes.io/instance", "")
    return str(tracking).partition(":")[0] or str(label)


def _data_keys(entry: Mapping[str, Any]) -> set[str]:
    fields = (entry.get("fieldsV1") or {}).get("f:data") or {}
    return {key.removeprefix("f:") for key in fields if key.startswith("f:")}


def crd_names() -> tuple[str, ...]:
    """Argo CD's own kinds."""
    return tuple(f"{plural}.{GROUP}" for plural in ("applications", "applicationsets", "appprojects"))
