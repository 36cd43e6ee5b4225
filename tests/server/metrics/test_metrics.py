"""What Prometheus is told: Argo CD's names, true numbers, and nothing for those who may not see it."""

from collections.abc import Mapping

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from tests.engine.world import until
from tests.server.desk import Answer, Desk
from trimtab.kube import read
from trimtab.metrics import Durations
from trimtab.model.names import IN_CLUSTER_SERVER
from trimtab.server.applications.header import Header, header_of
from trimtab.server.metrics import INFO_HEAD, info_line
from trimtab.server.webhook.looks import APPLICATION

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    families = text_string_to_metric_families(text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def found(answer: Answer, family: str, **labels: str) -> float:
    """The sum of the samples of that name that have these labels."""
    wanted = frozenset(labels.items())
    return sum(
        value for (one, given), value in samples(answer.body.decode()).items() if one == family and wanted <= given
    )


async def scraped(desk: Desk) -> Answer:
    return await desk.call("GET", "/metrics")


def a_header(repo: str = "https://git.example.com/apps") -> Header:
    app = {
        "metadata": {"name": "shop", "namespace": "argocd", "uid": "0", "resourceVersion": "1"},
        "spec": {
            "project": "default",
            "source": {"repoURL": repo},
            "destination": {"name": "in-cluster", "namespace": "shop"},
            "syncPolicy": {"automated": {}},
        },
        "status": {"sync": {"status": "Synced"}, "operationState": {"phase": "Running"}},
    }
    return header_of(read.observe(APPLICATION, msgspec.json.encode(app)))


def test_how_an_application_is() -> None:
    ((_, labels),) = samples(INFO_HEAD + info_line(a_header()))
    assert dict(labels) == {
        "autosync_enabled": "true",
        "dest_namespace": "shop",
        "dest_server": IN_CLUSTER_SERVER,
        "health_status": "Unknown",
        "name": "shop",
        "namespace": "argocd",
        "operation": "sync",
        "project": "default",
        "repo": "https://git.example.com/apps",
        "sync_status": "Synced",
    }


def test_a_hostile_label() -> None:
    hostile = 'a"} 1\nargocd_app_info{name="b\\'
    ((_, labels),) = samples(INFO_HEAD + info_line(a_header(repo=hostile)))
    assert dict(labels)["repo"] == hostile


def test_durations_fall_into_buckets() -> None:
    durations = Durations((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 9.0):
        durations.observe(seconds, "x")
    timed = durations.found[("x",)]
    assert (timed.counts, timed.seconds) == ([2, 1, 1], 12.0)


async def test_a_sync_is_counted_everywhere(desk: Desk) -> None:
    desk.repo.commit({"app/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"})
    await desk.create(desk.an_app())
    await desk.synced()
    named = {"name": desk.named(), "project": "default"}
    answer = await until(lambda: scraped(desk), lambda seen: found(seen, "argocd_app_info", sync_status="Synced"))
    assert answer.headers["content-type"].startswith("text/plain")
    assert found(answer, "argocd_app_info", **named, repo=desk.repo.url, autosync_enabled="true") == 1
    assert found(answer, "argocd_app_sync_total", **named, phase="Succeeded", dry_run="false") == 1
    assert found(answer, "argocd_app_reconcile_count", namespace=desk.control) > 0
    assert found(answer, "argocd_app_reconcile_bucket", le="+Inf") == found(answer, "argocd_app_reconcile_count")
    assert found(answer, "argocd_app_k8s_request_total", verb="apply") > 0
    assert found(answer, "argocd_cluster_api_resource_objects") > 0
    assert found(answer, "argocd_login_request_total", status="success") == 1
    assert found(answer, "trimtab_api_calls_total", id="SessionService_Create", status="200") == 1
    assert found(answer, "process_resident_memory_bytes") > 0
    again = await scraped(desk)
    assert found(again, "trimtab_api_calls_total", id="Trimtab_Metrics") > 0


async def test_fetches_are_counted(desk: Desk) -> None:
    await desk.create(desk.an_app(source={"repoURL": "http://127.0.0.1:9/nowhere.git"}))
    answer = await until(lambda: scraped(desk), lambda seen: found(seen, "argocd_git_fetch_fail_total"))
    repo = "http://127.0.0.1:9/nowhere.git"
    assert found(answer, "argocd_git_request_total", repo=repo, request_type="fetch") >= 1
    assert found(answer, "argocd_git_request_duration_seconds_count", repo=repo) >= 1


async def test_only_for_those_who_may_see_all_applications(desk: Desk) -> None:
    assert (await desk.call("GET", "/metrics", who="ada")).status == 200
    assert (await desk.call("GET", "/metrics", who="eve")).failure[:2] == (403, 7)
    assert (await desk.call("GET", "/metrics", who="")).failure[:2] == (401, 16)


async def test_findings_of_the_environment(desk: Desk) -> None:
    desk.world.findings.counts.update({("certificate", "warning"): 1, ("credentials", "ok"): 3})
    answer = await scraped(desk)
    assert found(answer, "trimtab_findings", check="certificate", level="warning") == 1
    assert found(answer, "trimtab_findings", check="credentials") == 3
