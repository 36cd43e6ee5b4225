"""GET /metrics: what Prometheus is told, by Argo CD's names. Whatever nobody counted is not there."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, chain

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from trimtab.metrics import Durations
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.server.applications.header import Header
from trimtab.server.applications.stored import Stored
from trimtab.server.call import Call
from trimtab.server.operation import Needs, NoQuery, Operation
from trimtab.server.reply import Raw
from trimtab.server.served import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
INFO = "argocd_app_info"
INFO_HEAD = f"# HELP {INFO} How each application is.\n# TYPE {INFO} gauge\n"
UNDER_WAY = frozenset({"Running", "Terminating"})
SYNC_LABELS = ("namespace", "name", "project", "dest_server", "phase", "dry_run")
LOGIN = "SessionService_Create"
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


async def metrics(call: Call[NoQuery, None]) -> Raw:
    """For whoever may see all applications: it names them, and their repositories."""
    call.require("applications", "get", "*/*")
    return Raw(body=await exposition(call.served), content_type=CONTENT_TYPE)


async def exposition(served: Served) -> bytes:
    """In the text format of Prometheus."""
    apps = tuple(served.applications.catalogue)
    families = tuple(_families(served))
    return await asyncio.to_thread(_text, apps, families)


def _text(apps: Iterable[Stored], families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Families(families))
    ProcessCollector(registry=registry)
    return (INFO_HEAD + "".join(info_line(app.header) for app in apps)).encode() + generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def info_line(header: Header) -> str:
    """Written by hand: there may be ten thousand of them."""
    labels: Mapping[str, str] = {
        "autosync_enabled": "true" if header.automated else "false",
        "dest_namespace": header.destination_namespace,
        "dest_server": header.server or (IN_CLUSTER_SERVER if header.cluster == IN_CLUSTER_NAME else header.cluster),
        "health_status": header.health or "Unknown",
        "name": header.name,
        "namespace": header.namespace,
        "operation": "sync" if header.phase in UNDER_WAY else "",
        "project": header.project,
        "repo": header.repos[0] if header.repos else "",
        "sync_status": header.sync or "Unknown",
    }
    shown = ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels.items())
    return f"{INFO}{{{shown}}} 1\n"


def _families(served: Served) -> Iterator[Metric]:
    return chain(_of_controller(served), _of_git(served), _of_kubernetes(served), _of_calls(served))


def _of_controller(served: Served) -> Iterator[Metric]:
    measures = served.world.measures
    says, names = "Seconds that a look at an application took.", ("namespace", "dest_server")
    yield _histogram("argocd_app_reconcile", says, names, measures.passes)
    syncs = CounterMetricFamily("argocd_app_sync", "Syncs that ended.", labels=SYNC_LABELS)
    for labels, count in measures.syncs.items():
        syncs.add_metric(labels, count)
    yield syncs
    seconds = CounterMetricFamily("argocd_app_sync_duration_seconds", "Seconds that syncs took.", labels=SYNC_LABELS)
    for labels, took in measures.sync_seconds.items():
        seconds.add_metric(labels, took)
    yield seconds
    depth = GaugeMetricFamily("workqueue_depth", "Applications that wait for a look.", labels=("name",))
    depth.add_metric(("app_reconciliation_queue",), len(served.world.queue))
    yield depth
    says = "What the last look at the environment found."
    found = GaugeMetricFamily("trimtab_findings", says, labels=("check", "level"))
    for (check, level), count in sorted(served.world.findings.counts.items()):
        found.add_metric((check, level), count)
    yield found


def _of_git(served: Served) -> Iterator[Metric]:
    fetches = served.world.sources.fetches
    names = ("repo",)
    requests = CounterMetricFamily("argocd_git_request", "Fetches from Git.", labels=("repo", "request_type"))
    for (repo,), timed in fetches.took.found.items():
        requests.add_metric((repo, "fetch"), sum(timed.counts))
    yield requests
    failed = CounterMetricFamily("argocd_git_fetch_fail", "Fetches from Git that failed.", labels=names)
    for repo, count in fetches.failed.items():
        failed.add_metric((repo,), count)
    yield failed
    says = "Applications whose source cannot be fetched."
    unreachable = GaugeMetricFamily("trimtab_app_source_unreachable", says, labels=("namespace", "name"))
    for key, memory in served.world.memories.items():
        if memory.unreachable is not None and memory.unreachable.told:
            unreachable.add_metric((key.namespace, key.name), 1)
    yield unreachable
    yield _histogram("argocd_git_request_duration_seconds", "Seconds that fetches took.", names, fetches.took)


def _of_kubernetes(served: Served) -> Iterator[Metric]:
    home = served.world.clusters.home
    verbs = CounterMetricFamily(
        "argocd_app_k8s_request", "Requests to the API server of Kubernetes.", labels=("server", "verb")
    )
    for verb, count in sorted(home.transport.stats.requests.items()):
        verbs.add_metric((IN_CLUSTER_SERVER, verb), count)
    yield verbs
    kept = GaugeMetricFamily("argocd_cluster_api_resource_objects", "Objects in the cache.", labels=("server",))
    kept.add_metric((IN_CLUSTER_SERVER,), len(home.live))
    yield kept


def _of_calls(served: Served) -> Iterator[Metric]:
    calls = CounterMetricFamily("trimtab_api_calls", "Calls of the API that were answered.", labels=("id", "status"))
    logins = {"success": 0, "failure": 0}
    for (name, status), count in sorted(served.calls.items()):
        calls.add_metric((name, str(status)), count)
        if name == LOGIN:
            logins["success" if status < 300 else "failure"] += count
    yield calls
    login = CounterMetricFamily("argocd_login_request", "Logins with a password.", labels=("status",))
    for outcome, count in logins.items():
        login.add_metric((outcome,), count)
    yield login
    yield from _of_rotation(served)


def _of_rotation(served: Served) -> Iterator[Metric]:
    says = "Webhooks and tokens that were signed with the secret before this one."
    uses = CounterMetricFamily("trimtab_previous_secret_uses", says, labels=("key",))
    says = "When that was last, in seconds since 1970."
    last = GaugeMetricFamily("trimtab_previous_secret_last_use_seconds", says, labels=("key",))
    for key, count in sorted(served.previous_uses.counts.items()):
        uses.add_metric((key,), count)
        last.add_metric((key,), served.previous_uses.last[key])
    yield uses
    yield last


def _histogram(name: str, says: str, labels: tuple[str, ...], durations: Durations) -> Metric:
    family = HistogramMetricFamily(name, says, labels=labels)
    bounds = (*(str(bound) for bound in durations.bounds), "+Inf")
    for values, timed in durations.found.items():
        buckets = list(zip(bounds, accumulate(timed.counts), strict=True))
        family.add_metric(values, buckets, timed.seconds)
    return family


OPERATIONS = (
    Operation(
        method="GET",
        path="/metrics",
        id="Trimtab_Metrics",
        handler=metrics,
        needs=Needs("applications", "get"),
        query=NoQuery,
        body=type(None),
        reply=None,
        summary="Numbers for Prometheus",
    ),
)
