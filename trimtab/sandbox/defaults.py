"""The defaults that the API server writes into the commonest kinds, and those that CRDs declare."""

from collections.abc import Callable
from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox import crds
from trimtab.sandbox.resources import Resource
from trimtab.typed.schema import Schema

Values = dict[str, Any]


def set_defaults(manifest: Manifest, resource: Resource) -> None:
    """Fill in what is absent, in place."""
    if resource.custom:
        _declared(manifest, resource.schema)
        return
    _embed(manifest, resource.schema)
    fill = DEFAULTS.get(resource.qualified)
    if fill is not None:
        fill(manifest)


def _embed(value: Any, schema: Schema) -> None:
    """Structs that a built-in type holds by value are there even when nobody sets them."""
    if isinstance(value, dict):
        for name in schema.embedded:
            value.setdefault(name, {})
        for name, zero in schema.zeros.items():
            value.setdefault(name, zero)
        for name, child in value.items():
            if isinstance(child, dict | list):
                _embed(child, schema.child(name))
    elif isinstance(value, list) and schema.shape == "list":
        for item in value:
            _embed(item, schema.item)


def _declared(value: Any, schema: Schema) -> None:
    """A CRD's own defaults: an absent field gets its default, then what is there is looked into."""
    if isinstance(value, dict):
        for name, default in schema.defaults.items():
            if name not in value:
                value[name] = _copy(default)
        for name, child in value.items():
            _declared(child, schema.child(name))
    elif isinstance(value, list) and schema.shape == "list":
        for item in value:
            _declared(item, schema.item)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(child) for name, child in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _fill(values: Values, **defaults: Any) -> Values:
    for name, default in defaults.items():
        if values.get(name) is None:
            values[name] = default
    return values


def _image_policy(image: str) -> str:
    """`Always` for `:latest` or no tag at all, else `IfNotPresent`."""
    name = image.rpartition("/")[2]
    if "@" in name:
        return "IfNotPresent"
    tag = name.partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _probe(probe: Values | None) -> None:
    if probe is None:
        return
    _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        _fill(probe["httpGet"], path="/", scheme="HTTP")
    if "grpc" in probe:
        _fill(probe["grpc"], service="")


