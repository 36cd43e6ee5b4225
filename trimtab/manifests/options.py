"""What differs between installations."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab import __version__

NAMESPACE = "argocd"
"""Argo CD's. The cluster-scoped names of an installation in another namespace end in that namespace's name."""
IMAGE = f"trimtab:{__version__}"


class InstallOptions(Struct, frozen=True, kw_only=True):
    """One installation: one control namespace of one cluster.

    `insecure`: plain HTTP, for behind an ingress that ends TLS. `trusted_proxies`: addresses or networks (CIDR) of such
    an ingress. `pull_secret`: name of a Secret in `namespace`, "" for none. `labels` and `annotations` are added to
    every object but the CustomResourceDefinitions, which belong to all installations of the cluster.
    """

    namespace: str = NAMESPACE
    image: str = IMAGE
    replicas: int = 2
    insecure: bool = False
    trusted_proxies: tuple[str, ...] = ()
    pull_secret: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
