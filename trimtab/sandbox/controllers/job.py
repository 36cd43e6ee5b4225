"""Jobs: pods until enough have succeeded, or too many have failed."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.controllers.cluster import Cluster, alive, condition, is_ready, pod_from, revise


def job(cluster: Cluster, manifest: Manifest) -> float | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    if _finished(manifest):
        return _expire(cluster, manifest)
    pods = cluster.owned(manifest, "pods")
    if not manifest["spec"].get("suspend"):
        _start_pods(cluster, manifest, pods)
    pods = cluster.owned(manifest, "pods")
    status = _status(cluster, manifest, pods)
    cluster.set_status("jobs.batch", manifest, status)
    if any(c["type"] in ("Complete", "Failed") for c in status.get("conditions") or ()):
        for pod in alive(pods):
            cluster.delete("pods", pod)
    deadline = manifest["spec"].get("activeDeadlineSeconds")
    return float(deadline) + 1 if deadline else None


def _finished(manifest: Manifest) -> bool:
    return condition(manifest, "Complete") == "True" or condition(manifest, "Failed") == "True"


def _expire(cluster: Cluster, manifest: Manifest) -> float | None:
    keep = manifest["spec"].get("ttlSecondsAfterFinished")
    if keep is None:
        return None
    ended = max(c["lastTransitionTime"] for c in manifest["status"]["conditions"])
    left = float(keep) - cluster.seconds_since(ended)
    if left > 0:
        return left
    cluster.delete("jobs.batch", manifest)
    return None


def _phases(pods: list[Manifest], phase: str) -> int:
    return sum(1 for pod in pods if (pod.get("status") or {}).get("phase") == phase)


def _start_pods(cluster: Cluster, manifest: Manifest, pods: list[Manifest]) -> None:
    spec = manifest["spec"]
    if _failure(cluster, manifest, pods):
        return
    left = spec.get("completions", spec.get("parallelism", 1)) - _phases(pods, "Succeeded")
    for _ in range(min(spec.get("parallelism", 1), left) - len(alive(pods))):
        cluster.create("pods", pod_from(spec["template"], manifest))


def _failure(cluster: Cluster, manifest: Manifest, pods: list[Manifest]) -> tuple[str, str] | None:
    """Reason and message, once the job cannot succeed any more."""
    spec, status = manifest["spec"], manifest.get("status") or {}
    if _phases(pods, "Failed") > spec.get("backoffLimit", 6):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    deadline = spec.get("activeDeadlineSeconds")
    if deadline and "startTime" in status and cluster.seconds_since(status["startTime"]) >= deadline:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _status(cluster: Cluster, manifest: Manifest, pods: list[Manifest]) -> dict[str, Any]:
    spec, before = manifest["spec"], manifest.get("status") or {}
    succeeded, failed, active = _phases(pods, "Succeeded"), _phases(pods, "Failed"), alive(pods)
    failure = _failure(cluster, manifest, pods)
    done = succeeded >= spec.get("completions", 1)
    status: dict[str, Any] = {"uncountedTerminatedPods": {}}
    if not spec.get("suspend"):
        status["startTime"] = before.get("startTime", cluster.now())
    conditions = _conditions(failure, done=done, suspended=bool(spec.get("suspend")))
    if conditions:
        status["conditions"] = revise(before.get("conditions") or [], conditions, cluster.now())
    if done and not failure:
        status["completionTime"] = before.get("completionTime", cluster.now())
    over = done or failure is not None
    counts = {"active": 0 if over else len(active), "succeeded": succeeded, "failed": failed}
    status.update({name: count for name, count in counts.items() if count})
    return {**status, "terminating": 0, "ready": 0 if over else sum(map(is_ready, active))}


def _conditions(failure: tuple[str, str] | None, *, done: bool, suspended: bool) -> list[dict[str, Any]]:
    if failure:
        reason, message = failure
        said = {"status": "True", "reason": reason, "message": message}
        return [{"type": "FailureTarget", **said}, {"type": "Failed", **said}]
    if done:
        said = {
            "status": "True",
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
        }
        return [{"type": "SuccessCriteriaMet", **said}, {"type": "Complete", **said}]
    if suspended:
        return [{"type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended"}]
    return []
