"""Applications of a realistic size (2.8 kB), as a controller leaves them: synced, with history and results."""

from typing import Any

from bench.stage import NAMESPACE
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_SERVER

REVISION = "0d521c6e049889134f3122eb32d7ed342f43ca0d"
MOMENT = "2026-11-23T12:29:03Z"


def fleet_of(count: int) -> list[Manifest]:
    return [_application(n) for n in range(count)]


def _application(n: int) -> Manifest:
    namespace = f"team-{n % 40:02}"
    source = {"path": f"apps/service-{n:05}", "repoURL": "https://git.example.com/acme/deploy.git"}
    source["targetRevision"] = "HEAD"
    destination = {"namespace": namespace, "server": IN_CLUSTER_SERVER}
    labels = {"team": namespace, "tier": ("web", "worker", "batch")[n % 3]}
    automated = {"prune": True, "selfHeal": True}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"service-{n:05}", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "project": "default",
            "destination": destination,
            "source": source,
            "syncPolicy": {"automated": automated, "syncOptions": ["CreateNamespace=true"]},
        },
        "status": _status(n, source, destination),
    }


def _status(n: int, source: Manifest, destination: Manifest) -> dict[str, Any]:
    healthy = {"status": "Healthy" if n % 10 else "Degraded"}
    synced = "Synced" if n % 7 else "OutOfSync"
    objects = [("apps", "Deployment")]
    listed = [
        {
            "group": group, "version": "v1", "kind": kind, "name": f"service-{n:05}",
            "namespace": destination["namespace"], "status": synced, "health": healthy,
        }
        for group, kind in objects
    ]  # fmt: skip
    results = [
        {
            "group": group, "version": "v1", "kind": kind, "name": f"service-{n:05}",
            "namespace": destination["namespace"], "status": "Synced", "syncPhase": "Sync", "hookPhase": "Running",
            "message": f"{kind.lower()}/service-{n:05} configured",
        }
        for group, kind in objects
    ]  # fmt: skip
    history = {"id": 0, "revision": REVISION, "source": source, "deployedAt": MOMENT, "deployStartedAt": MOMENT}
    return {
        "health": {**healthy, "lastTransitionTime": MOMENT},
        "sync": {
            "status": synced,
            "revision": REVISION,
            "comparedTo": {"source": source, "destination": destination},
        },
        "history": [history],
        "operationState": {
            "operation": {"sync": {"revision": REVISION}, "initiatedBy": {"automated": True}},
            "phase": "Succeeded",
            "startedAt": MOMENT,
            "finishedAt": MOMENT,
            "syncResult": {"revision": REVISION, "resources": results},
        },
        "reconciledAt": MOMENT,
        "resources": listed,
        "sourceType": "Directory",
    }
