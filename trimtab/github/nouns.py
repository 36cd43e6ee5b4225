"""GitHub's nouns, with the fields that Trimtab reads; named as in its API. What is not read is left out."""

from collections.abc import Mapping

from msgspec import Struct, field


class User(Struct, frozen=True):
    """A person, an App's bot, or an organization where it owns something."""

    login: str
    id: int
    type: str = "User"


class Organization(Struct, frozen=True):
    """An organization. `deploy_keys`: whether its repositories may have some; None where GitHub does not say."""

    login: str
    id: int
    deploy_keys: bool | None = field(default=None, name="deploy_keys_enabled_for_repositories")


class Team(Struct, frozen=True):
    """A team of an organization."""

    slug: str
    id: int
    name: str = ""


class Membership(Struct, frozen=True):
    """In a team or organization; only `active` counts, `pending` has not accepted."""

    state: str
    role: str = ""


class RepositoryPermissions(Struct, frozen=True):
    """What the token's person may do; all false for what has no person."""

    admin: bool = False
    push: bool = False
    pull: bool = False


class Repository(Struct, frozen=True):
    """A repository. `permissions` is None where GitHub does not say."""

    id: int
    name: str
    full_name: str
    owner: User
    private: bool
    default_branch: str = "main"
    archived: bool = False
    html_url: str = ""
    permissions: RepositoryPermissions | None = None


class DeployKey(Struct, frozen=True):
    """A key of one repository; `key` is the public half."""

    id: int
    key: str
    title: str
    read_only: bool
    verified: bool = True
    created_at: str = ""
    added_by: str | None = None
    last_used: str | None = None


class HookConfig(Struct, frozen=True, omit_defaults=True):
    """Where and how a hook delivers. GitHub answers `********` for the secret."""

    url: str = ""
    content_type: str = ""
    secret: str = ""
    insecure_ssl: str | float = ""

    def __repr__(self) -> str:
        return f"HookConfig({self.url!r})"


class Hook(Struct, frozen=True):
    """A webhook of a repository."""

    id: int
    active: bool
    events: tuple[str, ...]
    config: HookConfig


class HookDelivery(Struct, frozen=True):
    """One delivery of a hook. `status_code` is 0 when nobody answered."""

    id: int
    guid: str
    delivered_at: str
    redelivery: bool
    status: str
    status_code: int
    event: str
    action: str | None = None


class App(Struct, frozen=True):
    """A GitHub App, as it sees itself."""

    id: int
    name: str
    owner: User
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    slug: str = ""
    client_id: str = ""
    html_url: str = ""


class NewApp(App, frozen=True, kw_only=True):
    """What the manifest flow gives once: the App and its secrets."""

    client_secret: str
    pem: str
    webhook_secret: str | None = None

    def __repr__(self) -> str:
        return f"NewApp({self.slug!r})"


class Installation(Struct, frozen=True):
    """Where an App is installed. `repository_selection` is `all` or `selected`."""

    id: int
    account: User | None
    permissions: Mapping[str, str]
    events: tuple[str, ...] = ()
    repository_selection: str = "selected"
    suspended_at: str | None = None
    html_url: str = ""


class InstallationToken(Struct, frozen=True):
    """A token of an installation; lives for an hour."""

    token: str
    expires_at: str
    permissions: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "InstallationToken(…)"


class Meta(Struct, frozen=True):
    """GitHub about itself: `ssh_keys` are host keys (`ssh-ed25519 AAAA…`), `hooks` the networks of deliveries."""

    ssh_keys: tuple[str, ...] = ()
    ssh_key_fingerprints: Mapping[str, str] = {}
    hooks: tuple[str, ...] = ()
    installed_version: str = ""


class Status(Struct, frozen=True):
    """Of a commit; `state` is error, failure, pending or success."""

    state: str
    context: str
    description: str | None = None
    target_url: str | None = None


class Deployment(Struct, frozen=True):
    """Of a commit to an environment."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str | None = None
    creator: User | None = None


class DeploymentStatus(Struct, frozen=True):
    """`state` is in_progress, success, failure, inactive or another of GitHub's."""

    state: str
    description: str = ""
    environment_url: str = ""
    log_url: str = ""


class Comment(Struct, frozen=True):
    """On a pull request or an issue."""

    id: int
    body: str = ""
    user: User | None = None


class Ref(Struct, frozen=True):
    """The tip of a pull request's or a branch's side. `sha` is the commit."""

    sha: str
    ref: str = ""


class PullRequest(Struct, frozen=True):
    """A pull request."""

    number: int
    state: str
    html_url: str
    head: Ref
    base: Ref
    title: str = ""
    merged_at: str | None = None


class GitObject(Struct, frozen=True):
    """What a reference points at."""

    sha: str


class GitRef(Struct, frozen=True):
    """`ref` is in full: `refs/heads/main`."""

    ref: str
    target: GitObject = field(name="object")


class GitCommit(Struct, frozen=True):
    """A commit; `tree` is the tree of its root folder."""

    sha: str
    tree: GitObject


class TreeEntry(Struct, frozen=True):
    """`path` is from the tree's root; `sha` is that of the content."""

    path: str
    mode: str
    type: str
    sha: str = ""


class Tree(Struct, frozen=True):
    """`truncated`: GitHub left entries out."""

    sha: str
    tree: tuple[TreeEntry, ...]
    truncated: bool = False
