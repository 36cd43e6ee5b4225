"""Which cluster, and as whom: `ClusterConfig`, from a kubeconfig or from the pod we run in."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.kube import kubeconfig as files
from trimtab.kube.credentials import Anonymous, ClientCertificate, Credentials, TokenFile

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Impersonation(Struct, frozen=True):
    """Act as somebody else; needs the `impersonate` permission."""

    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = {}


class ClusterConfig(Struct, frozen=True):
    """All that is needed to talk to one cluster. Its repr shows no secret.

    `server`: URL, may have a path. `ca`: PEM, None for the system's authorities. `namespace`: what the context
    defaults to. `name`: how errors call the cluster (the context). `compression`: accept gzip for large answers.
    """

    server: str
    ca: str | None = None
    credentials: Credentials = Anonymous()
    certificate: ClientCertificate | None = None
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    impersonate: Impersonation | None = None
    compression: bool = False
    namespace: str = "default"
    name: str = ""

    def __repr__(self) -> str:
        server = re.sub(r"//[^/@]*@", "//…@", self.server)
        return f"ClusterConfig({self.name!r}, {server!r}, {self.credentials!r})"


def load(kubeconfig: Path | None, context: str | None) -> ClusterConfig:
    """The cluster of a kubeconfig's context.

    `kubeconfig` None: the files that KUBECONFIG lists, else ~/.kube/config, else (where there is none, inside a pod)
    the pod's service account: kubectl's order. `context` None: the current context. Raises Stalled on one line with
    file, context and what to do.
    """
    paths = [kubeconfig] if kubeconfig else _default_paths()
    merged = files.read(paths, must_exist=kubeconfig is not None)
    if merged is None:
        if context is None and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return in_cluster()
        listed = ", ".join(str(path) for path in paths)
        raise Stalled(f"no kubeconfig at {listed}; create it, or name one with KUBECONFIG", reason="Kubeconfig")
    return _config_of(files.select(merged, context))


def in_cluster(folder: Path | None = None) -> ClusterConfig:
    """The cluster whose pod we run in; its token is read again as kubelet renews it. Raises Stalled outside a pod."""
    folder = folder or SERVICE_ACCOUNT
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = folder / "token"
    if not host or not token.exists():
        raise Stalled(
            f"not inside a cluster: no KUBERNETES_SERVICE_HOST or no {token}; use a kubeconfig", reason="Kubeconfig"
        )
    namespace = folder / "namespace"
    return ClusterConfig(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        ca=(folder / "ca.crt").read_text(),
        credentials=TokenFile(token),
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        name="in-cluster",
    )


def _default_paths() -> list[Path]:
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def _config_of(chosen: files.Selection) -> ClusterConfig:
    cluster = chosen.cluster.value
    ca = chosen.cluster.pem("certificate-authority", cluster.certificate_authority_data, cluster.certificate_authority)
    certificate = _certificate(chosen.user) if chosen.user else None
    server = _server_url(chosen, tls=bool(ca or certificate or cluster.insecure_skip_tls_verify))
    return ClusterConfig(
        server=server,
        ca=ca,
        credentials=files.credentials_of(chosen, server=server, ca=ca) if chosen.user else Anonymous(),
        certificate=certificate,
        insecure=cluster.insecure_skip_tls_verify,
        tls_server_name=cluster.tls_server_name,
        proxy_url=_proxy_url(chosen),
        impersonate=_impersonation(chosen.user.value) if chosen.user else None,
        compression=not cluster.disable_compression and not _is_local(server),
        namespace=chosen.namespace or "default",
        name=chosen.context,
    )


def _certificate(user: files.From[files.User]) -> ClientCertificate | None:
    value = user.value
    certificate = user.pem("client-certificate", value.client_certificate_data, value.client_certificate)
    key = user.pem("client-key", value.client_key_data, value.client_key)
    if bool(certificate) != bool(key):
        there, missing = ("client-certificate", "client-key") if certificate else ("client-key", "client-certificate")
        raise user.stalled(f"has {there} but no {missing}; add it")
    return ClientCertificate(certificate, key) if certificate and key else None


def _impersonation(user: files.User) -> Impersonation | None:
    if not (user.as_user or user.as_groups or user.as_uid or user.as_extra):
        return None
    extra = {name: tuple(values) for name, values in user.as_extra.items()}
    return Impersonation(user=user.as_user, groups=tuple(user.as_groups), uid=user.as_uid, extra=extra)


def _server_url(chosen: files.Selection, *, tls: bool) -> str:
    server = chosen.cluster.value.server.strip().rstrip("/")
    if not server:
        raise chosen.cluster.stalled("has no server; add the API server's URL")
    if "://" not in server:
        server = f"{'https' if tls else 'http'}://{server}"
    if not server.startswith(("http://", "https://")):
        raise chosen.cluster.stalled(f"server {server!r} is neither http:// nor https://; correct it")
    return server


def _proxy_url(chosen: files.Selection) -> str:
    proxy = chosen.cluster.value.proxy_url
    if proxy and not proxy.startswith(("http://", "https://")):
        scheme = proxy.partition("://")[0]
        raise chosen.cluster.stalled(f"proxy-url scheme {scheme!r} is not supported; use an http:// or https:// proxy")
    return proxy


def _is_local(server: str) -> bool:
    # Compressing costs the API server more than a loopback transfer does.
    return any(host in server for host in ("//127.", "//localhost", "//[::1]"))
