"""What somebody outside sees at the UI's address, and what that says about why it does not answer."""

from typing import Literal

from msgspec import Struct

from trimtab.environment.environment import Environment
from trimtab.environment.ingress import tls_secret
from trimtab.model.keys import Manifest

Trouble = Literal["", "name", "connection", "certificate", "answer", "status"]


class Seen(Struct, frozen=True, kw_only=True):
    """`trouble`: how far a request came. `detail`: the system's own words. `addresses`: what the name leads to.

    `ingress`: the addresses in the status of the Ingress, () while its controller has not taken it up.
    """

    trouble: Trouble = ""
    detail: str = ""
    status: int = 0
    addresses: tuple[str, ...] = ()
    ingress: tuple[str, ...] = ()


def ingress_addresses(ingress: Manifest | None) -> tuple[str, ...]:
    """Where an Ingress is, as its controller says; () while none has taken it up."""
    balancer = ((ingress or {}).get("status") or {}).get("loadBalancer") or {}
    return tuple(one.get("ip") or one.get("hostname") or "" for one in balancer.get("ingress") or ())


def reason(env: Environment, seen: Seen) -> str:
    """Why the UI does not answer and what to do; "" when it does."""
    if not seen.trouble:
        return ""
    return _REASONS[seen.trouble](env, seen)


def _name(env: Environment, seen: Seen) -> str:
    target = f" that leads to {', '.join(seen.ingress)}" if seen.ingress else ""
    return f"{env.host} is no name in the DNS: external-dns makes it from the Ingress, or add a record{target}"


def _connection(env: Environment, seen: Seen) -> str:
    where = f"{', '.join(seen.addresses)} port {env.ingress.port}"
    if not seen.ingress:
        return (
            f"nobody listens at {where} ({seen.detail}), and no controller has taken the Ingress up: is there one for "
            f"class {env.ingress.class_name or '(default)'}?"
        )
    known = set(seen.ingress) & set(seen.addresses)
    if not known:
        return f"{env.host} leads to {where}, the Ingress is at {', '.join(seen.ingress)}: correct the DNS record"
    return f"nobody listens at {where} ({seen.detail}): open the port in firewall and security groups"


def _certificate(env: Environment, seen: Seen) -> str:
    source = f"Secret {tls_secret(env)}" if tls_secret(env) else env.ingress.tls.certificate_arn
    hint = (
        f"see kubectl -n {env.namespace} describe certificate {tls_secret(env)}"
        if env.ingress.tls.issuer
        else f"{source} has to hold a certificate for {env.host}"
    )
    return f"its certificate is not trusted ({seen.detail}): {hint}"


def _answer(_env: Environment, seen: Seen) -> str:
    return f"what listens there gives no HTTP answer ({seen.detail})"


def _status(env: Environment, seen: Seen) -> str:
    if seen.status == 404:
        return (
            "something answers 404: the ingress controller does not know this host; is the class "
            f"{env.ingress.class_name or '(default)'} its own?"
        )
    if seen.status in (502, 503, 504):
        return f"the ingress answers {seen.status}: no pod of Trimtab is ready; see kubectl -n {env.namespace} get pods"
    return f"something else answers there (status {seen.status}): correct the DNS record or ingress.host"


_REASONS = {
    "name": _name,
    "connection": _connection,
    "certificate": _certificate,
    "answer": _answer,
    "status": _status,
}
