"""The sandbox as a whole: start, address, kubeconfig, stop."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import orjson
import uvloop
from aiohttp import web

from trimtab.clock import Clock, SystemClock, rfc3339
from trimtab.errors import Stalled
from trimtab.model.keys import Kind, Manifest
from trimtab.sandbox import crds, writing
from trimtab.sandbox.controllers.cluster import Cluster
from trimtab.sandbox.controllers.manager import Manager
from trimtab.sandbox.controllers.pod import NODE
from trimtab.sandbox.garbage import Collector, Dependents
from trimtab.sandbox.registry import Registry
from trimtab.sandbox.server import Handler
from trimtab.sandbox.store import Store
from trimtab.sandbox.world import Settings, World

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Sandbox:
    """A Kubernetes-compatible API on loopback, for as long as the context lasts. State is in memory."""

    def __init__(self, *, port: int = 0, settings: Settings | None = None, clock: Clock | None = None) -> None:
        settings = settings or Settings()
        self.world = World(
            registry=Registry(), store=Store(window=settings.window), clock=clock or SystemClock(), settings=settings
        )
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, once it has started."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> "Sandbox":
        """Raises Stalled when the port is taken."""
        self._populate()
        server = web.Server(Handler(self.world), access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._stop()
            why = error.strerror or str(error)
            raise Stalled(
                f"cannot listen on 127.0.0.1:{self._port}: {why}; choose another port", reason="Listen"
            ) from error
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        for collection in self.world.store.collections():
            for queue in collection.subscribers:
                queue.put_nowait(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()

    def _populate(self) -> None:
        dependents = Dependents()
        collector = Collector(self.world, dependents)
        listeners = self.world.store.listeners
        listeners += [lambda name, event: crds.follow(self.world, name, event), dependents.follow, collector.follow]
        self._tasks.append(asyncio.create_task(collector.run(), name="sandbox garbage collector"))
        if self.world.settings.controllers:
            manager = Manager(Cluster(self.world, dependents))
            listeners.append(manager.follow)
            self._tasks.append(asyncio.create_task(manager.run(), name="sandbox controllers"))
            self.add(_node(self.world))
        for name in NAMESPACES:
            self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def add(self, manifest: Manifest) -> None:
        """Create an object directly, to prepare a scene. Raises Fault, and KeyError for an unknown kind."""
        group, _, version = manifest["apiVersion"].rpartition("/")
        resource = self.world.registry.by_kind(Kind(group=group, version=version, kind=manifest["kind"]))
        if resource is None:
            raise KeyError(manifest["kind"])
        namespace = manifest["metadata"].get("namespace", "default") if resource.namespaced else ""
        target = writing.Target(resource, namespace, manifest["metadata"]["name"])
        writing.create(self.world, target, manifest, writing.Options(manager="sandbox"))

    def kubeconfig(self) -> str:
        """The text of a kubeconfig for this server (JSON, which is YAML)."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "sandbox", "user": {}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        }
        return orjson.dumps(config, option=orjson.OPT_INDENT_2).decode() + "\n"

    def write_kubeconfig(self, path: Path) -> Path:
        path.write_text(self.kubeconfig())
        return path


def _node(world: World) -> Manifest:
    """The one node that every pod runs on."""
    now = rfc3339(world.clock.now())
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "sandbox",
        "lastTransitionTime": now,
    }
    room = {"cpu": "64", "memory": "256Gi", "pods": "10000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [ready],
            "nodeInfo": {"kubeletVersion": world.settings.version, "operatingSystem": "linux"},
        },
    }


@contextlib.contextmanager
def sandbox_thread(*, port: int = 0, settings: Settings | None = None) -> Iterator[Sandbox]:
    """A sandbox on a thread of its own, for callers that are not asynchronous."""
    sandbox = Sandbox(port=port, settings=settings)
    ready = threading.Event()
    failure: list[BaseException] = []
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        try:
            async with sandbox:
                ready.set()
                await stop.wait()
        except BaseException as error:  # handed to the thread that waits for the start
            failure.append(error)
            ready.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), name="sandbox", daemon=True)
    thread.start()
    ready.wait()
    if failure:
        raise failure[0]
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
