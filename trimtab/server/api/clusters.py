"""/api/v1/clusters: the cluster that we run in, and those that cluster Secrets name, which nothing deploys to yet."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from trimtab.clock import rfc3339
from trimtab.errors import TrimtabError
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL
from trimtab.server.api.lists import ListMeta
from trimtab.server.applications.header import is_in_cluster
from trimtab.server.auth.secrets import secret_data
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, denied, not_found, unimplemented
from trimtab.server.operation import Needs, Operation, Query
from trimtab.server.reachability import ConnectionState
from trimtab.server.reply import Json
from trimtab.server.served import Served

RESOURCE = "clusters"
OTHERS = "deploying to clusters other than the one that Trimtab runs in"


class ClusterQuery(Query, frozen=True):
    """`id_type`: what the path's value is: url, name or name_escaped."""

    server: str = ""
    name: str = ""
    id_type: str = field(default="", name="id.type")
    id_value: str = field(default="", name="id.value")


class WriteQuery(Query, frozen=True):
    upsert: bool = False
    updated_fields: tuple[str, ...] = ()
    id_type: str = field(default="", name="id.type")


class TLSClientConfig(Struct, frozen=True, rename="camel"):
    """What may be shown of how a cluster is reached: no certificate, no key."""

    insecure: bool = False
    server_name: str = ""


class ClusterConfig(Struct, frozen=True, rename="camel"):
    tls_client_config: TLSClientConfig = TLSClientConfig()


