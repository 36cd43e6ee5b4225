"""The built-in health rules, one line a kind. A new rule: its file in `rules/`, its line here, its cases as files."""

from collections.abc import Callable

from trimtab.health.rules.apiregistration_apiservice import api_service
from trimtab.health.rules.apps_daemonset import daemon_set
from trimtab.health.rules.apps_deployment import deployment
from trimtab.health.rules.apps_replicaset import replica_set
from trimtab.health.rules.apps_statefulset import stateful_set
from trimtab.health.rules.argoproj_workflow import workflow
from trimtab.health.rules.autoscaling_horizontalpodautoscaler import horizontal_pod_autoscaler
from trimtab.health.rules.batch_job import job
from trimtab.health.rules.core_persistentvolumeclaim import persistent_volume_claim
from trimtab.health.rules.core_pod import pod
from trimtab.health.rules.core_service import service
from trimtab.health.rules.networking_ingress import ingress
from trimtab.model.application import Health
from trimtab.model.keys import Manifest

Rule = Callable[[Manifest], Health]
"""Judges a live object of its kind. Must not raise, whatever the object looks like (`read.py` helps)."""

RULES: dict[tuple[str, str], Rule] = {
    ("", "PersistentVolumeClaim"): persistent_volume_claim,
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("apiregistration.k8s.io", "APIService"): api_service,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("argoproj.io", "Workflow"): workflow,
    ("autoscaling", "HorizontalPodAutoscaler"): horizontal_pod_autoscaler,
    ("batch", "Job"): job,
    ("extensions", "Ingress"): ingress,
    ("networking.k8s.io", "Ingress"): ingress,
}
