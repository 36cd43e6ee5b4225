"""`AppProject` (argoproj.io/v1alpha1): what the applications of a team may use."""

from typing import Any

from msgspec import field

from trimtab.model.application import Destination, Metadata
from trimtab.model.names import GROUP, VERSION
from trimtab.model.part import Part


class JwtToken(Part, frozen=True, kw_only=True):
    """A token that was handed out, by its times in seconds since 1970; `exp` 0 is never."""

    iat: int
    exp: int = 0
    id: str = ""


class ProjectRole(Part, frozen=True, kw_only=True):
    name: str
    description: str = ""
    policies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    jwt_tokens: tuple[JwtToken, ...] = ()


class ResourcePattern(Part, frozen=True, kw_only=True):
    """Kinds, as globs; `name` narrows to objects of that name where given."""

    group: str
    kind: str
    name: str = ""


class OrphanIgnore(Part, frozen=True, kw_only=True):
    group: str = ""
    kind: str = ""
    name: str = ""


class OrphanedResources(Part, frozen=True, kw_only=True):
    """`warn` left out means no warning condition."""

    warn: bool | None = None
    ignore: tuple[OrphanIgnore, ...] = ()


class SyncWindow(Part, frozen=True, kw_only=True):
    """`schedule` is a cron line, `duration` a Go duration, `kind` allow or deny."""

    kind: str = ""
    schedule: str = ""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    and_operator: bool = False
    sync_overrun: bool = False
    description: str = ""


class SignatureKey(Part, frozen=True, kw_only=True):
    key_id: str = field(name="keyID")


class DestinationServiceAccount(Part, frozen=True, kw_only=True):
    server: str
    default_service_account: str
    namespace: str = ""


class AppProjectSpec(Part, frozen=True, kw_only=True):
    """Globs throughout; `!` denies in `source_repos` and `destinations`.

    An empty `cluster_resource_whitelist` allows no cluster-scoped kind; a `namespace_resource_whitelist` that is left
    out allows every namespaced one.
    """

    source_repos: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()
    description: str = ""
    roles: tuple[ProjectRole, ...] = ()
    cluster_resource_whitelist: tuple[ResourcePattern, ...] = ()
    cluster_resource_blacklist: tuple[ResourcePattern, ...] = ()
    namespace_resource_whitelist: tuple[ResourcePattern, ...] | None = None
    namespace_resource_blacklist: tuple[ResourcePattern, ...] = ()
    orphaned_resources: OrphanedResources | None = None
    sync_windows: tuple[SyncWindow, ...] = ()
    signature_keys: tuple[SignatureKey, ...] = ()
    source_integrity: dict[str, Any] | None = None
    source_namespaces: tuple[str, ...] = ()
    permit_only_project_scoped_clusters: bool = False
    destination_service_accounts: tuple[DestinationServiceAccount, ...] = ()


class JwtTokens(Part, frozen=True, kw_only=True):
    items: tuple[JwtToken, ...] = ()


class AppProjectStatus(Part, frozen=True, kw_only=True):
    jwt_tokens_by_role: dict[str, JwtTokens] = {}


class AppProject(Part, frozen=True, kw_only=True):
    api_version: str
    kind: str
    metadata: Metadata
    spec: AppProjectSpec = AppProjectSpec()
    status: AppProjectStatus = AppProjectStatus()


def default_project(namespace: str) -> AppProject:
    """The project `default`, which allows everything, as Argo CD creates it."""
    return AppProject(
        api_version=f"{GROUP}/{VERSION}",
        kind="AppProject",
        metadata=Metadata(name="default", namespace=namespace),
        spec=AppProjectSpec(
            source_repos=("*",),
            destinations=(Destination(server="*", namespace="*"),),
            cluster_resource_whitelist=(ResourcePattern(group="*", kind="*"),),
        ),
    )
