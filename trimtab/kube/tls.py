"""One TLS context per cluster, which trusts that cluster's authority only."""

import os
import ssl
import tempfile

from trimtab.errors import Stalled
from trimtab.kube.config import ClusterConfig
from trimtab.kube.credentials import ClientCertificate


def make_context(config: ClusterConfig, certificate: ClientCertificate | None) -> ssl.SSLContext | None:
    """The context for `config`, None for plain HTTP. Raises Stalled when the certificates cannot be used."""
    if not config.server.startswith("https://"):
        return None
    # Not ssl.create_default_context(): it would load the system's authorities, 30 ms and 700 KB for each cluster.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif config.ca is None:
        context.load_default_certs()
    else:
        _trust(context, config.ca, name=config.name)
    if certificate := certificate or config.certificate:
        _identify(context, certificate, name=config.name)
    return context


def _trust(context: ssl.SSLContext, ca: str, *, name: str) -> None:
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise Stalled(
            f"cluster {name}: the certificate authority is not PEM; correct it", reason="Kubeconfig"
        ) from error


def _identify(context: ssl.SSLContext, certificate: ClientCertificate, *, name: str) -> None:
    # OpenSSL's binding in Python loads from files only.
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder:
        path = os.path.join(folder, "client.pem")  # noqa: PTH118
        with open(path, "x", opener=_private) as file:
            file.write(f"{certificate.certificate}\n{certificate.key}\n")
        try:
            # An encrypted key must not ask for its password on our terminal.
            context.load_cert_chain(path, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise Stalled(
                f"cluster {name}: client certificate and key cannot be used ({_reason(error)}); "
                "check that both are PEM, unencrypted and belong together",
                reason="Kubeconfig",
            ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
