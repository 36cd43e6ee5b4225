"""The table of columns that each built-in kind is shown with."""

from typing import Final

from msgspec import Struct

from trimtab.sandbox import cells
from trimtab.sandbox.cells import NONE, Value, path, selector, since


class Column(Struct, frozen=True):
    """`priority` above 0: only with `-o wide`. `format` is "name" for the column that names the object."""

    name: str
    value: Value
    type: str = "string"
    priority: int = 0
    format: str = ""


def _wide(name: str, value: Value) -> Column:
    return Column(name, value, priority=1)


NAME: Final = Column("Name", path("metadata.name"), format="name")
AGE: Final = Column("Age", since("metadata.creationTimestamp"))
_CREATED: Final = Column("Created At", path("metadata.creationTimestamp"), type="date")
_CONTAINERS: Final = (_wide("Containers", cells.containers), _wide("Images", cells.images))
_WORKLOAD: Final = (*_CONTAINERS, _wide("Selector", selector("spec.selector")))

DEFAULT: Final = (NAME, AGE)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "pods": (
        NAME,
        Column("Ready", cells.pod_ready),
        Column("Status", cells.pod_status),
        Column("Restarts", cells.pod_restarts),
        AGE,
        _wide("IP", path("status.podIP", NONE)),
        _wide("Node", path("spec.nodeName", NONE)),
        _wide("Nominated Node", path("status.nominatedNodeName", NONE)),
        _wide("Readiness Gates", path("status.readinessGates", NONE)),
    ),
    "deployments.apps": (
        NAME,
        Column("Ready", cells.ready_of("spec.replicas")),
        Column("Up-to-date", path("status.updatedReplicas", 0)),
        Column("Available", path("status.availableReplicas", 0)),
        AGE,
        *_WORKLOAD,
    ),
    "replicasets.apps": (
        NAME,
        Column("Desired", path("spec.replicas", 0), type="integer"),
        Column("Current", path("status.replicas", 0), type="integer"),
        Column("Ready", path("status.readyReplicas", 0), type="integer"),
        AGE,
        *_WORKLOAD,
    ),
    "statefulsets.apps": (NAME, Column("Ready", cells.ready_of("spec.replicas")), AGE, *_CONTAINERS),
    "daemonsets.apps": (
        NAME,
        Column("Desired", path("status.desiredNumberScheduled", 0), type="integer"),
        Column("Current", path("status.currentNumberScheduled", 0), type="integer"),
        Column("Ready", path("status.numberReady", 0), type="integer"),
        Column("Up-to-date", path("status.updatedNumberScheduled", 0), type="integer"),
        Column("Available", path("status.numberAvailable", 0), type="integer"),
        Column("Node Selector", selector("spec.template.spec.nodeSelector")),
        AGE,
        *_WORKLOAD,
    ),
    "jobs.batch": (
        NAME,
        Column("Status", cells.job_status),
        Column("Completions", cells.job_completions),
        Column("Duration", cells.job_duration),
        AGE,
        *_WORKLOAD,
    ),
    "cronjobs.batch": (
        NAME,
        Column("Schedule", path("spec.schedule")),
        Column("Timezone", path("spec.timeZone", NONE)),
        Column("Suspend", path("spec.suspend", False), type="boolean"),
        Column("Active", lambda m, now: len((m.get("status") or {}).get("active") or ()), type="integer"),
        Column("Last Schedule", since("status.lastScheduleTime", NONE)),
        AGE,
        *_CONTAINERS,
        _wide("Selector", selector("spec.jobTemplate.spec.selector")),
    ),
    "services": (
        NAME,
        Column("Type", path("spec.type")),
        Column("Cluster-IP", path("spec.clusterIP", NONE)),
        Column("External-IP", cells.service_outside),
        Column("Port(s)", cells.service_ports),
        AGE,
        _wide("Selector", selector("spec.selector")),
    ),
    "ingresses.networking.k8s.io": (
        NAME,
        Column("Class", path("spec.ingressClassName", NONE)),
        Column("Hosts", cells.ingress_hosts),
        Column("Address", cells.ingress_address),
        Column("Ports", cells.ingress_ports),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        NAME,
        Column("Controller", path("spec.controller")),
        Column("Parameters", path("spec.parameters.name", NONE)),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (NAME, Column("Pod-Selector", selector("spec.podSelector")), AGE),
    "events": (
        Column("Last Seen", cells.event_seen),
        Column("Type", path("type")),
        Column("Reason", path("reason")),
        Column("Object", cells.event_object),
        _wide("Subobject", path("involvedObject.fieldPath")),
        _wide("Source", path("source.component")),
        Column("Message", cells.event_message),
        _wide("First Seen", since("firstTimestamp")),
        _wide("Count", path("count", 1)),
        Column("Name", path("metadata.name"), priority=1, format="name"),
    ),
    "persistentvolumeclaims": (
        NAME,
        Column("Status", cells.volume_phase),
        Column("Volume", path("spec.volumeName")),
        Column("Capacity", cells.volume_capacity),
        Column("Access Modes", cells.volume_modes),
        Column("StorageClass", path("spec.storageClassName")),
        Column("VolumeAttributesClass", path("spec.volumeAttributesClassName", "<unset>")),
        AGE,
        _wide("VolumeMode", path("spec.volumeMode", "<unset>")),
    ),
    "persistentvolumes": (
        NAME,
        Column("Capacity", cells.volume_capacity),
        Column("Access Modes", cells.volume_modes),
        Column("Reclaim Policy", path("spec.persistentVolumeReclaimPolicy")),
        Column("Status", cells.volume_phase),
        Column("Claim", cells.volume_claim),
        Column("StorageClass", path("spec.storageClassName")),
        Column("VolumeAttributesClass", path("spec.volumeAttributesClassName", "<unset>")),
        Column("Reason", path("status.reason")),
        AGE,
        _wide("VolumeMode", path("spec.volumeMode", "<unset>")),
    ),
    "namespaces": (NAME, Column("Status", path("status.phase")), AGE),
    "nodes": (
        NAME,
        Column("Status", cells.node_status),
        Column("Roles", lambda m, now: NONE),
        AGE,
        Column("Version", path("status.nodeInfo.kubeletVersion")),
        _wide("Internal-IP", lambda m, now: NONE),
        _wide("External-IP", lambda m, now: NONE),
        _wide("OS-Image", path("status.nodeInfo.osImage", "<unknown>")),
        _wide("Kernel-Version", path("status.nodeInfo.kernelVersion", "<unknown>")),
        _wide("Container-Runtime", path("status.nodeInfo.containerRuntimeVersion", "<unknown>")),
    ),
    "configmaps": (NAME, Column("Data", cells.size("data", "binaryData")), AGE),
    "secrets": (NAME, Column("Type", path("type")), Column("Data", cells.size("data")), AGE),
    "leases.coordination.k8s.io": (NAME, Column("Holder", path("spec.holderIdentity")), AGE),
    "endpointslices.discovery.k8s.io": (
        NAME,
        Column("AddressType", path("addressType")),
        Column("Ports", cells.slice_ports),
        Column("Endpoints", cells.slice_endpoints),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        Column("Min Available", path("spec.minAvailable", "N/A")),
        Column("Max Unavailable", path("spec.maxUnavailable", "N/A")),
        Column("Allowed Disruptions", path("status.disruptionsAllowed", 0), type="integer"),
        AGE,
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        Column("Reference", cells.scale_target),
        Column("Targets", lambda m, now: "<unknown>"),
        Column("MinPods", path("spec.minReplicas", "<unset>")),
        Column("MaxPods", path("spec.maxReplicas", 0)),
        Column("Replicas", path("status.currentReplicas", 0)),
        AGE,
    ),
    "rolebindings.rbac.authorization.k8s.io": (
        NAME,
        Column("Role", cells.binding_role),
        AGE,
        _wide("Users", cells.subjects("User")),
        _wide("Groups", cells.subjects("Group")),
        _wide("ServiceAccounts", cells.subjects("ServiceAccount")),
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": (
        NAME,
        Column("Role", cells.binding_role),
        AGE,
        _wide("Users", cells.subjects("User")),
        _wide("Groups", cells.subjects("Group")),
        _wide("ServiceAccounts", cells.subjects("ServiceAccount")),
    ),
    "roles.rbac.authorization.k8s.io": (NAME, _CREATED),
    "clusterroles.rbac.authorization.k8s.io": (NAME, _CREATED),
    "customresourcedefinitions.apiextensions.k8s.io": (NAME, _CREATED),
    "limitranges": (NAME, _CREATED),
    "controllerrevisions.apps": (
        NAME,
        Column("Controller", lambda m, now: ""),
        Column("Revision", path("revision", 0)),
        AGE,
    ),
    "storageclasses.storage.k8s.io": (
        NAME,
        Column("Provisioner", path("provisioner")),
        Column("ReclaimPolicy", path("reclaimPolicy")),
        Column("VolumeBindingMode", path("volumeBindingMode")),
        Column("AllowVolumeExpansion", path("allowVolumeExpansion", False)),
        AGE,
    ),
    "priorityclasses.scheduling.k8s.io": (
        NAME,
        Column("Value", path("value", 0), type="integer"),
        Column("Global-Default", path("globalDefault", False), type="boolean"),
        AGE,
        Column("PreemptionPolicy", path("preemptionPolicy")),
    ),
}
"""By qualified resource. Kinds that are not here show their name and age."""
