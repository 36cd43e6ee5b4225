"""The pods of Deployment trimtab: where nothing runs containers, the server runs in this process while it is there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from trimtab.demo.ingress import IngressController
from trimtab.kube.config import ClusterConfig
from trimtab.model.keys import Manifest
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings
from trimtab.setup.cluster import Cluster

LOOK_EVERY = 0.1
Run = Callable[[Manifest], contextlib.AbstractAsyncContextManager[str]]
"""Runs what a Deployment says; gives the URL of its server."""


class Pods:
    """Follows one Deployment. `running` is set while its server is ready."""

    def __init__(self, cluster: Cluster, ingress: IngressController, run: Run) -> None:
        self._cluster = cluster
        self._ingress = ingress
        self._run = run
        self.url = ""

    async def follow(self) -> None:
        while True:
            found = await self._found()
            if found is None:
                await asyncio.sleep(LOOK_EVERY)
                continue
            async with self._run(found) as url:
                self.url = url
                where = url.partition("://")[2]
                self._ingress.route({(self._cluster.namespace, "argocd-server", "http"): where})
                await self._gone()
            self.url = ""
            self._ingress.route({})

    async def _gone(self) -> None:
        while await self._found() is not None:  # noqa: ASYNC110 - the API server tells of no event here
            await asyncio.sleep(LOOK_EVERY)

    async def _found(self) -> Manifest | None:
        return await self._cluster.get("Deployment", "trimtab", group="apps")


@contextlib.asynccontextmanager
async def following(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do it until the context ends. A failure of it is raised there."""
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        failed = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not failed, "it ended by itself"


def in_process(config: ClusterConfig, folder: Path) -> Run:
    """The server and the controller, with the rights of whoever runs the tests."""

    @contextlib.asynccontextmanager
    async def run(deployment: Manifest) -> AsyncIterator[str]:
        namespace = deployment["metadata"]["namespace"]
        settings = Settings(namespace=namespace, cache=folder / "cache", poll=3600.0, jitter=0.0, calm=0.1)
        async with serving(config, settings, Options(port=0)) as running:
            await running.ready()
            yield running.url

    return run