class CacheInfo(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is known of a cluster without asking it."""

    resources_count: int = 0


class ClusterInfo(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    connection_state: ConnectionState
    applications_count: int = 0
    server_version: str = ""
    api_versions: tuple[str, ...] = ()
    cache_info: CacheInfo = CacheInfo()


class Cluster(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    server: str
    name: str
    connection_state: ConnectionState
    info: ClusterInfo
    config: ClusterConfig = field(default_factory=ClusterConfig)
    server_version: str = ""
    project: str = ""
    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = False
    labels: dict[str, str] | None = None


class ClusterList(Struct, frozen=True):
    items: tuple[Cluster, ...] | None
    metadata: ListMeta = ListMeta()


class WrittenCluster(Struct, frozen=True, rename="camel", kw_only=True):
    """What is asked for when a cluster is added or changed; more of it is not looked at."""

    server: str = ""
    name: str = ""
    project: str = ""


class _Secret(Struct, frozen=True):
    """The data of a cluster Secret that may be shown."""

    server: str
    name: str
    project: str
    namespaces: tuple[str, ...]
    labels: dict[str, str] | None


async def list_clusters(call: Call[ClusterQuery, None]) -> Json:
    """Those that the caller may see."""
    query = call.query
    may = call.judge(RESOURCE, "get")
    found = [await _home(call.served)] if may(IN_CLUSTER_SERVER) else []
    found += [_described(one) for one in _others(call.served) if may(_rbac_name(one))]
    wanted = {query.server, query.name, query.id_value} - {""}
    fitting = tuple(one for one in found if wanted <= {one.server, one.name})
    return Json(value=ClusterList(items=fitting or None))


async def get_cluster(call: Call[ClusterQuery, None]) -> Json:
    """One cluster, by URL or name; one that the caller may not see answers as one that does not exist."""
    return Json(value=await _found(call, "get"))


async def invalidate_cache(call: Call[ClusterQuery, None]) -> Json:
    """Ask the cluster anew what kinds it serves; its objects are watched, and need no asking."""
    cluster = await _found(call, "update")
    if cluster.server != IN_CLUSTER_SERVER:
        raise unimplemented(OTHERS)
    call.served.discovery.invalidate()
    return Json(value=cluster)


async def create_cluster(call: Call[WriteQuery, WrittenCluster]) -> Json:
    """The engine cannot deploy there yet: a cluster that is accepted and then ignored helps nobody."""
    body = call.body
    call.require(RESOURCE, "create", f"{body.project}/{body.server}" if body.project else body.server)
    raise unimplemented(OTHERS)


async def change_cluster(call: Call[WriteQuery, WrittenCluster]) -> Json:
    """As `create_cluster`; the cluster that we run in cannot be changed or removed."""
    action = {"PUT": "update", "DELETE": "delete"}.get(call.request.method, "update")
    call.require(RESOURCE, action, call.params["id.value"])
    raise unimplemented(OTHERS)


async def _found(call: Call[ClusterQuery, None], action: str) -> Cluster:
    value, by = call.params["id.value"], call.query.id_type
    if by not in ("", "url", "server", "name", "name_escaped"):
        raise bad_request(f"id.type {by!r} is none of url, name, name_escaped")
    may = call.judge(RESOURCE, action)
    if value in (IN_CLUSTER_SERVER, IN_CLUSTER_NAME):
        if may(IN_CLUSTER_SERVER):
            return await _home(call.served)
        raise denied()
    for one in _others(call.served):
        if value in (one.server, one.name) and may(_rbac_name(one)):
            return _described(one)
    raise not_found(f"cluster {value!r} not found") if may(value) else denied()


def _rbac_name(one: _Secret) -> str:
    return f"{one.project}/{one.server}" if one.project else one.server


async def _home(served: Served) -> Cluster:
    """The cluster that we run in, asked just now."""
    now = rfc3339(served.clock.now())
    try:
        await served.transport.request("GET", "/version", timeout=5.0, verb="get", subject="version")
        version, kinds = await served.discovery.version(), await served.discovery.api_versions()
        state = ConnectionState(status="Successful", attempted_at=now)
    except TrimtabError as error:
        version, kinds = "", ()
        state = ConnectionState(status="Failed", message=error.message, attempted_at=now)
    deployed = sum(is_in_cluster(one.header, IN_CLUSTER_NAME) for one in served.applications.catalogue)
    info = ClusterInfo(
        connection_state=state,
        applications_count=deployed,
        server_version=version,
        api_versions=tuple(kinds),
        cache_info=CacheInfo(resources_count=len(served.world.clusters.home.live)),
    )
    return Cluster(
        server=IN_CLUSTER_SERVER, name=IN_CLUSTER_NAME, connection_state=state, info=info, server_version=version
    )


def _others(served: Served) -> Iterator[_Secret]:
    for secret in served.configuration.objects("Secret").values():
        labels = secret["metadata"].get("labels") or {}
        if labels.get(SECRET_TYPE_LABEL) == "cluster" and (one := _read(secret, labels)) is not None:
            yield one


def _read(secret: Manifest, labels: dict[str, str]) -> _Secret | None:
    """None where it does not name a server, or is not readable."""
    try:
        data = {key: value.decode() for key, value in secret_data(secret).items()}
    except ValueError:
        return None
    if not data.get("server") or data["server"] == IN_CLUSTER_SERVER:
        return None
    return _Secret(
        server=data["server"],
        name=data.get("name") or data["server"],
        project=data.get("project", ""),
        namespaces=tuple(name.strip() for name in data.get("namespaces", "").split(",") if name.strip()),
        labels={key: value for key, value in labels.items() if key != SECRET_TYPE_LABEL} or None,
    )


def _described(one: _Secret) -> Cluster:
    state = ConnectionState(status="Unknown", message=f"{OTHERS} is not supported yet")
    return Cluster(
        server=one.server,
        name=one.name,
        project=one.project,
        namespaces=one.namespaces,
        labels=one.labels,
        connection_state=state,
        info=ClusterInfo(connection_state=state),
    )


def _line(method: Any, path: str, operation: str, handler: Any, *, action: str, summary: str) -> Operation[Any, Any]:
    writes = handler in (create_cluster, change_cluster) and method in ("POST", "PUT") and "/rotate" not in path
    return Operation(
        method=method,
        path=path,
        id=f"ClusterService_{operation}",
        handler=handler,
        needs=Needs(RESOURCE, action),
        query=WriteQuery if handler in (create_cluster, change_cluster) else ClusterQuery,
        body=WrittenCluster if writes else type(None),
        reply=ClusterList if operation == "List" else Cluster,
        summary=summary,
    )


_ONE = "/api/v1/clusters/{id.value}"
OPERATIONS = (
    _line("GET", "/api/v1/clusters", "List", list_clusters, action="get", summary="The clusters"),
    _line("GET", _ONE, "Get", get_cluster, action="get", summary="One cluster"),
    _line("POST", "/api/v1/clusters", "Create", create_cluster, action="create", summary="Add a cluster (not yet)"),
    _line("PUT", _ONE, "Update", change_cluster, action="update", summary="Change a cluster (not yet)"),
    _line("DELETE", _ONE, "Delete", change_cluster, action="delete", summary="Remove a cluster (not yet)"),
    _line(
        "POST",
        f"{_ONE}/invalidate-cache",
        "InvalidateCache",
        invalidate_cache,
        action="update",
        summary="Ask a cluster anew what it serves",
    ),
    _line(
        "POST",
        f"{_ONE}/rotate-auth",
        "RotateAuth",
        change_cluster,
        action="update",
        summary="Renew a cluster's credentials (not yet)",
    ),
)
