"""Applications whose last sync went some way, and an environment that tells GitHub of them."""

import datetime as dt
from typing import Any

from trimtab.clock import rfc3339
from trimtab.environment.environment import Feedback
from trimtab.feedback.place import Place
from trimtab.model.application import (
    AppHealth,
    Application,
    ApplicationSource,
    ApplicationSpec,
    ApplicationStatus,
    Destination,
    Health,
    Metadata,
    Operation,
    OperationState,
    ResourceResult,
    ResourceStatus,
    SyncOperation,
    SyncResult,
    SyncStatus,
)


def a_place(web: str = "https://github.com", ssh_host: str = "github.com") -> Place:
    return Place(
        environment="production",
        namespace="argocd",
        url="https://argocd.acme.example",
        owner="acme",
        web=web,
        ssh_host=ssh_host,
        feedback=Feedback(),
    )


NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
SHA, OTHER = "a" * 40, "b" * 40
URL = "https://github.com/acme/infra"
SECRET = "hunter2"
DEGRADED = Health(status="Degraded", message=SECRET)


def a_result(kind: str = "Deployment", name: str = "web", **more: Any) -> ResourceResult:
    return ResourceResult(group="", version="v1", kind=kind, namespace="shop", name=name, message=SECRET, **more)


def an_app(
    phase: Any = "Succeeded",
    *,
    health: Any = "Healthy",
    sync: Any = "Synced",
    results: tuple[ResourceResult, ...] = (),
    ended: float = 5.0,
    operation: SyncOperation | None = None,
    **spec: Any,
) -> Application:
    """`ended`: seconds before now."""
    running = phase in ("Running", "Terminating")
    state = OperationState(
        operation=Operation(sync=operation or SyncOperation(revision=SHA)),
        phase=phase,
        started_at=rfc3339(NOW - dt.timedelta(seconds=ended + 60)),
        finished_at=None if running else rfc3339(NOW - dt.timedelta(seconds=ended)),
        message=SECRET,
        sync_result=SyncResult(revision=SHA, resources=results),
    )
    status = ApplicationStatus(
        operation_state=state,
        health=AppHealth(status=health, message=SECRET),
        sync=SyncStatus(status=sync),
        resources=(
            ResourceStatus(
                version="v1", kind="Deployment", name="web", health=Health(status="Degraded", message=SECRET)
            ),
            ResourceStatus(version="v1", kind="Service", name="web", health=Health(status="Healthy")),
        ),
    )
    return Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="shop", namespace="argocd"),
        spec=ApplicationSpec(
            **{"source": ApplicationSource(repo_url=URL), "destination": Destination(namespace="shop"), **spec}
        ),
        status=status,
    )
