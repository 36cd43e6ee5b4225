"""Pods: scheduled to the one node, then running, ready, finished or failing as their spec and annotations say."""

import re
from typing import Any

from trimtab.model.keys import Manifest, annotations_of
from trimtab.sandbox.controllers.cluster import Cluster

FAIL = "sandbox.trimtab.dev/fail"
NODE = "sandbox"

_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
_EXIT = re.compile(r"\bexit\s+[1-9]")
_FINISHED = ("Succeeded", "Failed")


def pod(cluster: Cluster, manifest: Manifest) -> float | None:
    meta, status = manifest["metadata"], manifest.get("status") or {}
    if "deletionTimestamp" in meta:
        cluster.end("pods", manifest)
        return None
    if not manifest["spec"].get("nodeName"):
        return _schedule(cluster, manifest)
    if status.get("phase") in _FINISHED:
        return None
    if not status.get("startTime"):
        _set(cluster, manifest, _creating(cluster, manifest))
        return cluster.start_seconds
    if status["phase"] == "Pending":
        return _start(cluster, manifest)
    return _finish(cluster, manifest)


def _schedule(cluster: Cluster, manifest: Manifest) -> float | None:
    if not cluster.get("nodes", "", NODE) or manifest["spec"].get("schedulingGates"):
        return None
    cluster.change("pods", manifest, lambda m: m["spec"].update(nodeName=NODE), manager="kube-scheduler")
    return None


def _creating(cluster: Cluster, manifest: Manifest) -> dict[str, Any]:
    now = cluster.now()
    return {
        **(manifest.get("status") or {}),
        "phase": "Pending",
        "startTime": now,
        "hostIP": "127.0.0.1",
        "conditions": _conditions(manifest, now, ready=False),
        "containerStatuses": [
            _container(container, {"waiting": {"reason": "ContainerCreating"}}) for container in _containers(manifest)
        ],
    }


def _start(cluster: Cluster, manifest: Manifest) -> float | None:
    left = cluster.start_seconds - cluster.waited(manifest)
    if left > 0:
        return left
    reason = _broken(manifest)
    if reason:
        waiting = {"waiting": {"reason": reason, "message": _messages(reason, manifest)}}
        _set(cluster, manifest, _state(cluster, manifest, waiting, phase="Pending", ready=False))
        return None
    running = {"running": {"startedAt": cluster.now()}}
    _set(cluster, manifest, _state(cluster, manifest, running, phase="Running", ready=True))
    return None


def _broken(manifest: Manifest) -> str:
    """The reason why a pod that should keep running cannot; "" when it can."""
    if annotations_of(manifest).get(FAIL) == "true" and not _ends(manifest):
        return "ImagePullBackOff"
    if any(container.get("image", "").endswith(":broken") for container in _containers(manifest)):
        return "ImagePullBackOff"
    return "CrashLoopBackOff" if not _ends(manifest) and _fails(manifest) else ""


def _messages(reason: str, manifest: Manifest) -> str:
    first = _containers(manifest)[0]
    if reason == "ImagePullBackOff":
        return f'Back-off pulling image "{first.get("image", "")}"'
    return f"back-off restarting failed container={first['name']} pod={manifest['metadata']['name']}"


def _ends(manifest: Manifest) -> bool:
    return manifest["spec"].get("restartPolicy") in ("Never", "OnFailure")


def _fails(manifest: Manifest) -> bool:
    for container in _containers(manifest):
        command = [*(container.get("command") or ()), *(container.get("args") or ())]
        if command[:1] in (["false"], ["/bin/false"]) or _EXIT.search(" ".join(command)):
            return True
    return False


def _runs_for(manifest: Manifest) -> float:
    """Seconds that the commands sleep."""
    texts = [" ".join([*(c.get("command") or ()), *(c.get("args") or ())]) for c in _containers(manifest)]
    return max((float(seconds) for text in texts for seconds in _SLEEP.findall(text)), default=0.0)


def _finish(cluster: Cluster, manifest: Manifest) -> float | None:
    if not _ends(manifest):
        return None
    started = manifest["status"]["startTime"]
    left = _runs_for(manifest) + cluster.start_seconds - cluster.waited(manifest)
    if left > 0:
        return left
    failed = annotations_of(manifest).get(FAIL) == "true" or _fails(manifest)
    done = {
        "exitCode": 1 if failed else 0,
        "reason": "Error" if failed else "Completed",
        "startedAt": started,
        "finishedAt": cluster.now(),
    }
    phase = "Failed" if failed else "Succeeded"
    _set(cluster, manifest, _state(cluster, manifest, {"terminated": done}, phase=phase, ready=False))
    return None


def _state(cluster: Cluster, manifest: Manifest, state: dict[str, Any], *, phase: str, ready: bool) -> dict[str, Any]:
    address = _address(manifest)
    return {
        **manifest["status"],
        "phase": phase,
        "conditions": _conditions(manifest, cluster.now(), ready=ready, finished=phase in _FINISHED),
        "podIP": address,
        "podIPs": [{"ip": address}],
        "containerStatuses": [_container(container, state, ready=ready) for container in _containers(manifest)],
    }


def _conditions(manifest: Manifest, now: str, *, ready: bool, finished: bool = False) -> list[dict[str, Any]]:
    known = {c["type"]: c for c in (manifest.get("status") or {}).get("conditions") or ()}
    said = {"status": "True"} if ready else {"status": "False", "reason": "ContainersNotReady"}
    if finished:
        said = {"status": "False", "reason": "PodCompleted"}
    fresh: list[dict[str, Any]] = [
        {"type": "PodReadyToStartContainers", "status": "False" if finished else "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", **said},
        {"type": "ContainersReady", **said},
        {"type": "PodScheduled", "status": "True"},
    ]
    for condition in fresh:
        before = known.get(condition["type"])
        same = before is not None and before["status"] == condition["status"]
        condition["lastProbeTime"] = None
        condition["lastTransitionTime"] = before["lastTransitionTime"] if before is not None and same else now
    return [{name: value for name, value in condition.items() if value is not None} for condition in fresh]


def _container(container: dict[str, Any], state: dict[str, Any], *, ready: bool = False) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": ready,
        "started": "running" in state,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _containers(manifest: Manifest) -> list[dict[str, Any]]:
    return manifest["spec"].get("containers") or []


def _address(manifest: Manifest) -> str:
    """An address of 10.244.0.0/16 that a pod keeps."""
    known: str | None = manifest["status"].get("podIP")
    number = int(manifest["metadata"]["uid"][:4], 16)
    return known or f"10.244.{number >> 8}.{number & 255 or 1}"


def _set(cluster: Cluster, manifest: Manifest, status: dict[str, Any]) -> None:
    cluster.set_status("pods", manifest, status, manager="kubelet")
