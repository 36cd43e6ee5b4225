"""Environments as tests speak of them."""

from typing import Any

from trimtab.environment.environment import API_VERSION, KIND, Environment, IngressSettings, Tls

DEFAULTS: dict[str, Any] = {
    "api_version": API_VERSION,
    "kind": KIND,
    "name": "production",
    "domain": "acme.example",
    "organization": "acme",
    "teams": ("platform",),
    "repository": "infra",
    "ingress": IngressSettings(class_name="nginx", tls=Tls(issuer="letsencrypt")),
}


def an_environment(**fields: Any) -> Environment:
    """Production of acme; `fields` make it another."""
    return Environment(**{**DEFAULTS, **fields})
