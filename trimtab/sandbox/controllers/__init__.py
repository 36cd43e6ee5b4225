"""Small loops that bring workloads to life, in milliseconds: controllers, scheduler and kubelet in one.

They run no containers. A pod whose image is tagged `broken`, or that is annotated `sandbox.trimtab.dev/fail: "true"`,
never becomes ready; a job's pod fails when its command does (`false`, `exit 1`).
"""

from collections.abc import Callable
from typing import Final

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.autoscaler import autoscaler
from trimtab.sandbox.controllers.budget import budget
from trimtab.sandbox.controllers.claim import claim, volume
from trimtab.sandbox.controllers.cluster import Cluster
from trimtab.sandbox.controllers.daemon_set import daemon_set
from trimtab.sandbox.controllers.deployment import deployment
from trimtab.sandbox.controllers.ingress import ingress
from trimtab.sandbox.controllers.job import job
from trimtab.sandbox.controllers.namespace import namespace
from trimtab.sandbox.controllers.pod import pod
from trimtab.sandbox.controllers.replica_set import replica_set, replication_controller
from trimtab.sandbox.controllers.service import service
from trimtab.sandbox.controllers.stateful_set import stateful_set

Controller = Callable[[Cluster, Manifest], float | None]
"""Brings one object a step on. Returns after how many seconds to look again, None for "when something changes"."""

CONTROLLERS: Final[dict[str, Controller]] = {
    "pods": pod,
    "replicasets.apps": replica_set,
    "replicationcontrollers": replication_controller,
    "deployments.apps": deployment,
    "statefulsets.apps": stateful_set,
    "daemonsets.apps": daemon_set,
    "jobs.batch": job,
    "services": service,
    "ingresses.networking.k8s.io": ingress,
    "persistentvolumeclaims": claim,
    "persistentvolumes": volume,
    "horizontalpodautoscalers.autoscaling": autoscaler,
    "poddisruptionbudgets.policy": budget,
    "namespaces": namespace,
}
"""By collection."""
