"""A sandbox, when wanted with a controller, on a thread of its own, for commands that run in the test's thread."""

import asyncio
import base64
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import bcrypt

from tests.engine.world import install
from tests.repos import GitRepo
from trimtab.controller.controller import running_controller
from trimtab.kube import read, write
from trimtab.kube.config import ClusterConfig, load
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest, kind_of
from trimtab.sandbox import Sandbox
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings

T = TypeVar("T")
PATIENCE = 30.0


class Stage:
    """`kubeconfig` leads to the sandbox; `repo` is a Git repository named shop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.repo = GitRepo(folder / "shop.git")
        self._exits = contextlib.AsyncExitStack()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the stage's thread to its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    @contextlib.contextmanager
    def running(self) -> Iterator["Stage"]:
        thread = threading.Thread(target=asyncio.run, args=(self._live(),), name="stage", daemon=True)
        thread.start()
        assert self._ready.wait(PATIENCE), "the sandbox has not started"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(PATIENCE)

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._exits:
            sandbox = await self._exits.enter_async_context(Sandbox())
            sandbox.write_kubeconfig(self.kubeconfig)
            self._ready.set()
            await self._stop.wait()

    def install(self) -> None:
        """Install the CRDs, and the namespace of the Applications."""
        self.do(install(self.config))
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})

    def control(self) -> None:
        """Start a controller that polls so seldom that a test must ask for every look."""
        settings = Settings(cache=self.folder / "cache", poll=3600.0, jitter=0.0)
        self.do(self._exits.enter_async_context(running_controller(self.config, settings)))

    def serve(self, *, port: int = 0) -> str:
        """Start a server beside whatever controls; its URL."""
        settings = Settings(cache=self.folder / "cache-of-the-server", poll=3600.0, jitter=0.0)
        running = self.do(self._exits.enter_async_context(serving(self.config, settings, _options(port))))
        self.do(running.ready())
        return running.url

    def account(self, name: str, password: str) -> None:
        """A local account that may do everything; before the server starts."""
        metadata = {"namespace": "argocd"}
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))
        data = {f"accounts.{name}.password": base64.b64encode(hashed).decode()}
        self.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", **metadata}}
            | {"data": {f"accounts.{name}": "login"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-rbac-cm", **metadata}}
            | {"data": {"policy.csv": f"g, {name}, role:admin"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", **metadata}, "data": data},
        )

    def admin_password(self) -> str:
        """The one that the server has drawn at its first start."""
        named = {"metadata": {"name": "argocd-initial-admin-secret", "namespace": "argocd"}}
        secret = self.get({"apiVersion": "v1", "kind": "Secret", **named})
        return base64.b64decode(secret["data"]["password"]).decode()

    def create(self, *manifests: Manifest) -> None:
        self.do(self._create(manifests))

    def get(self, manifest: Manifest) -> Manifest:
        """The live state of the object that `manifest` names."""
        return self.do(self._get(manifest))

    def patch(self, manifest: Manifest, patch: Manifest, *, manager: str = "kubectl-edit") -> None:
        """Merge `patch` into the object, as a person does."""
        self.do(self._patch(manifest, patch, manager))

    @property
    def config(self) -> ClusterConfig:
        return load(self.kubeconfig, None)

    async def _create(self, manifests: tuple[Manifest, ...]) -> None:
        async with Transport(self.config) as transport:
            discovery = Discovery(transport)
            for manifest in manifests:
                kind = kind_of(manifest)
                resource = await discovery.find(kind.group, kind.kind)
                await write.create(transport, resource, manifest, field_manager="tests")

    async def _get(self, manifest: Manifest) -> Manifest:
        kind, metadata = kind_of(manifest), manifest["metadata"]
        async with Transport(self.config) as transport:
            resource = await Discovery(transport).find(kind.group, kind.kind)
            return await read.get(transport, resource, metadata["name"], namespace=metadata.get("namespace", ""))

    async def _patch(self, manifest: Manifest, patch: Manifest, manager: str) -> None:
        kind, metadata = kind_of(manifest), manifest["metadata"]
        async with Transport(self.config) as transport:
            resource = await Discovery(transport).find(kind.group, kind.kind)
            await write.patch(
                transport,
                resource,
                metadata["name"],
                patch,
                patch_type="merge",
                namespace=metadata.get("namespace", ""),
                field_manager=manager,
            )


def _options(port: int) -> Options:
    return Options(port=port, controller=False, tls=None)
