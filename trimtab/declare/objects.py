"""The Kubernetes objects that a declaration stands for.

Those of the base are the same in every environment; variables, the host and the version of the image are not in them.
"""

from typing import Any

from trimtab.declare.declaration import SHARED, Amounts, Declaration, SecretKey, Volume
from trimtab.declare.place import Place
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, SYNC_OPTIONS, VERSION

NAME = "app.kubernetes.io/name"
KEEP = "Prune=false,Delete=false"
"""On claims: what was stored is not deleted because a line was, or the application."""
ALB = {
    "alb.ingress.kubernetes.io/scheme": "internet-facing",
    "alb.ingress.kubernetes.io/target-type": "ip",
    "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "alb.ingress.kubernetes.io/ssl-redirect": "443",
}


def base_objects(declared: Declaration) -> list[Manifest]:
    """What every environment has in common."""
    service = [_service(declared)] if declared.port else []
    return [_deployment(declared, {}), *service, *(_claim(declared, volume) for volume in declared.volumes)]


def full_objects(declared: Declaration) -> list[Manifest]:
    """The same, with what one environment adds to them. The Ingress is its own object."""
    _, *others = base_objects(declared)
    return [_deployment(declared, declared.env), *others]


def ingress(declared: Declaration, place: Place) -> Manifest:
    """For a declaration with a host. The certificate is cert-manager's, the load balancer's or the controller's own."""
    tls: Manifest = {"hosts": [declared.host]}
    annotations = {"external-dns.alpha.kubernetes.io/hostname": declared.host}
    if place.issuer:
        annotations["cert-manager.io/cluster-issuer"] = place.issuer
        tls["secretName"] = f"{declared.name}-tls"
    if place.certificate_arn:
        annotations["alb.ingress.kubernetes.io/certificate-arn"] = place.certificate_arn
    if place.ingress_class == "alb":
        annotations.update(ALB)
    backend = {"service": {"name": declared.name, "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {
        **({"ingressClassName": place.ingress_class} if place.ingress_class else {}),
        "rules": [{"host": declared.host, "http": {"paths": paths}}],
        # A load balancer with a certificate of its own takes no Secret.
        **({} if place.certificate_arn else {"tls": [tls]}),
    }
    made = _object("networking.k8s.io/v1", "Ingress", declared.name, declared)
    made["metadata"]["annotations"] = annotations
    return {**made, "spec": spec}


def application(declared: Declaration, place: Place, *, path: str) -> Manifest:
    """Argo CD's Application. Without a finalizer: what it deployed stays when it is deleted."""
    spec = {
        "project": declared.project,
        "source": {"repoURL": place.repository, "targetRevision": place.branch, "path": path},
        "destination": {"server": IN_CLUSTER_SERVER, "namespace": declared.namespace},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
    }
    metadata = {"name": declared.name, "namespace": place.namespace}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Application", "metadata": metadata, "spec": spec}


def namespace(declared: Declaration) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": declared.namespace}}


def image_name(image: str) -> str:
    """`ghcr.io/acme/web` of `ghcr.io/acme/web:1.0@sha256:…`."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def image_version(image: str) -> dict[str, str]:
    """Tag and digest, as a kustomization has them."""
    name, _, digest = image.partition("@")
    if digest:
        return {"digest": digest}
    return {"newTag": name[len(image_name(image)) + 1 :]}


def _object(api_version: str, kind: str, name: str, declared: Declaration) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": {NAME: declared.name}}}


def _deployment(declared: Declaration, env: dict[str, str | SecretKey]) -> Manifest:
    labels = {NAME: declared.name}
    metadata: Manifest = {"labels": labels}
    if declared.prometheus:
        metadata["annotations"] = {
            "prometheus.io/scrape": "true",
            "prometheus.io/path": declared.prometheus,
            "prometheus.io/port": str(declared.port),
        }
    spec: Manifest = {"selector": {"matchLabels": labels}}
    if any(volume.access not in SHARED for volume in declared.volumes):
        # The new pod could not have the disk while the old one has it.
        spec["strategy"] = {"type": "Recreate"}
    spec["template"] = {"metadata": metadata, "spec": _pod(declared, env)}
    return {**_object("apps/v1", "Deployment", declared.name, declared), "spec": spec}


def _pod(declared: Declaration, env: dict[str, str | SecretKey]) -> Manifest:
    pod: Manifest = {
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(declared, env)],
    }
    if declared.volumes:
        pod["volumes"] = [
            {"name": volume.name, "persistentVolumeClaim": {"claimName": _claim_name(declared, volume)}}
            for volume in declared.volumes
        ]
    return pod


def _container(declared: Declaration, env: dict[str, str | SecretKey]) -> Manifest:
    container: Manifest = {"name": declared.name, "image": image_name(declared.image)}
    if declared.port:
        container["ports"] = [{"name": "http", "containerPort": declared.port}]
        container["readinessProbe"] = {"tcpSocket": {"port": "http"}}
    if env:
        container["env"] = [_variable(name, value) for name, value in env.items()]
    if resources := _resources(declared):
        container["resources"] = resources
    container["securityContext"] = {"allowPrivilegeEscalation": False}
    if declared.volumes:
        container["volumeMounts"] = [{"name": volume.name, "mountPath": volume.path} for volume in declared.volumes]
    return container


def _variable(name: str, value: str | SecretKey) -> Manifest:
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": value.secret, "key": value.key}}}


def _resources(declared: Declaration) -> dict[str, Any]:
    amounts = {"requests": declared.resources.requests, "limits": declared.resources.limits}
    return {name: _amounts(value) for name, value in amounts.items() if _amounts(value)}


def _amounts(amounts: Amounts) -> dict[str, str]:
    return {name: value for name, value in (("cpu", amounts.cpu), ("memory", amounts.memory)) if value}


def _service(declared: Declaration) -> Manifest:
    spec = {"selector": {NAME: declared.name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {**_object("v1", "Service", declared.name, declared), "spec": spec}


def _claim_name(declared: Declaration, volume: Volume) -> str:
    return f"{declared.name}-{volume.name}"


def _claim(declared: Declaration, volume: Volume) -> Manifest:
    made = _object("v1", "PersistentVolumeClaim", _claim_name(declared, volume), declared)
    made["metadata"]["annotations"] = {SYNC_OPTIONS: KEEP}
    spec: Manifest = {"accessModes": [volume.access], "resources": {"requests": {"storage": volume.size}}}
    if volume.storage_class:
        spec["storageClassName"] = volume.storage_class
    return {**made, "spec": spec}