def _container(container: Values) -> None:
    _fill(
        container,
        imagePullPolicy=_image_policy(container.get("image", "")),
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in container.get("ports") or ():
        _fill(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        _probe(container.get(name))
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            _fill(reference, apiVersion="v1")
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            _fill(hook["httpGet"], path="/", scheme="HTTP")


_MODES = ("configMap", "secret", "downwardAPI", "projected")


def _volume(volume: Values) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for name in _MODES:
        if volume.get(name) is not None:
            _fill(volume[name], defaultMode=0o644)
    if "hostPath" in volume:
        _fill(volume["hostPath"], type="")
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "serviceAccountToken" in source:
            _fill(source["serviceAccountToken"], expirationSeconds=3600)
    for holder in (volume.get("downwardAPI"), *((volume.get("projected") or {}).get("sources") or ())):
        for item in ((holder or {}).get("downwardAPI") or holder or {}).get("items") or ():
            if "fieldRef" in item:
                _fill(item["fieldRef"], apiVersion="v1")


def pod_spec(spec: Values, *, restart: str = "Always") -> None:
    """Defaults of a pod's spec, in a pod or in a template."""
    _fill(
        spec,
        restartPolicy=restart,
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if spec.get("serviceAccountName"):
        _fill(spec, serviceAccount=spec["serviceAccountName"])
    elif spec.get("serviceAccount"):
        _fill(spec, serviceAccountName=spec["serviceAccount"])
    for name in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(name) or ():
            _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _template(spec: Values) -> None:
    template = spec.get("template")
    if template is not None:
        template.setdefault("metadata", {})
        pod_spec(template.setdefault("spec", {}))


def _deployment(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    strategy = _fill(spec["strategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    _template(spec)


def _stateful_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(
        spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady", updateStrategy={}, serviceName=""
    )
    strategy = _fill(spec["updateStrategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    _fill(spec, persistentVolumeClaimRetentionPolicy={})
    _fill(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    _template(spec)
    for claim in spec.get("volumeClaimTemplates") or ():
        _fill(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        _fill(claim.setdefault("status", {}), phase="Pending")
        _fill(claim.setdefault("spec", {}), volumeMode="Filesystem")


TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def _daemon_set(manifest: Manifest) -> None:
    annotations = manifest["metadata"].setdefault("annotations", {})
    annotations.setdefault(TEMPLATE_GENERATION, "1")
    spec = manifest.setdefault("spec", {})
    _fill(spec, revisionHistoryLimit=10, updateStrategy={})
    strategy = _fill(spec["updateStrategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), maxSurge=0, maxUnavailable=1)
    _template(spec)


def _replica_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, replicas=1)
    _template(spec)


def _replication_controller(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, replicas=1)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if labels:
        _fill(spec, selector=dict(labels))
        _fill(manifest["metadata"], labels=dict(labels))
    if "template" in spec:
        _template(spec)


def _job_spec(spec: Values) -> None:
    _fill(spec, backoffLimit=6, completionMode="NonIndexed", suspend=False, podReplacementPolicy="TerminatingOrFailed")
    _fill(spec, parallelism=1)
    if spec["parallelism"] == 1:
        _fill(spec, completions=1)
    _fill(spec, manualSelector=False)
    _template(spec)


def _job(manifest: Manifest) -> None:
    _job_spec(manifest.setdefault("spec", {}))


def _cron_job(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    job = (spec.get("jobTemplate") or {}).get("spec")
    if job is not None:
        spec["jobTemplate"].setdefault("metadata", {})
        _template(job)


def _pod(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    pod_spec(spec)
    if spec.get("hostNetwork"):
        for container in spec.get("containers") or ():
            for port in container.get("ports") or ():
                _fill(port, hostPort=port.get("containerPort"))
    _fill(
        spec, enableServiceLinks=True, serviceAccountName="default", preemptionPolicy="PreemptLowerPriority", priority=0
    )
    _fill(spec, serviceAccount=spec["serviceAccountName"])
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        limits = (container.get("resources") or {}).get("limits")
        if limits:
            container["resources"]["requests"] = {**limits, **(container["resources"].get("requests") or {})}


def _service(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _fill(spec, allocateLoadBalancerNodePorts=True)
    if spec["type"] != "ExternalName":
        _fill(spec, internalTrafficPolicy="Cluster")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    for port in spec.get("ports") or ():
        _fill(port, protocol="TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port")


def _claim(manifest: Manifest) -> None:
    _fill(manifest.setdefault("spec", {}), volumeMode="Filesystem")


def _volume_of_cluster(manifest: Manifest) -> None:
    _fill(manifest.setdefault("spec", {}), volumeMode="Filesystem", persistentVolumeReclaimPolicy="Retain")


def _secret(manifest: Manifest) -> None:
    _fill(manifest, type="Opaque")
    strings = manifest.pop("stringData", None)
    if strings:
        import base64

        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in strings.items()}
        manifest["data"] = {**(manifest.get("data") or {}), **encoded}


def _network_policy(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            _fill(port, protocol="TCP")


def _autoscaler(manifest: Manifest) -> None:
    _fill(manifest.setdefault("spec", {}), minReplicas=1)


def _storage_class(manifest: Manifest) -> None:
    _fill(manifest, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _binding(manifest: Manifest) -> None:
    reference = manifest.get("roleRef")
    if reference:
        _fill(reference, apiGroup="rbac.authorization.k8s.io")
    for subject in manifest.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            _fill(subject, apiGroup="rbac.authorization.k8s.io")


def _webhooks(manifest: Manifest) -> None:
    for webhook in manifest.get("webhooks") or ():
        _fill(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        _fill(webhook, namespaceSelector={}, objectSelector={})
        for rule in webhook.get("rules") or ():
            _fill(rule, scope="*")
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            _fill(service, port=443)


def _mutating_webhooks(manifest: Manifest) -> None:
    _webhooks(manifest)
    for webhook in manifest.get("webhooks") or ():
        _fill(webhook, reinvocationPolicy="Never")


def _priority_class(manifest: Manifest) -> None:
    _fill(manifest, preemptionPolicy="PreemptLowerPriority")


DEFAULTS: dict[str, Callable[[Manifest], None]] = {
    crds.STORAGE: crds.set_defaults,
    "pods": _pod,
    "podtemplates": _template,
    "replicationcontrollers": _replication_controller,
    "services": _service,
    "secrets": _secret,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume_of_cluster,
    "deployments.apps": _deployment,
    "statefulsets.apps": _stateful_set,
    "daemonsets.apps": _daemon_set,
    "replicasets.apps": _replica_set,
    "jobs.batch": _job,
    "cronjobs.batch": _cron_job,
    "networkpolicies.networking.k8s.io": _network_policy,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "storageclasses.storage.k8s.io": _storage_class,
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _mutating_webhooks,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks,
    "priorityclasses.scheduling.k8s.io": _priority_class,
}
