"""How a repository is reached: the content of Argo CD's repository Secrets, resolved for one URL."""

from msgspec import Struct


class GitHubAppLogin(Struct, frozen=True, kw_only=True):
    """A GitHub App that may read a repository. `installation_id`: "" for the one that the repository's owner has.

    `base_url`: the API of a GitHub Enterprise (`https://ghe.example.com/api/v3`), "" for github.com. `ca_pem`: the PEM
    bundle for the API's host.
    """

    app_id: str
    private_key: str
    installation_id: str = ""
    base_url: str = ""
    ca_pem: str = ""

    def __repr__(self) -> str:
        return f"GitHubAppLogin({self.app_id!r})"


class RepositoryAccess(Struct, frozen=True, kw_only=True):
    """One repository and the credentials for it. Empty strings mean "not given"; secrets must never be logged.

    `fallback`: another way to the same repository, for when this one's credentials are refused. `known_hosts` are
    OpenSSH lines from `argocd-ssh-known-hosts-cm`; an ssh URL without a matching line is refused. `ca_pem` is the PEM
    bundle for the host from `argocd-tls-certs-cm`.
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
    github_app: GitHubAppLogin | None = None
    fallback: "RepositoryAccess | None" = None

    def __repr__(self) -> str:
        """The URL only: an access in a traceback or log must not show what it holds."""
        return f"RepositoryAccess({self.url!r})"
