"""`Application` (argoproj.io/v1alpha1), with every field of spec, operation and status.

Fields are optional where Argo CD leaves them out; defaults are never written. Unknown fields survive because
changes are written as patches of known fields, and because `model/roundtrip.py` lays a Struct over its source object.
"""

from typing import Any, Literal

from msgspec import field

from trimtab.model.part import Part


class HelmParameter(Part, frozen=True, kw_only=True):
    name: str = ""
    value: str = ""
    force_string: bool = False


class HelmFileParameter(Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""


class HelmSource(Part, frozen=True, kw_only=True):
    value_files: tuple[str, ...] = ()
    parameters: tuple[HelmParameter, ...] = ()
    file_parameters: tuple[HelmFileParameter, ...] = ()
    release_name: str = ""
    values: str = ""
    values_object: dict[str, Any] | None = None
    version: str = ""
    pass_credentials: bool = False
    ignore_missing_value_files: bool = False
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class KustomizeReplica(Part, frozen=True, kw_only=True):
    name: str = ""
    count: int | str = 0


class KustomizePatch(Part, frozen=True, kw_only=True):
    path: str = ""
    patch: str = ""
    target: dict[str, str] | None = None
    options: dict[str, bool] | None = None


class KustomizeSource(Part, frozen=True, kw_only=True):
    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[KustomizeReplica, ...] = ()
    common_labels: dict[str, str] = {}
    common_annotations: dict[str, str] = {}
    common_annotations_envsubst: bool = False
    force_common_labels: bool = False
    force_common_annotations: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    version: str = ""
    namespace: str = ""
    patches: tuple[KustomizePatch, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class JsonnetVar(Part, frozen=True, kw_only=True):
    name: str
    value: str
    code: bool = False


class JsonnetSource(Part, frozen=True, kw_only=True):
    ext_vars: tuple[JsonnetVar, ...] = ()
    tlas: tuple[JsonnetVar, ...] = ()
    libs: tuple[str, ...] = ()


class DirectorySource(Part, frozen=True, kw_only=True):
    recurse: bool = False
    jsonnet: JsonnetSource | None = None
    exclude: str = ""
    include: str = ""
    disable_extension_filter: bool = False


class EnvEntry(Part, frozen=True, kw_only=True):
    name: str
    value: str


class PluginParameter(Part, frozen=True, kw_only=True):
    name: str = ""
    string: str | None = None
    map: dict[str, str] | None = None
    array: tuple[str, ...] | None = None


class PluginSource(Part, frozen=True, kw_only=True):
    name: str = ""
    env: tuple[EnvEntry, ...] = ()
    parameters: tuple[PluginParameter, ...] = ()


class ApplicationSource(Part, frozen=True, kw_only=True):
    """One place that manifests come from."""

    repo_url: str = field(name="repoURL")
    path: str = ""
    target_revision: str = ""
    chart: str = ""
    ref: str = ""
    name: str = ""
    tag_prefix: str = ""
    helm: HelmSource | None = None
    kustomize: KustomizeSource | None = None
    directory: DirectorySource | None = None
    plugin: PluginSource | None = None


class Destination(Part, frozen=True, kw_only=True):
    """A cluster, by `server` or by `name` (exactly one), and the namespace for objects that name none."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class Automated(Part, frozen=True, kw_only=True):
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    enabled: bool | None = None


class Backoff(Part, frozen=True, kw_only=True):
    """`duration` and `max_duration` are Go durations ("5s", "3m"); a bare number is seconds."""

    duration: str = ""
    factor: int | None = None
    max_duration: str = ""


class RetryStrategy(Part, frozen=True, kw_only=True):
    limit: int = 0
    refresh: bool = False
    backoff: Backoff | None = None


class ManagedNamespaceMetadata(Part, frozen=True, kw_only=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class SyncPolicy(Part, frozen=True, kw_only=True):
    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    retry: RetryStrategy | None = None
    managed_namespace_metadata: ManagedNamespaceMetadata | None = None


class IgnoreDifference(Part, frozen=True, kw_only=True):
    kind: str
    group: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


class Info(Part, frozen=True, kw_only=True):
    name: str
    value: str


class ApplicationSpec(Part, frozen=True, kw_only=True):
    destination: Destination = Destination()
    project: str = "default"
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    source_hydrator: dict[str, Any] | None = None
    sync_policy: SyncPolicy | None = None
    ignore_differences: tuple[IgnoreDifference, ...] = ()
    info: tuple[Info, ...] = ()
    revision_history_limit: int | None = None

    def all_sources(self) -> tuple[ApplicationSource, ...]:
        """One or many sources as one tuple; `sources` wins over `source`."""
        return self.sources or ((self.source,) if self.source else ())


class SyncStrategyApply(Part, frozen=True, kw_only=True):
    force: bool = False


class SyncStrategyHook(Part, frozen=True, kw_only=True):
    force: bool = False


class SyncStrategy(Part, frozen=True, kw_only=True):
    apply: SyncStrategyApply | None = None
    hook: SyncStrategyHook | None = None


class SyncResourceSelector(Part, frozen=True, kw_only=True):
    kind: str
    name: str
    group: str = ""
    namespace: str = ""


class SyncOperation(Part, frozen=True, kw_only=True):
    revision: str = ""
    revisions: tuple[str, ...] = ()
    prune: bool = False
    dry_run: bool = False
    sync_strategy: SyncStrategy | None = None
    resources: tuple[SyncResourceSelector, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    manifests: tuple[str, ...] = ()
    sync_options: tuple[str, ...] = ()
    auto_heal_attempts_count: int = 0


class Initiator(Part, frozen=True, kw_only=True):
    username: str = ""
    automated: bool = False


class Operation(Part, frozen=True, kw_only=True):
    sync: SyncOperation | None = None
    initiated_by: Initiator = Initiator()
    info: tuple[Info, ...] = ()
    retry: RetryStrategy = RetryStrategy()


SyncStatusCode = Literal["Synced", "OutOfSync", "Unknown"]
HealthStatusCode = Literal["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]
OperationPhase = Literal["Running", "Terminating", "Failed", "Error", "Succeeded"]
ResultCode = Literal["Synced", "SyncFailed", "Pruned", "PruneSkipped", ""]
SyncPhase = Literal["PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"]


class Health(Part, frozen=True, kw_only=True):
    """How an object is; `message` says why where it is not healthy."""

    status: HealthStatusCode
    message: str = ""


class AppHealth(Part, frozen=True, kw_only=True):
    """`status` "" is what Argo CD's API writes into an Application that nobody has looked at."""

    status: HealthStatusCode | Literal[""] = ""
    message: str = ""
    last_transition_time: str | None = None


class ResourceStatus(Part, frozen=True, kw_only=True):
    kind: str
    name: str
    version: str
    group: str = ""
    namespace: str = ""
    status: SyncStatusCode | None = None
    health: Health | None = None
    hook: bool = False
    requires_pruning: bool = False
    requires_deletion_confirmation: bool = False
    sync_wave: int = 0


class ComparedTo(Part, frozen=True, kw_only=True):
    destination: Destination
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    ignore_differences: tuple[IgnoreDifference, ...] = ()


class SyncStatus(Part, frozen=True, kw_only=True):
    """`status` "": as in `AppHealth`."""

    status: SyncStatusCode | Literal[""] = ""
    compared_to: ComparedTo | None = None
    revision: str = ""
    revisions: tuple[str, ...] = ()


class HistoryEntry(Part, frozen=True, kw_only=True):
    id: int
    deployed_at: str
    deploy_started_at: str | None = None
    initiated_by: Initiator = Initiator()
    revision: str = ""
    revisions: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()


class Condition(Part, frozen=True, kw_only=True):
    type: str
    message: str
    last_transition_time: str | None = None


class ResourceResult(Part, frozen=True, kw_only=True):
    """What a sync did with one object."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    status: ResultCode = ""
    message: str = ""
    hook_type: SyncPhase | None = None
    hook_phase: OperationPhase | None = None
    sync_phase: SyncPhase | None = None
    images: tuple[str, ...] = ()


class SyncResult(Part, frozen=True, kw_only=True):
    resources: tuple[ResourceResult, ...] = ()
    revision: str = ""
    revisions: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    managed_namespace_metadata: ManagedNamespaceMetadata | None = None


class OperationState(Part, frozen=True, kw_only=True):
    operation: Operation
    phase: OperationPhase
    started_at: str
    message: str = ""
    sync_result: SyncResult | None = None
    finished_at: str | None = None
    retry_count: int = 0


class Summary(Part, frozen=True, kw_only=True):
    external_urls: tuple[str, ...] = field(default=(), name="externalURLs")
    images: tuple[str, ...] = ()
    is_app_of_apps: bool = False


class ApplicationStatus(Part, frozen=True, kw_only=True):
    resources: tuple[ResourceStatus, ...] = ()
    sync: SyncStatus | None = None
    health: AppHealth | None = None
    history: tuple[HistoryEntry, ...] = ()
    conditions: tuple[Condition, ...] = ()
    reconciled_at: str | None = None
    operation_state: OperationState | None = None
    observed_at: str | None = None
    source_type: str = ""
    source_types: tuple[str, ...] = ()
    summary: Summary | None = None
    resource_health_source: str = ""
    controller_namespace: str = ""
    source_hydrator: dict[str, Any] | None = None


class Metadata(Part, frozen=True, kw_only=True):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: tuple[str, ...] = ()


class Application(Part, frozen=True, kw_only=True):
    api_version: str
    kind: str
    metadata: Metadata
    spec: ApplicationSpec = ApplicationSpec()
    operation: Operation | None = None
    status: ApplicationStatus = ApplicationStatus()
