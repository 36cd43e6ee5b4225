"""DaemonSets: a pod for each node."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, alive, is_ready, pod_from
from trimtab.sandbox.controllers.deployment import template_hash

_REVISION = "controller-revision-hash"


def daemon_set(cluster: Cluster, manifest: Manifest) -> float | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    revision = template_hash(manifest["spec"]["template"])
    nodes = [node["metadata"]["name"] for node in _nodes(cluster, manifest)]
    pods = alive(cluster.owned(manifest, "pods"))
    by_node = {pod["spec"].get("nodeName"): pod for pod in pods}
    for pod in pods:
        if pod["spec"].get("nodeName") not in nodes:
            cluster.delete("pods", pod)
    for node in nodes:
        if node not in by_node:
            _create(cluster, manifest, node, revision)
    _update(cluster, manifest, [by_node[node] for node in nodes if node in by_node], revision)
    _report(cluster, manifest, nodes, revision)
    return None


def _nodes(cluster: Cluster, manifest: Manifest) -> list[Manifest]:
    wanted = (manifest["spec"]["template"].get("spec") or {}).get("nodeSelector") or {}
    return cluster.selected("nodes", "", wanted)


def _create(cluster: Cluster, manifest: Manifest, node: str, revision: str) -> None:
    made = pod_from(
        manifest["spec"]["template"], manifest, labels={_REVISION: revision, "pod-template-generation": "1"}
    )
    cluster.create("pods", {**made, "spec": {**made["spec"], "nodeName": node}})


def _update(cluster: Cluster, manifest: Manifest, pods: list[Manifest], revision: str) -> None:
    """Replace one pod of an old revision at a time, and those that are not ready at once."""
    if (manifest["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return
    stale = [pod for pod in pods if pod["metadata"]["labels"].get(_REVISION) != revision]
    waiting = sum(1 for pod in pods if not is_ready(pod))
    for pod in sorted(stale, key=is_ready):
        if is_ready(pod) and waiting >= 1:
            return
        waiting += is_ready(pod)
        cluster.delete("pods", pod)


def _report(cluster: Cluster, manifest: Manifest, nodes: list[str], revision: str) -> None:
    pods = alive(cluster.owned(manifest, "pods"))
    ready = sum(map(is_ready, pods))
    updated = sum(1 for pod in pods if pod["metadata"]["labels"].get(_REVISION) == revision)
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": ready,
        "numberUnavailable": len(nodes) - ready,
    }
    status: dict[str, Any] = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(nodes),
        "numberReady": ready,
        "observedGeneration": manifest["metadata"]["generation"],
        **{name: count for name, count in optional.items() if count},
    }
    cluster.set_status("daemonsets.apps", manifest, status)
