"""How a repository is reached: the content of Argo CD's repository Secrets, resolved for one URL."""

from msgspec import Struct


class RepositoryAccess(Struct, frozen=True, kw_only=True):
    """One repository and the credentials for it. Empty strings mean "not given"; secrets must never be logged.

    `known_hosts` are OpenSSH lines from `argocd-ssh-known-hosts-cm`; an ssh URL without a matching line is refused.
    `ca_pem` is the PEM bundle for the host from `argocd-tls-certs-cm`.
    """

    url: str
    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ssh_private_key: str = ""
    known_hosts: str = ""
    ca_pem: str = ""
    tls_client_cert: str = ""
    tls_client_key: str = ""
    insecure: bool = False
    proxy: str = ""
    no_proxy: str = ""
    project: str = ""

    def __repr__(self) -> str:
        """The URL only: an access in a traceback or log must not show what it holds."""
        return f"RepositoryAccess({self.url!r})"
