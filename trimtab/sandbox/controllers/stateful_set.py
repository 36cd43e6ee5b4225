"""StatefulSets: numbered pods, one after the other, each with its claims; updated from the highest number down."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, is_ready, pod_from
from trimtab.sandbox.controllers.deployment import template_hash

_REVISION = "controller-revision-hash"
_FINISHED = ("Succeeded", "Failed")


def stateful_set(cluster: Cluster, manifest: Manifest) -> float | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    pods = {_ordinal(pod): pod for pod in cluster.owned(manifest, "pods")}
    _step(cluster, manifest, pods)
    pods = {_ordinal(pod): pod for pod in cluster.owned(manifest, "pods")}
    cluster.set_status("statefulsets.apps", manifest, _status(manifest, list(pods.values())))
    return None


def _step(cluster: Cluster, manifest: Manifest, pods: dict[int, Manifest]) -> None:
    spec = manifest["spec"]
    start = (spec.get("ordinals") or {}).get("start", 0)
    wanted = range(start, start + spec.get("replicas", 1))
    parallel = spec.get("podManagementPolicy") == "Parallel"
    for ordinal in wanted:
        found = pods.get(ordinal)
        if found is None:
            _create(cluster, manifest, ordinal)
        elif (found.get("status") or {}).get("phase") in _FINISHED:
            _delete(cluster, found)
        if not parallel and not (found and is_ready(found)):
            # A pod of an old revision that cannot become ready is replaced below, else the set would be stuck.
            break
    spare = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
    for ordinal in spare if parallel else spare[:1]:
        _delete(cluster, pods[ordinal])
    if not spare:
        _update(cluster, manifest, {ordinal: pods[ordinal] for ordinal in wanted if ordinal in pods})


def _update(cluster: Cluster, manifest: Manifest, pods: dict[int, Manifest]) -> None:
    """Replace the highest pod of an old revision, once all above it are ready."""
    strategy = manifest["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    revision = _revision(manifest)
    for ordinal in sorted(pods, reverse=True):
        if ordinal < partition:
            return
        if pods[ordinal]["metadata"]["labels"].get(_REVISION) != revision:
            _delete(cluster, pods[ordinal])
            return
        if not is_ready(pods[ordinal]):
            return


def _delete(cluster: Cluster, pod: Manifest) -> None:
    if "deletionTimestamp" not in pod["metadata"]:
        cluster.delete("pods", pod)


def _ordinal(pod: Manifest) -> int:
    number = pod["metadata"]["name"].rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _revision(manifest: Manifest) -> str:
    return f"{manifest['metadata']['name']}-{template_hash(manifest['spec']['template'])}"


def _create(cluster: Cluster, manifest: Manifest, ordinal: int) -> None:
    meta, spec = manifest["metadata"], manifest["spec"]
    name = f"{meta['name']}-{ordinal}"
    labels = {
        _REVISION: _revision(manifest),
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    made = pod_from(spec["template"], manifest, name=name, labels=labels)
    claims = [_claim(cluster, template, manifest, name) for template in spec.get("volumeClaimTemplates") or ()]
    volumes = [v for v in made["spec"].get("volumes") or () if v["name"] not in {name for name, _ in claims}]
    mounted = [{"name": name, "persistentVolumeClaim": {"claimName": claim}} for name, claim in claims]
    made["spec"] = {
        **made["spec"],
        "hostname": name,
        "subdomain": spec.get("serviceName", ""),
        "volumes": [*volumes, *mounted],
    }
    cluster.create("pods", made)


def _claim(cluster: Cluster, template: Manifest, manifest: Manifest, pod: str) -> tuple[str, str]:
    """The volume's name and the name of the pod's claim for it, which is made if it is not there."""
    volume = template["metadata"]["name"]
    name, namespace = f"{volume}-{pod}", manifest["metadata"]["namespace"]
    if cluster.get("persistentvolumeclaims", namespace, name) is None:
        labels = (manifest["spec"]["selector"] or {}).get("matchLabels") or {}
        cluster.create(
            "persistentvolumeclaims",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {**template["metadata"], "name": name, "namespace": namespace, "labels": labels},
                "spec": template["spec"],
            },
        )
    return volume, name


def _status(manifest: Manifest, pods: list[Manifest]) -> dict[str, Any]:
    revision = _revision(manifest)
    before = manifest.get("status") or {}
    updated = sum(1 for pod in pods if pod["metadata"]["labels"].get(_REVISION) == revision)
    ready = sum(map(is_ready, pods))
    wanted = manifest["spec"].get("replicas", 1)
    done = updated == len(pods) == ready == wanted
    current = revision if done else before.get("currentRevision", revision)
    on_current = sum(1 for pod in pods if pod["metadata"]["labels"].get(_REVISION) == current)
    counts = {"readyReplicas": ready, "currentReplicas": on_current, "updatedReplicas": updated}
    return {
        "observedGeneration": manifest["metadata"]["generation"],
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "availableReplicas": ready,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
