"""The few fields of an Application by which lists are selected and sorted, decoded once when it changes."""

import logging

import msgspec
from msgspec import Struct, field

from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER, REFRESH
from trimtab.model.observed import Observed

log = logging.getLogger(__name__)


class Header(Struct, frozen=True, kw_only=True, gc=False):
    """What lists look at. `sync`, `health` and `phase` are "" until the controller has said something.

    `repos`: the URL of each source. `created`: RFC 3339, so that it sorts as text. `version`: the resourceVersion as a
    number. `text`: `namespace/name` in lower case, for searching. `refresh_asked`: the controller has been asked to
    look at it, and has not yet.
    """

    name: str
    namespace: str
    version: int
    created: str
    project: str
    labels: dict[str, str]
    repos: tuple[str, ...]
    server: str
    cluster: str
    destination_namespace: str
    automated: bool
    sync: str
    health: str
    phase: str
    text: str
    refresh_asked: bool


class _Automated(Struct, frozen=True):
    enabled: bool | None = None


class _Source(Struct, frozen=True):
    repo_url: str = field(default="", name="repoURL")


class _SyncPolicy(Struct, frozen=True):
    automated: _Automated | None = None


class _Destination(Struct, frozen=True):
    server: str = ""
    name: str = ""
    namespace: str = ""


class _Spec(Struct, frozen=True, rename="camel"):
    project: str = "default"
    source: _Source | None = None
    sources: tuple[_Source, ...] | None = None
    destination: _Destination = _Destination()
    sync_policy: _SyncPolicy | None = None


class _State(Struct, frozen=True):
    status: str = ""


class _Phase(Struct, frozen=True):
    phase: str = ""


class _Status(Struct, frozen=True, rename="camel"):
    sync: _State = _State()
    health: _State = _State()
    operation_state: _Phase | None = None


class _Metadata(Struct, frozen=True, rename="camel"):
    creation_timestamp: str | None = None


class _Application(Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()


_DECODER = msgspec.json.Decoder(_Application)


def header_of(observed: Observed) -> Header:
    """What the API server's schema would not have let in is read as an Application that says nothing."""
    try:
        app = _DECODER.decode(observed.raw)
    except msgspec.DecodeError as error:
        log.warning("%s is not as its schema says: %s", observed.key, error)
        app = _Application()
    meta, spec, status = observed.meta, app.spec, app.status
    sources = spec.sources or ((spec.source,) if spec.source else ())
    automated = spec.sync_policy.automated if spec.sync_policy else None
    return Header(
        name=meta.name,
        namespace=meta.namespace,
        version=version_number(meta.resource_version),
        created=app.metadata.creation_timestamp or "",
        project=spec.project or "default",
        labels=meta.labels or {},
        repos=tuple(source.repo_url for source in sources),
        server=spec.destination.server,
        cluster=spec.destination.name,
        destination_namespace=spec.destination.namespace,
        automated=automated is not None and automated.enabled is not False,
        sync=status.sync.status,
        health=status.health.status,
        phase=status.operation_state.phase if status.operation_state else "",
        text=f"{meta.namespace}/{meta.name}".lower(),
        refresh_asked=REFRESH in (meta.annotations or {}),
    )


def version_number(resource_version: str) -> int:
    """Kubernetes' versions of one kind can be compared as numbers; 0 for what is none."""
    return int(resource_version) if resource_version.isdecimal() and len(resource_version) < 20 else 0


def is_in_cluster(header: Header, cluster: str) -> bool:
    """Is it deployed to the cluster of this name or URL? The cluster that we run in has both."""
    if cluster in (IN_CLUSTER_NAME, IN_CLUSTER_SERVER):
        return header.cluster == IN_CLUSTER_NAME or header.server == IN_CLUSTER_SERVER
    return cluster in (header.cluster, header.server)
