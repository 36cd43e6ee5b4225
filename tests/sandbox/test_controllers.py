"""Workloads come to life, and fail on purpose."""

from typing import Any

import pytest

from tests.sandbox.client import Client, Object, a_deployment
from trimtab.sandbox.controllers.pod import FAIL

APPS = "/apis/apps/v1/namespaces/default"
CORE = "/api/v1/namespaces/default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


def condition(manifest: Object, kind: str) -> Any:
    found = (manifest.get("status") or {}).get("conditions") or ()
    return next((c for c in found if c["type"] == kind), {})


def is_rolled_out(manifest: Object) -> bool:
    status = manifest.get("status") or {}
    return bool(
        status.get("observedGeneration") == manifest["metadata"]["generation"]
        and condition(manifest, "Progressing").get("reason") == "NewReplicaSetAvailable"
        and status.get("updatedReplicas") == status.get("replicas") == manifest["spec"]["replicas"]
    )


async def settled(client: Client, path: str, name: str, wanted: Any) -> Object:
    async with await client.watch(f"{path}?watch=true&fieldSelector=metadata.name%3D{name}") as watch:
        return await watch.until(wanted)


def a_job(name: str, *command: str, **spec: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "task:1", "command": list(command)}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": pod}, **spec},
    }


async def test_a_deployment_rolls_out_and_over(client: Client) -> None:
    await client.create(f"{APPS}/deployments", a_deployment("web", replicas=3))
    first = await settled(client, f"{APPS}/deployments", "web", is_rolled_out)
    assert first["status"]["availableReplicas"] == first["status"]["readyReplicas"] == 3
    assert condition(first, "Available")["status"] == "True"
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "web:2"}]}}}}
    await client.patch(f"{APPS}/deployments/web", image)
    second = await settled(
        client, f"{APPS}/deployments", "web", lambda m: m["metadata"]["generation"] == 2 and is_rolled_out(m)
    )
    assert second["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sets = (await client.get(f"{APPS}/replicasets"))["items"]
    assert sorted(s["spec"]["replicas"] for s in sets) == [0, 3]
    pods = (await client.get(f"{CORE}/pods"))["items"]
    images = {p["spec"]["containers"][0]["image"] for p in pods if "deletionTimestamp" not in p["metadata"]}
    assert images == {"web:2"}


async def test_a_deployment_can_be_recreated_paused_and_scaled(client: Client) -> None:
    await client.create(f"{APPS}/deployments", a_deployment("web", replicas=2, strategy={"type": "Recreate"}))
    await settled(client, f"{APPS}/deployments", "web", is_rolled_out)
    await client.patch(f"{APPS}/deployments/web/scale", {"spec": {"replicas": 1}})
    scaled = await settled(
        client, f"{APPS}/deployments", "web", lambda m: m["spec"]["replicas"] == 1 and is_rolled_out(m)
    )
    assert scaled["status"]["replicas"] == 1
    await client.patch(f"{APPS}/deployments/web", {"spec": {"paused": True}})
    paused = await settled(
        client, f"{APPS}/deployments", "web", lambda m: condition(m, "Progressing").get("reason") == "DeploymentPaused"
    )
    assert condition(paused, "Progressing")["status"] == "Unknown"


@pytest.mark.parametrize("how", ["image", "annotation"])
async def test_a_broken_deployment_runs_into_its_deadline(client: Client, how: str) -> None:
    made = a_deployment("web", image="web:broken" if how == "image" else "web:1", progressDeadlineSeconds=1)
    if how == "annotation":
        made["spec"]["template"]["metadata"]["annotations"] = {FAIL: "true"}
    await client.create(f"{APPS}/deployments", made)
    failed = await settled(
        client, f"{APPS}/deployments", "web", lambda m: condition(m, "Progressing").get("status") == "False"
    )
    assert condition(failed, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert condition(failed, "Available")["status"] == "False"
    pod = (await client.get(f"{CORE}/pods"))["items"][0]
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert (pod["status"]["phase"], waiting["reason"]) == ("Pending", "ImagePullBackOff")


async def test_a_deployment_takes_its_pods_along(client: Client) -> None:
    await client.create(f"{APPS}/deployments", a_deployment("web"))
    await settled(client, f"{APPS}/deployments", "web", is_rolled_out)
    async with await client.watch(f"{CORE}/pods?watch=true") as watch:
        await client.delete(f"{APPS}/deployments/web")
        while (await watch.next())["type"] != "DELETED":
            pass
    assert (await client.get(f"{CORE}/pods"))["items"] == []
    assert (await client.get(f"{APPS}/replicasets"))["items"] == []


async def test_a_stateful_set_starts_in_order_with_its_claims(client: Client) -> None:
    made = a_deployment("db", image="db:1")
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    made |= {
        "kind": "StatefulSet",
        "spec": made["spec"] | {"replicas": 2, "serviceName": "db", "volumeClaimTemplates": [claim]},
    }
    await client.create(f"{APPS}/statefulsets", made)
    done = await settled(client, f"{APPS}/statefulsets", "db", lambda m: m["status"].get("readyReplicas") == 2)
    assert done["status"]["currentRevision"] == done["status"]["updateRevision"]
    pods = (await client.get(f"{CORE}/pods"))["items"]
    assert [pod["metadata"]["name"] for pod in pods] == ["db-0", "db-1"]
    bound = await settled(
        client, f"{CORE}/persistentvolumeclaims", "data-db-1", lambda m: m["status"].get("phase") == "Bound"
    )
    assert bound["status"]["capacity"] == {"storage": "1Gi"}
    await client.patch(f"{APPS}/statefulsets/db", {"spec": {"template": {"metadata": {"labels": {"new": "label"}}}}})
    updated = await settled(
        client,
        f"{APPS}/statefulsets",
        "db",
        lambda m: (
            m["status"].get("updatedReplicas") == m["status"].get("readyReplicas") == 2
            and m["status"]["observedGeneration"] == 2
        ),
    )
    assert (
        updated["status"]["currentRevision"] == updated["status"]["updateRevision"] != done["status"]["updateRevision"]
    )


async def test_a_daemon_set_runs_on_every_node(client: Client) -> None:
    made = a_deployment("agent")
    await client.create(f"{APPS}/daemonsets", made | {"kind": "DaemonSet"})
    done = await settled(
        client, f"{APPS}/daemonsets", "agent", lambda m: (m.get("status") or {}).get("numberReady") == 1
    )
    assert done["status"]["desiredNumberScheduled"] == done["status"]["updatedNumberScheduled"] == 1


async def test_a_job_completes(client: Client) -> None:
    await client.create(JOBS, a_job("ok", "true", completions=2, parallelism=2))
    done = await settled(client, JOBS, "ok", lambda m: condition(m, "Complete"))
    assert (done["status"]["succeeded"], "active" in done["status"]) == (2, False)
    assert done["status"]["completionTime"]


@pytest.mark.parametrize("command", [("false",), ("sh", "-c", "echo no; exit 3")])
async def test_a_job_fails(client: Client, command: tuple[str, ...]) -> None:
    await client.create(JOBS, a_job("bad", *command, backoffLimit=1))
    done = await settled(client, JOBS, "bad", lambda m: condition(m, "Failed"))
    assert (done["status"]["failed"], condition(done, "Failed")["reason"]) == (2, "BackoffLimitExceeded")


async def test_a_job_fails_by_annotation_and_is_forgotten_in_time(client: Client) -> None:
    made = a_job("bad", "true", backoffLimit=0, ttlSecondsAfterFinished=0)
    made["spec"]["template"]["metadata"] = {"annotations": {FAIL: "true"}}
    async with await client.watch(f"{JOBS}?watch=true") as watch:
        await client.create(JOBS, made)
        await watch.until(lambda m: condition(m, "Failed"))
        while (await watch.next())["type"] != "DELETED":
            pass
    assert (await client.get(JOBS))["items"] == []


async def test_services_and_ingresses_get_addresses(client: Client) -> None:
    await client.create(f"{APPS}/deployments", a_deployment("web"))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    made = await client.create(f"{CORE}/services", service)
    assert made["spec"]["clusterIP"].startswith("10.")
    assert 30000 <= made["spec"]["ports"][0]["nodePort"] < 32768
    found = await settled(client, f"{CORE}/services", "web", lambda m: m["status"]["loadBalancer"].get("ingress"))
    assert found["status"]["loadBalancer"]["ingress"][0]["ip"]
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    async with await client.watch(f"{slices}?watch=true") as watch:
        ready = await watch.until(lambda m: any(e["conditions"]["ready"] for e in m.get("endpoints") or ()))
    assert ready["metadata"]["labels"]["kubernetes.io/service-name"] == "web"


async def test_a_namespace_gets_its_service_account(client: Client) -> None:
    await client.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    accounts = "/api/v1/namespaces/shop/serviceaccounts"
    assert (await settled(client, accounts, "default", lambda m: True))["metadata"]["name"] == "default"


async def test_budgets_and_autoscalers_follow_their_pods(client: Client) -> None:
    selector = {"matchLabels": {"app": "web"}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}}
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    await client.create(budgets, budget | {"spec": {"minAvailable": "50%", "selector": selector}})
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scalers = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    await client.create(scalers, scaler | {"spec": {"maxReplicas": 5, "scaleTargetRef": target}})
    await client.create(f"{APPS}/deployments", a_deployment("web", replicas=3))
    allowed = await settled(client, budgets, "web", lambda m: m["status"].get("currentHealthy") == 3)
    assert (allowed["status"]["desiredHealthy"], allowed["status"]["disruptionsAllowed"]) == (2, 1)
    scaled = await settled(client, scalers, "web", lambda m: m["status"].get("currentReplicas") == 3)
    assert condition(scaled, "ScalingActive")["status"] == "True"


async def test_a_replication_controller_replicates(client: Client) -> None:
    made = a_deployment("old") | {"apiVersion": "v1", "kind": "ReplicationController"}
    made["spec"] = {"replicas": 2, "selector": {"app": "old"}, "template": made["spec"]["template"]}
    await client.create(f"{CORE}/replicationcontrollers", made)
    await settled(client, f"{CORE}/replicationcontrollers", "old", lambda m: m["status"].get("readyReplicas") == 2)
