"""Pod: by its phase, and earlier by containers that cannot start."""

from typing import Any

from trimtab.health.read import at, condition, count, items, text
from trimtab.health.verdicts import degraded, healthy, progressing, unknown
from trimtab.model.application import Health
from trimtab.model.keys import Manifest
from trimtab.model.names import HELM_HOOK, HOOK, IGNORE_RESTART_POLICY


def pod(manifest: Manifest) -> Health:
    if _restarts(manifest) or _restart_policy_ignored(manifest):
        stuck = [_message(waiting) for waiting in _waiting(manifest) if _is_error(text(waiting, "reason"))]
        if stuck:
            return degraded(", ".join(stuck))
    message = text(manifest, "status", "message")
    match text(manifest, "status", "phase"):
        case "Pending":
            return progressing(message)
        case "Succeeded":
            return healthy(message)
        case "Failed":
            return degraded(message or _failure(manifest))
        case "Running":
            return _running(manifest, message)
    return unknown(message)


def _restarts(manifest: Manifest) -> bool:
    """Only then is a waiting error final: a run-once pod, often a hook, may still get its image and run."""
    return (text(manifest, "spec", "restartPolicy") or "Always") == "Always"


def _restart_policy_ignored(manifest: Manifest) -> bool:
    annotations = at(manifest, "metadata", "annotations")
    if not isinstance(annotations, dict) or HOOK in annotations or HELM_HOOK in annotations:
        return False
    return annotations.get(IGNORE_RESTART_POLICY) == "true"


def _containers(manifest: Manifest) -> list[dict[str, Any]]:
    return items(manifest, "status", "initContainerStatuses") + items(manifest, "status", "containerStatuses")


def _waiting(manifest: Manifest) -> list[object]:
    return [at(container, "state", "waiting") for container in _containers(manifest)]


def _is_error(reason: str) -> bool:
    """`ErrImagePull`, `CreateContainerConfigError`, `CrashLoopBackOff` and their kin."""
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _message(waiting: object) -> str:
    return text(waiting, "message") or text(waiting, "reason")


def _failure(manifest: Manifest) -> str:
    """Why the first container that failed did so, "" when none says."""
    return next(filter(None, map(_why, _containers(manifest))), "")


def _why(container: dict[str, Any]) -> str:
    ended = at(container, "state", "terminated")
    if text(ended, "message"):
        return text(ended, "message")
    if text(ended, "reason") == "OOMKilled":
        return "OOMKilled"
    code = count(ended, "exitCode")
    return f'container "{text(container, "name")}" failed with exit code {code}' if code else ""


def _running(manifest: Manifest, message: str) -> Health:
    if not _restarts(manifest):
        return progressing(message)
    if condition(manifest, "Ready").get("status") == "True":
        return healthy(message)
    ended = (at(container, "lastState", "terminated") for container in items(manifest, "status", "containerStatuses"))
    return degraded(message) if any(isinstance(end, dict) for end in ended) else progressing(message)
