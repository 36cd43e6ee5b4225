"""What stands in for the nodes: the pods that set-up installs are only acted, and their server runs in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from trimtab.demo.ingress import IngressController
from trimtab.kube.config import ClusterConfig
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings

DEPLOYMENT = "trimtab"
SERVICE = "argocd-server"


class Pods:
    """Runs the server while its Deployment is there, and tells the ingress where it is."""

    def __init__(self, config: ClusterConfig, settings: Settings, ingress: IngressController) -> None:
        self._config = config
        self._settings = settings
        self._ingress = ingress
        self._there = asyncio.Event()
        self._gone = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stand in for them until the context ends."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._follow()), group.create_task(self._serve())]
            yield
            for task in tasks:
                task.cancel()

    async def _follow(self) -> None:
        async with Transport(self._config) as transport:
            resource = await Discovery(transport).find("apps", "Deployment")
            async with contextlib.aclosing(watch(transport, resource, namespace=self._settings.namespace)) as batches:
                async for events in batches:
                    for event in events:
                        self._take(event)

    def _take(self, event: WatchEvent) -> None:
        match event:
            case Upserted(observed) if observed.key.name == DEPLOYMENT:
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
            async with serving(self._config, self._settings, Options(port=0)) as running:
                await running.ready()
                address = running.url.partition("://")[2]
                self._ingress.route({(self._settings.namespace, SERVICE, "http"): address})
                await self._gone.wait()
                self._ingress.route({})
