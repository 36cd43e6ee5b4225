"""What stands in for nodes: pods are only acted, and what the installed Deployment says runs on this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from trimtab.demo.ingress import IngressController
from trimtab.kube import read
from trimtab.kube.config import ClusterConfig
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.keys import Manifest
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings

DEPLOYMENT = "trimtab"
SERVICE = "argocd-server"
Run = Callable[[Manifest], contextlib.AbstractAsyncContextManager[str]]
"""Runs what a Deployment says; gives the URL of its server."""


class Pods:
    """Runs the server while its Deployment is there, and tells the ingress where it is."""

    def __init__(self, transport: Transport, ingress: IngressController, *, namespace: str, run: Run) -> None:
        self._transport = transport
        self._ingress = ingress
        self._namespace = namespace
        self._run = run
        self._deployment: Manifest = {}
        self._there = asyncio.Event()
        self._gone = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stand in for them until the context ends; raises there what ended it before."""
        task = asyncio.create_task(self._both(), name="pods")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _both(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._serve())

    async def _follow(self) -> None:
        resource = await Discovery(self._transport).find("apps", "Deployment")
        async with contextlib.aclosing(watch(self._transport, resource, namespace=self._namespace)) as batches:
            async for events in batches:
                for event in events:
                    self._take(event)

    def _take(self, event: WatchEvent) -> None:
        match event:
            case Upserted(observed) if observed.key.name == DEPLOYMENT:
                self._deployment = read.decode_manifest(observed.raw, "Deployment")
                self._set(there=True)
            case Removed(last) if last.key.name == DEPLOYMENT:
                self._set(there=False)
            case Listed(keys):
                self._set(there=any(key.name == DEPLOYMENT for key in keys))

    def _set(self, *, there: bool) -> None:
        now, then = (self._there, self._gone) if there else (self._gone, self._there)
        now.set()
        then.clear()

    async def _serve(self) -> None:
        while True:
            await self._there.wait()
            async with self._run(self._deployment) as url:
                self._ingress.route({(self._namespace, SERVICE, "http"): url.partition("://")[2]})
                await self._gone.wait()
            self._ingress.route({})


def in_process(config: ClusterConfig, settings: Settings) -> Run:
    """Server and controller in this process, with the rights of whoever runs it."""

    @contextlib.asynccontextmanager
    async def run(_deployment: Manifest) -> AsyncIterator[str]:
        async with serving(config, settings, Options(port=0)) as running:
            await running.ready()
            yield running.url

    return run
