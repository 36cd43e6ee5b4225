"""A stand-in for cert-manager: certificates for Ingress objects that ask for them, from the throw-away authority.

Facts: cert-manager.io/docs/usage/ingress.
"""

import base64
from collections.abc import Iterator, Mapping

from msgspec import Struct

from trimtab.demo.authority import Authority
from trimtab.demo.sites import Ingress
from trimtab.model.keys import Manifest

ISSUER_ANNOTATION = "cert-manager.io/cluster-issuer"
ISSUED_BY, NAMES = "cert-manager.io/issuer-name", "cert-manager.io/alt-names"


class Issuer(Struct, frozen=True):
    """Answers to the ClusterIssuer's `name`."""

    name: str
    authority: Authority

    def missing(self, ingress: Ingress, secrets: Mapping[tuple[str, str], Manifest]) -> Iterator[Manifest]:
        """The Secrets to write: those that are not there, and our own ones for other hosts than now."""
        if ingress.annotations.get(ISSUER_ANNOTATION) != self.name:
            return
        namespace = ingress.metadata.namespace
        for tls in ingress.spec.tls:
            there = secrets.get((namespace, tls.secret_name))
            if tls.secret_name and tls.hosts and (there is None or self._is_for_others(there, tls.hosts)):
                yield self._secret(namespace, tls.secret_name, tls.hosts)

    def _is_for_others(self, secret: Manifest, hosts: tuple[str, ...]) -> bool:
        annotations = secret["metadata"].get("annotations") or {}
        return annotations.get(ISSUED_BY) == self.name and annotations.get(NAMES) != ",".join(hosts)

    def _secret(self, namespace: str, name: str, hosts: tuple[str, ...]) -> Manifest:
        pair = self.authority.issue(hosts[0], *hosts)
        data = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": self.authority.pem}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "annotations": {ISSUED_BY: self.name, NAMES: ",".join(hosts)},
            },
            "type": "kubernetes.io/tls",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        }
