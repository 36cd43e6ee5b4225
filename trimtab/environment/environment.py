"""The environment file's nouns: one environment of a team, as `trimtab setup` makes it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

API_VERSION = "trimtab.dev/v1alpha1"
KIND = "Environment"
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
HOST_PATTERN = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
LOGIN_PATTERN = r"^[A-Za-z0-9]([-A-Za-z0-9_]{0,99})$"
REPOSITORY_PATTERN = r"^[-A-Za-z0-9_.]{1,100}$"
FOLDER_PATTERN = r"^[A-Za-z0-9_][-A-Za-z0-9_.]*(/[A-Za-z0-9_][-A-Za-z0-9_.]*)*$"

Name = Annotated[str, Meta(pattern=NAME_PATTERN, max_length=40)]
Host = Annotated[str, Meta(pattern=HOST_PATTERN, max_length=253)]
Slug = Annotated[str, Meta(pattern=LOGIN_PATTERN)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Engine = Literal["trimtab", "argocd"]


class GitHubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which GitHub, for GitHub Enterprise. `ca`: the PEM text of the authority that its certificates are of."""

    url: str = "https://github.com"
    api_url: str = field(default="", name="apiURL")
    ssh_host: str = field(default="", name="sshHost")
    ssh_port: Port = field(default=22, name="sshPort")
    ssh_user: Annotated[str, Meta(pattern=r"^[a-z_][-a-z0-9_]{0,31}$")] = field(default="git", name="sshUser")
    ca: str = ""


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """Who confirms who somebody is. The last three are for `oidc`; its secret is asked for, never written here."""

    type: Literal["githubApp", "oauthApp", "oidc"] = "githubApp"
    issuer: str = ""
    client_id: str = field(default="", name="clientID")
    name: str = ""
    admin: bool = False
    """May the local account `admin` log in with its password, besides?"""


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the certificate of the UI comes from: exactly one of them."""

    secret: str = ""
    """A Secret of type kubernetes.io/tls that is there, in the control namespace."""
    issuer: str = ""
    """A ClusterIssuer of cert-manager."""
    certificate_arn: str = field(default="", name="certificateARN")
    """A certificate of the load balancer (AWS)."""


class IngressSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the UI is reached. `host` is `argocd.<domain>` unless given."""

    host: str = ""
    port: Port = 443
    class_name: str = field(default="", name="class")
    tls: Tls = field(default_factory=Tls)
    annotations: dict[str, str] = field(default_factory=dict)
    trusted_proxies: tuple[str, ...] = field(default=(), name="trustedProxies")


class RoleOf(Struct, frozen=True, forbid_unknown_fields=True):
    """A role of argocd-rbac-cm for teams: `admin`, `readonly`, or one that the team defines itself."""

    role: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9_]{0,62})$")]
    teams: tuple[Slug, ...] = ()
    groups: tuple[str, ...] = ()


class Install(Struct, frozen=True, forbid_unknown_fields=True):
    """What runs in the cluster. `image` is yours, best by digest."""

    namespace: Name = "argocd"
    image: str = ""
    replicas: Annotated[int, Meta(ge=1, le=20)] = 2


class Feedback(Struct, frozen=True, forbid_unknown_fields=True):
    """What GitHub is told about deployments."""

    statuses: bool = True
    deployments: bool = True
    comments: bool = True


class Environment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One environment: a cluster, a folder of a repository, and who may see it."""

    api_version: Literal["trimtab.dev/v1alpha1"] = field(name="apiVersion")
    kind: Literal["Environment"]
    name: Name
    domain: Host
    organization: Slug
    teams: tuple[Slug, ...] = ()
    """Slugs of the teams of the organization that may log in. Empty only with login `oidc`."""
    repository: Annotated[str, Meta(pattern=REPOSITORY_PATTERN)]
    branch: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][-A-Za-z0-9_./]{0,199}$")] = "main"
    folder: Annotated[str, Meta(pattern=FOLDER_PATTERN)] = "infrastructure"
    changes: Literal["commit", "pullRequest", "none"] = "commit"
    """How set-up puts its own files into the repository."""
    access: Literal["deployKey", "githubApp"] = "deployKey"
    login: Login = field(default_factory=Login)
    ingress: IngressSettings = field(default_factory=IngressSettings)
    roles: tuple[RoleOf, ...] = ()
    install: Install = field(default_factory=Install)
    feedback: Feedback = field(default_factory=Feedback)
    github: GitHubSettings = field(default_factory=GitHubSettings)

    @property
    def host(self) -> str:
        """Of the UI."""
        return self.ingress.host or f"argocd.{self.domain}"

    @property
    def url(self) -> str:
        """Of the UI, without a slash at its end."""
        port = "" if self.ingress.port == 443 else f":{self.ingress.port}"
        return f"https://{self.host}{port}"

    @property
    def namespace(self) -> str:
        """The control namespace."""
        return self.install.namespace

    @property
    def full_name(self) -> str:
        """Of the repository, as GitHub's API has it."""
        return f"{self.organization}/{self.repository}"

    @property
    def needs_app(self) -> bool:
        """Is a GitHub App registered for it?"""
        return self.login.type == "githubApp" or self.access == "githubApp"

    @property
    def web_url(self) -> str:
        """GitHub's pages."""
        return self.github.url.rstrip("/")

    @property
    def api_url(self) -> str:
        """GitHub's REST API: of github.com, or of the GitHub Enterprise at `github.url`."""
        if self.github.api_url:
            return self.github.api_url.rstrip("/")
        return "https://api.github.com" if self.web_url == "https://github.com" else f"{self.web_url}/api/v3"

    @property
    def is_enterprise(self) -> bool:
        """Is it another GitHub than github.com?"""
        return self.web_url != "https://github.com"

    @property
    def ssh_host(self) -> str:
        """Of Git over SSH: that of the pages unless given."""
        return self.github.ssh_host or self.web_url.partition("://")[2].partition("/")[0].partition(":")[0]

    @property
    def ssh_place(self) -> str:
        """`host`, or `host:port` for another port than 22: whose host keys are trusted."""
        return self.ssh_host if self.github.ssh_port == 22 else f"{self.ssh_host}:{self.github.ssh_port}"

    @property
    def repository_url(self) -> str:
        """How Applications name the repository: by SSH with a deploy key, by HTTPS with a GitHub App."""
        path = f"{self.organization}/{self.repository}.git"
        if self.access == "githubApp":
            return f"{self.web_url}/{path}"
        if self.github.ssh_port == 22:
            return f"{self.github.ssh_user}@{self.ssh_host}:{path}"
        return f"ssh://{self.github.ssh_user}@{self.ssh_host}:{self.github.ssh_port}/{path}"

    @property
    def own_folder(self) -> str:
        """Of this environment, in the repository."""
        return f"{self.folder}/{self.name}"

    @property
    def webhook_url(self) -> str:
        """Where GitHub tells of pushes."""
        return f"{self.url}/api/webhook"
