"""Running versus declared versions of our own parts: Deployment, Pods, and the server that answers."""

from collections.abc import Mapping, Sequence

from trimtab.environment.findings.finding import Finding, Level
from trimtab.model.keys import Manifest

CHECK = "versions"
DEPLOYMENT = "trimtab"
UPSTREAM = "argocd-server"
"""The Deployment of upstream Argo CD, which may be configured instead."""
_SETUP = "trimtab setup -f environment.yaml"


def judge_deployment(
    deployments: Mapping[str, Manifest], pods: Sequence[Manifest], *, image: str, replicas: int
) -> list[Finding]:
    """`image` and `replicas`: as declared; "" where no image is."""
    found = deployments.get(DEPLOYMENT)
    if found is None:
        if UPSTREAM in deployments:
            return [_finding("ok", f"upstream Argo CD: {_image(deployments[UPSTREAM])}")]
        return [_finding("error", f"there is no Deployment {DEPLOYMENT}", _SETUP)]
    return [_declared(found, image), _rolled_out(found, pods, replicas)]


def judge_server(url: str, told: str, *, expected: str) -> Finding:
    """`told`: what `/api/version` says, `v3.5.1+trimtab.0.1.0`; `expected`: our own version."""
    _, ours, running = told.partition("+trimtab.")
    if not ours:
        return Finding(check=CHECK, subject=url, level="ok", message=f"upstream Argo CD {told}")
    if running != expected:
        message = f"the server is Trimtab {running}, this is {expected}"
        fix = "let both be the same: upgrade this command, or set install.image and run trimtab setup"
        return Finding(check=CHECK, subject=url, level="warning", message=message, fix=fix)
    return Finding(check=CHECK, subject=url, level="ok", message=f"the server is Trimtab {running}, as this is")


def _declared(deployment: Manifest, image: str) -> Finding:
    running = _image(deployment)
    if image and running != image:
        return _finding("warning", f"runs image {running}, declared is {image}", _SETUP, "image")
    return _finding("ok", f"runs image {running}", part="image")


def _rolled_out(deployment: Manifest, pods: Sequence[Manifest], replicas: int) -> Finding:
    status, wanted = deployment.get("status") or {}, (deployment.get("spec") or {}).get("replicas", 1)
    available, updated = status.get("availableReplicas") or 0, status.get("updatedReplicas") or 0
    look = f"look why: kubectl describe pods -l app.kubernetes.io/name={DEPLOYMENT}"
    if not available:
        return _finding("error", f"none of {wanted} replicas is available", look, "replicas")
    images = {one for pod in pods if _is_running(pod) for one in _running_images(pod)}
    if len(images) > 1 or updated < wanted:
        message = f"replicas run different images: {', '.join(sorted(images)) or 'unknown'}"
        return _finding("warning", message, f"wait for the rollout; where it does not end, {look}", "replicas")
    if available < wanted:
        return _finding("warning", f"{available} of {wanted} replicas are available", look, "replicas")
    if wanted != replicas:
        return _finding("warning", f"{wanted} replicas, declared are {replicas}", _SETUP, "replicas")
    return _finding("ok", f"{available} of {wanted} replicas are available, all of one image", part="replicas")


def _finding(level: Level, message: str, fix: str = "", part: str = "") -> Finding:
    subject = f"Deployment {DEPLOYMENT}{f' {part}' if part else ''}"
    return Finding(check=CHECK, subject=subject, level=level, message=message, fix=fix)


def _image(deployment: Manifest) -> str:
    containers = (((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def _is_running(pod: Manifest) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")


def _running_images(pod: Manifest) -> list[str]:
    """By id where the runtime tells it: a tag may have been moved."""
    found = (pod.get("status") or {}).get("containerStatuses") or []
    return [one.get("imageID") or one.get("image") or "" for one in found]
