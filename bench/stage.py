"""Where the scenarios play: a fresh control plane, a Git repository over HTTP, the controller as its own process."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from bench.process import cpu_seconds
from tests.repos import GitRepo
from tests.servers.http_git import HttpGit
from tools.controlplane.run import ControlPlane
from trimtab.kube import write
from trimtab.kube.config import load
from trimtab.kube.discovery import Discovery
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.crds import crds
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import IN_CLUSTER_SERVER
from trimtab.model.observed import Observed, Upserted

NAMESPACE = "argocd"


class Controller:
    """The controller's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    async def requests(self) -> dict[str, int]:
        """Requests so far, by Kubernetes verb."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(b"stats\n")
        answer: Any = json.loads(await self._process.stdout.readline())
        return dict(answer["requests"])


class Stage(Struct):
    """One fresh cluster with everything that a scenario needs."""

    plane: ControlPlane
    transport: Transport
    discovery: Discovery
    repo: GitRepo
    url: str
    folder: Path

    async def resource(self, kind: str, group: str = "") -> Resource:
        return await self.discovery.find(group, kind)

    @property
    def server_cpu(self) -> float:
        return cpu_seconds(self.plane.pids()["kube-apiserver"])

    @contextlib.asynccontextmanager
    async def controller(self) -> AsyncIterator[Controller]:
        """Run the controller until the context ends."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.controller",
            str(self.plane.kubeconfig()),
            str(self.folder / "cache"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        controller = Controller(process)
        try:
            await controller.requests()
            yield controller
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()

    async def apply_all(self, kind: Resource, manifests: list[Manifest], *, parallel: int = 16) -> None:
        """Server-side apply, `parallel` at a time."""
        limit = asyncio.Semaphore(parallel)

        async def one(manifest: Manifest) -> None:
            async with limit:
                await write.apply(self.transport, kind, manifest, field_manager="bench", force=True)

        await asyncio.gather(*(one(manifest) for manifest in manifests))

    async def all_apps(self, holds: Callable[[Observed], bool], *, count: int, within: float = 300.0) -> float:
        """Seconds until `holds` for `count` Applications; watched, since polling would cost the server."""
        resource = await self.resource("Application", "argoproj.io")
        began = time.perf_counter()
        good: set[ObjectKey] = set()
        async with asyncio.timeout(within), aclosing(watch(self.transport, resource, namespace=NAMESPACE)) as batches:
            async for events in batches:
                for event in events:
                    if isinstance(event, Upserted):
                        (good.add if holds(event.observed) else good.discard)(event.observed.key)
                if len(good) >= count:
                    break
        return time.perf_counter() - began


def application(name: str, url: str, *, path: str, namespace: str, heal: bool = True) -> Manifest:
    """An Application that syncs by itself."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "destination": {"server": IN_CLUSTER_SERVER, "namespace": namespace},
            "source": {"repoURL": url, "path": path, "targetRevision": "HEAD"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": heal},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    }


def reported_synced(observed: Observed) -> bool:
    return is_synced(orjson.loads(observed.raw))


def reported_healthy(observed: Observed) -> bool:
    """Synced, and Healthy: Kubernetes' own controllers take their time with hundreds of Deployments."""
    app = orjson.loads(observed.raw)
    return is_synced(app) and ((app.get("status") or {}).get("health") or {}).get("status") == "Healthy"


def is_synced(app: Manifest) -> bool:
    return bool(((app.get("status") or {}).get("sync") or {}).get("status") == "Synced")


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = 300.0, every: float = 0.02) -> float:
    """Seconds until `holds()`; raises TimeoutError."""
    began = time.perf_counter()
    while not await holds():
        if time.perf_counter() - began > within:
            raise TimeoutError(f"not within {within:g} s")
        await asyncio.sleep(every)
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Start a control plane and a Git server; the CRDs and the control namespace are there."""
    (folder / "repositories").mkdir(parents=True)
    repo = GitRepo(folder / "repositories" / "apps.git")
    with ControlPlane() as plane:
        async with Transport(load(plane.kubeconfig(), None)) as transport, HttpGit(folder / "repositories") as git:
            made = Stage(plane, transport, Discovery(transport), repo, git.url("apps.git"), folder)
            await _install(made)
            yield made


async def _install(made: Stage) -> None:
    definitions: Any = list(crds())
    await made.apply_all(await made.resource("CustomResourceDefinition", "apiextensions.k8s.io"), definitions)
    namespaces = [namespace(NAMESPACE)]
    await made.apply_all(await made.resource("Namespace"), namespaces)

    async def served() -> bool:
        made.discovery.invalidate()
        with contextlib.suppress(Exception):
            await made.resource("Application", "argoproj.io")
            return True
        return False

    await until(served, within=20)


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
