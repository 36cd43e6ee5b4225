"""The objects that the scenarios deploy: six kinds, about 1 to 2 kB each, none of which starts a pod."""

import yaml

from trimtab.model.keys import Manifest

KINDS = ("ConfigMap", "Secret", "Service", "Deployment", "ConfigMap", "ServiceAccount", "ConfigMap", "Role")
FILLER = "0123456789abcdef" * 60


def objects(count: int, *, prefix: str, value: str = "0") -> list[Manifest]:
    """`count` objects named `PREFIX-N`, without a namespace; the first is a ConfigMap that holds `value`."""
    return [_object(KINDS[at % len(KINDS)], f"{prefix}-{at}", value) for at in range(count)]


def as_yaml(manifests: list[Manifest]) -> str:
    return yaml.safe_dump_all(manifests, sort_keys=False)


def _object(kind: str, name: str, value: str) -> Manifest:
    metadata = {"name": name, "labels": {"app.kubernetes.io/part-of": "bench", "app.kubernetes.io/name": name}}
    head = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    match kind:
        case "ConfigMap":
            return {**head, "data": {"value": value, "filler": FILLER}}
        case "Secret":
            return {**head, "type": "Opaque", "stringData": {"password": FILLER}}
        case "Service":
            return {**head, "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}}
        case "ServiceAccount":
            return {**head, "automountServiceAccountToken": False}
        case "Role":
            rules = [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list", "watch"]}]
            return {**head, "apiVersion": "rbac.authorization.k8s.io/v1", "rules": rules}
        case _:
            return {**head, "apiVersion": "apps/v1", "spec": _deployment_spec(name)}


def _deployment_spec(name: str) -> Manifest:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "web",
        "image": "registry.example.org/team/web:1.0.0",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{n}", "value": f"value {n}"} for n in range(8)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": probe,
        "livenessProbe": probe,
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    return {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
