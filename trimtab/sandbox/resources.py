"""The table of the kinds that the sandbox serves from the start."""

from typing import Any

import orjson
from msgspec import Struct, field

from trimtab.model.keys import Kind
from trimtab.typed.schema import ANY, Schema


class Column(Struct, frozen=True):
    """A printer column of a CRD: where its value is in the object."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


class Resource(Struct, frozen=True, eq=False):
    """One kind at one version, as it is served. `storage` names the collection that all versions share."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    schema: Schema = ANY
    storage: str = ""
    singular: str = ""
    columns: tuple[Column, ...] = ()
    openapi: dict[str, Any] | None = None
    scale: dict[str, str] | None = None
    custom: bool = False
    selectable: tuple[str, ...] = ()
    prefix: bytes = field(default=b"")

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, `pods`: how errors name the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def gvk(self) -> Kind:
        return Kind(group=self.group, version=self.version, kind=self.kind)

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


def prefix_of(api_version: str, kind: str) -> bytes:
    """How every stored object's JSON begins; what follows is the same at every version."""
    return orjson.dumps({"kind": kind, "apiVersion": api_version})[:-1] + b","


class Line(Struct, frozen=True):
    """A line of the table below."""

    api_version: str
    kind: str
    plural: str
    short: str = ""
    namespaced: bool = True
    sub: str = ""
    categories: str = ""


def _cluster(api_version: str, kind: str, plural: str, short: str = "", sub: str = "") -> Line:
    return Line(api_version, kind, plural, short=short, namespaced=False, sub=sub)


def _extension(api_version: str, kind: str, plural: str, short: str = "", sub: str = "") -> Line:
    """A cluster-wide kind that changes what the API itself does."""
    return Line(api_version, kind, plural, short=short, namespaced=False, sub=sub, categories="api-extensions")


LINES: tuple[Line, ...] = (
    Line("v1", "ConfigMap", "configmaps", "cm"),
    Line("v1", "Endpoints", "endpoints", "ep"),
    Line("v1", "Event", "events", "ev"),
    Line("v1", "LimitRange", "limitranges", "limits"),
    _cluster("v1", "Namespace", "namespaces", "ns", "status finalize"),
    _cluster("v1", "Node", "nodes", "no", "status"),
    Line("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", sub="status"),
    _cluster("v1", "PersistentVolume", "persistentvolumes", "pv", "status"),
    Line("v1", "Pod", "pods", "po", sub="status log eviction binding ephemeralcontainers", categories="all"),
    Line("v1", "PodTemplate", "podtemplates"),
    Line("v1", "ReplicationController", "replicationcontrollers", "rc", sub="status scale", categories="all"),
    Line("v1", "ResourceQuota", "resourcequotas", "quota", sub="status"),
    Line("v1", "Secret", "secrets"),
    Line("v1", "ServiceAccount", "serviceaccounts", "sa", sub="token"),
    Line("v1", "Service", "services", "svc", sub="status", categories="all"),
    Line("apps/v1", "ControllerRevision", "controllerrevisions"),
    Line("apps/v1", "DaemonSet", "daemonsets", "ds", sub="status", categories="all"),
    Line("apps/v1", "Deployment", "deployments", "deploy", sub="status scale", categories="all"),
    Line("apps/v1", "ReplicaSet", "replicasets", "rs", sub="status scale", categories="all"),
    Line("apps/v1", "StatefulSet", "statefulsets", "sts", sub="status scale", categories="all"),
    Line("batch/v1", "CronJob", "cronjobs", "cj", sub="status", categories="all"),
    Line("batch/v1", "Job", "jobs", sub="status", categories="all"),
    Line(
        "autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", sub="status", categories="all"
    ),
    Line("networking.k8s.io/v1", "Ingress", "ingresses", "ing", sub="status"),
    _cluster("networking.k8s.io/v1", "IngressClass", "ingressclasses"),
    Line("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _cluster("networking.k8s.io/v1", "IPAddress", "ipaddresses", "ip"),
    _cluster("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", "", "status"),
    Line("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", sub="status"),
    _cluster("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
    _cluster("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings"),
    Line("rbac.authorization.k8s.io/v1", "Role", "roles"),
    Line("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    _cluster("storage.k8s.io/v1", "StorageClass", "storageclasses", "sc"),
    _cluster("storage.k8s.io/v1", "CSIDriver", "csidrivers"),
    _cluster("storage.k8s.io/v1", "CSINode", "csinodes"),
    Line("storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities"),
    _cluster("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", "", "status"),
    _cluster("storage.k8s.io/v1", "VolumeAttributesClass", "volumeattributesclasses", "vac"),
    Line("coordination.k8s.io/v1", "Lease", "leases"),
    Line("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    _extension(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "crd crds", "status"
    ),
    _extension("apiregistration.k8s.io/v1", "APIService", "apiservices", "", "status"),
    _extension("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    _extension("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    _extension(
        "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "", "status"
    ),
    _extension(
        "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"
    ),
    _extension("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
    _extension("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"),
    _cluster("resource.k8s.io/v1", "DeviceClass", "deviceclasses"),
    Line("resource.k8s.io/v1", "ResourceClaim", "resourceclaims", sub="status"),
    Line("resource.k8s.io/v1", "ResourceClaimTemplate", "resourceclaimtemplates"),
    _cluster("resource.k8s.io/v1", "ResourceSlice", "resourceslices"),
    _cluster("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc"),
    _cluster("node.k8s.io/v1", "RuntimeClass", "runtimeclasses"),
    _cluster(
        "certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", "csr", "status approval"
    ),
    _cluster("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", "", "status"),
    _cluster(
        "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", "", "status"
    ),
)

REVIEWS: dict[tuple[str, str], str] = {
    ("authentication.k8s.io/v1", "selfsubjectreviews"): "SelfSubjectReview",
    ("authentication.k8s.io/v1", "tokenreviews"): "TokenReview",
    ("authorization.k8s.io/v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io/v1", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    ("authorization.k8s.io/v1", "subjectaccessreviews"): "SubjectAccessReview",
}
"""Kinds that can only be created, and are answered rather than stored."""

GENERATION: frozenset[str] = frozenset(
    {
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "daemonsets.apps",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "cronjobs.batch",
        "jobs.batch",
        "ingresses.networking.k8s.io",
        "ingressclasses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "endpointslices.discovery.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    }
)
"""Built-in kinds that count generations; custom ones all do."""
