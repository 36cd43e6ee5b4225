"""The Ingress of the UI, by class of controller and by where its certificate comes from."""

from collections.abc import Mapping

from trimtab.environment import names
from trimtab.environment.environment import Environment
from trimtab.model.keys import Manifest

NGINX: Mapping[str, str] = {
    "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
    # Streams of events stay open, and come as they are sent.
    "nginx.ingress.kubernetes.io/proxy-buffering": "off",
    "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
}
LOAD_BALANCER: Mapping[str, str] = {
    "alb.ingress.kubernetes.io/scheme": "internet-facing",
    "alb.ingress.kubernetes.io/target-type": "ip",
    "alb.ingress.kubernetes.io/backend-protocol": "HTTP",
    "alb.ingress.kubernetes.io/healthcheck-path": "/healthz",
    "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "alb.ingress.kubernetes.io/ssl-redirect": "443",
}
BY_CLASS: Mapping[str, Mapping[str, str]] = {"nginx": NGINX, "alb": LOAD_BALANCER}
"""What the controller of a class wants to be told; others get what the file says."""


def ingress(env: Environment) -> Manifest:
    """HTTPS ends at the ingress; the server behind it is asked by plain HTTP."""
    spec: Manifest = {
        "rules": [{"host": env.host, "http": {"paths": [_path()]}}],
    }
    if env.ingress.class_name:
        spec["ingressClassName"] = env.ingress.class_name
    if secret := tls_secret(env):
        spec["tls"] = [{"hosts": [env.host], "secretName": secret}]
    metadata = {
        "name": names.INGRESS,
        "namespace": env.namespace,
        "labels": {names.PART_OF: "argocd"},
        "annotations": annotations(env),
    }
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def tls_secret(env: Environment) -> str:
    """The Secret with the certificate; "" where the load balancer has it."""
    tls = env.ingress.tls
    return tls.secret or (names.INGRESS_TLS if tls.issuer else "")


def annotations(env: Environment) -> dict[str, str]:
    """For external-dns, for who issues the certificate, and for the class; the file's own have the last word."""
    found = {names.OWNER: env.name, "external-dns.alpha.kubernetes.io/hostname": env.host}
    tls = env.ingress.tls
    if tls.issuer:
        found["cert-manager.io/cluster-issuer"] = tls.issuer
    if tls.certificate_arn:
        found["alb.ingress.kubernetes.io/certificate-arn"] = tls.certificate_arn
    return {**found, **BY_CLASS.get(env.ingress.class_name, {}), **env.ingress.annotations}


def _path() -> Manifest:
    backend = {"service": {"name": names.SERVICE, "port": {"name": "http"}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend}
