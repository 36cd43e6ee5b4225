"""The controller put together: one process that keeps the applications of one control namespace on course."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from trimtab.clock import Clock, SystemClock
from trimtab.controller.allocator import keep_lean
from trimtab.controller.applications import Applications
from trimtab.controller.clusters import ClusterHandle, Clusters
from trimtab.controller.events import Recorder
from trimtab.controller.feedback import Feedback
from trimtab.controller.findings import Findings
from trimtab.controller.host_keys import HostKeys, is_about_host_key
from trimtab.controller.loop import Loop
from trimtab.controller.namespace_data import NamespaceData
from trimtab.controller.projects import Projects
from trimtab.controller.queue import WorkQueue
from trimtab.controller.repositories import Repositories
from trimtab.controller.world import World
from trimtab.errors import TrimtabError
from trimtab.kube.config import ClusterConfig
from trimtab.kube.transport import Transport
from trimtab.model.keys import AppKey
from trimtab.render import Limits, Workshop
from trimtab.render.cache import RenderCache
from trimtab.settings import Settings
from trimtab.source.git import GitStore

log = logging.getLogger(__name__)
FOLLOW_AGAIN = 3.0
FLUSH_SECONDS = 5.0
"""So long an end waits for the last Events to be posted."""


@contextlib.asynccontextmanager
async def running_controller(
    config: ClusterConfig, settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[World]:
    """A controller at work until the context ends; what is under way then is taken up by the next one."""
    async with open_world(config, settings, clock=clock or SystemClock()) as world, keeping(world):
        yield world


@contextlib.asynccontextmanager
async def open_world(config: ClusterConfig, settings: Settings, *, clock: Clock) -> AsyncIterator[World]:
    """All that is needed to look at applications: fetch, render, compare. Nothing is followed, nothing acts."""
    keep_lean()
    async with Transport(config, clock=clock) as transport, contextlib.AsyncExitStack() as stack:
        workshop = await stack.enter_async_context(
            Workshop(
                cache=RenderCache(settings.cache / "render"),
                limits=Limits(workers=settings.parallel_renders),
            )
        )
        world = _world(transport, settings, clock, workshop)
        try:
            yield world
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await world.recorder.flush()
            await world.sources.close()
            await world.clusters.home.close()


@contextlib.asynccontextmanager
async def keeping(world: World) -> AsyncIterator[None]:
    """Keep the applications of `world` on course until the context ends; it may be entered again, and begins anew.

    What is under way at the end is cancelled, for whoever acts next to take up.
    """
    _forget(world)
    loop = Loop(world, world.queue)
    tasks = [
        asyncio.create_task(_follow(world.applications.follow, world.clock), name="applications"),
        asyncio.create_task(_follow(world.projects.follow, world.clock), name="projects"),
        asyncio.create_task(world.queue.tick(), name="appointments"),
        asyncio.create_task(world.host_keys.keep(), name="host keys"),
        asyncio.create_task(world.findings.keep(), name="findings"),
        asyncio.create_task(world.feedback.keep(), name="feedback"),
        *(asyncio.create_task(loop.work(), name=f"worker {n}") for n in range(world.settings.workers)),
    ]
    try:
        yield
    finally:
        running = [memory.run for memory in world.memories.values() if memory.run is not None]
        for task in (*tasks, *running):
            task.cancel()
        await asyncio.gather(*tasks, *running, return_exceptions=True)
        _forget(world)


def _forget(world: World) -> None:
    """What one who acts remembers is stale for the next: somebody else may have acted in between."""
    world.memories.clear()
    world.applications.forget()
    world.queue = WorkQueue(world.clock)


def _world(transport: Transport, settings: Settings, clock: Clock, workshop: Workshop) -> World:
    def objects_changed(instances: set[str]) -> None:
        for instance in instances:
            key = _key_of(instance, settings.namespace)
            known = world.memories.get(key)
            world.queue.add_later(key, known.calm_until - clock.monotonic() if known else 0.0)

    def application_changed(key: AppKey) -> None:
        world.memory(key).asked_at = clock.monotonic()
        world.queue.add(key)

    def project_changed(name: str) -> None:
        following = world.applications.keys()
        for key in following:
            app = world.applications.get(key)
            if app is not None and world.projects.concerns(name, app):
                world.memory(key).trouble = None
                world.queue.add(key)

    def host_keys_changed() -> None:
        world.repositories.forget()
        for key, memory in world.memories.items():
            if memory.trouble is not None and is_about_host_key(memory.trouble.error):
                memory.trouble = None
                world.queue.add(key)

    home = ClusterHandle(transport, clock=clock, on_change=objects_changed)
    discovery, namespace = home.discovery, settings.namespace
    recorder = Recorder(transport, discovery, clock)
    feedback = Feedback(NamespaceData(transport, discovery, namespace), clock=clock, recorder=recorder)
    world = World(
        settings=settings,
        clock=clock,
        applications=Applications(
            transport, discovery, namespace=namespace, on_event=application_changed, on_gone=feedback.notice_gone
        ),
        projects=Projects(transport, discovery, namespace=namespace, clock=clock, on_change=project_changed),
        clusters=Clusters(home),
        repositories=Repositories(transport, discovery, namespace=namespace, clock=clock),
        sources=GitStore(settings.cache / "git", clock=clock),
        workshop=workshop,
        recorder=recorder,
        queue=WorkQueue(clock),
        host_keys=HostKeys(
            transport, discovery, namespace=namespace, clock=clock, recorder=recorder, on_change=host_keys_changed
        ),
        findings=Findings(transport, discovery, namespace=namespace, clock=clock, recorder=recorder),
        feedback=feedback,
    )
    return world


def _key_of(instance: str, control_namespace: str) -> AppKey:
    """Inverse of `AppKey.instance`: names hold no underscore."""
    namespace, underscore, name = instance.partition("_")
    return AppKey(namespace, name) if underscore else AppKey(control_namespace, instance)


async def _follow(follow: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Follow a kind of ours for ever; without its CRD, say so and wait for it."""
    while True:
        try:
            await follow()
        except TrimtabError as error:
            log.error(
                "our own objects cannot be followed: %s; `trimtab crds | kubectl apply -f -` installs them", error
            )
            await clock.sleep(FOLLOW_AGAIN)
