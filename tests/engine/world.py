"""One test's corner of an API server: a control namespace with a controller, a destination, a repository, and people.

Nothing here waits for a fixed time: `until` looks every 20 ms until something is true. Names are drawn anew for each
test, so that all tests can share one API server.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.engine.objects import crd
from tests.repos import GitRepo
from trimtab.controller.controller import running_controller
from trimtab.controller.world import World
from trimtab.kube import read, write
from trimtab.kube.config import ClusterConfig
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import AlreadyExists, NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.crds import crds
from trimtab.model.keys import AppKey, Manifest, kind_of
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, LAST_APPLIED, REFRESH, RESOURCES_FINALIZER
from trimtab.settings import Settings

T = TypeVar("T")
Account = Callable[["Scene"], ClusterConfig]
"""As whom Trimtab works in a scene, where tests may do everything."""
PATIENCE = 15.0
LOOK_EVERY = 0.02
CALM = 0.1
WRITES = ("create", "apply", "patch", "update", "delete")


async def until(look: Callable[[], Awaitable[T]], holds: Callable[[T], object], *, within: float = PATIENCE) -> T:
    """What was seen when it held; the last thing seen is the failure's message."""
    deadline = time.monotonic() + within
    while not holds(seen := await look()):
        assert time.monotonic() < deadline, f"not within {within:g} s; last seen: {_shown(seen)}"
        await asyncio.sleep(LOOK_EVERY)
    return seen


def _shown(seen: Any) -> str:
    if isinstance(seen, dict) and "metadata" in seen:
        seen = {**seen, "metadata": {k: v for k, v in seen["metadata"].items() if k != "managedFields"}}
    return json.dumps(seen, indent=1, default=str)


async def install(config: ClusterConfig) -> None:
    """Install the kinds that the tests use; return when they are served."""
    wanted = [*crds(), crd("Workflow", GROUP)]
    async with Transport(config) as transport:
        discovery = Discovery(transport)
        resource = await discovery.find("apiextensions.k8s.io", "CustomResourceDefinition")
        for manifest in wanted:
            with contextlib.suppress(AlreadyExists):
                await write.create(transport, resource, manifest, field_manager="tests")
        for manifest in wanted:
            await until(lambda: read.get(transport, resource, manifest["metadata"]["name"]), _established)  # noqa: B023


def _established(live: Manifest) -> bool:
    conditions = (live.get("status") or {}).get("conditions") or []
    return any((c["type"], c["status"]) == ("Established", "True") for c in conditions)


class Scene:
    """What a test has at hand. `control` and `place` are the control and the destination namespace."""

    def __init__(self, config: ClusterConfig, transport: Transport, folder: Path) -> None:
        token = secrets.token_hex(4)
        self.config = config
        self.folder = folder
        self.control = f"control-{token}"
        self.place = f"place-{token}"
        self.token = token
        self.repo = GitRepo(folder / "repo.git")
        self.transport = transport
        self.discovery = Discovery(transport)
        self._controller = contextlib.AsyncExitStack()
        self._world: World | None = None

    # The controller.

    @property
    def world(self) -> World:
        """The running controller's."""
        assert self._world is not None, "the controller is not running"
        return self._world

    async def start(self, *, poll: float = 3600.0) -> None:
        """Start the controller; it finds what an earlier one left."""
        settings = Settings(namespace=self.control, cache=self.folder / "cache", poll=poll, jitter=0.0, calm=CALM)
        self._world = await self._controller.enter_async_context(running_controller(self.config, settings))

    async def stop(self) -> None:
        """Stop the controller where it stands: what it was doing is cancelled."""
        await self._controller.aclose()
        self._world = None

    async def restart(self) -> None:
        """Stop the controller where it stands, and start another one."""
        await self.stop()
        await self.start()

    @contextlib.asynccontextmanager
    async def counting(self) -> AsyncIterator[Counter[str]]:
        """The requests that the controller sends in here, by verb; they are in the counter afterwards."""
        await self._idle()
        requests = self.world.clusters.home.transport.stats.requests
        before = requests.copy()
        sent: Counter[str] = Counter()
        yield sent
        sent.update(requests - before)

    @contextlib.contextmanager
    def listening(self) -> Iterator[list[str]]:
        """What the controller asks its API server in here, such as `get argoproj.io/AppProject argocd/default`."""
        transport, asked = self.world.clusters.home.transport, list[str]()
        ask = transport.request

        async def request(method: str, path: str, **how: Any) -> bytes:
            asked.append(f"{how.get('verb') or method.lower()} {how.get('subject') or path}")
            return await ask(method, path, **how)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(transport, "request", request)
            yield asked

    @contextlib.asynccontextmanager
    async def no_writes(self) -> AsyncIterator[Counter[str]]:
        """The controller writes nothing in here."""
        async with self.counting() as sent:
            yield sent
        assert not {verb: sent[verb] for verb in WRITES if sent[verb]}, dict(sent)

    @contextlib.asynccontextmanager
    async def no_writes_to_objects(self) -> AsyncIterator[Counter[str]]:
        """The controller writes to Applications (and about them) at most."""
        async with self.counting() as sent:
            yield sent
        assert not sent["apply"] and not sent["delete"], dict(sent)

    # Applications. Their short names are a test's own: objects are tracked to a name, whatever its control namespace.

    def named(self, name: str = "shop") -> str:
        """The full name of the Application that a test calls `name`."""
        return f"{name}-{self.token}"

    def key(self, name: str = "shop") -> AppKey:
        return AppKey(self.control, self.named(name))

    def an_app(
        self,
        name: str = "shop",
        *,
        path: str = "app",
        auto_sync: bool = True,
        prune: bool = True,
        self_heal: bool = False,
        allow_empty: bool = False,
        create_namespace: bool = True,
        cascade: bool = False,
        revision: str = "HEAD",
        retry: dict[str, Any] | None = None,
        source: dict[str, Any] | None = None,
        spec: dict[str, Any] | None = None,
    ) -> Manifest:
        """An Application of this scene's repository. `source` and `spec` are merged over what the rest makes."""
        automated = {"prune": prune, "selfHeal": self_heal, **({"allowEmpty": True} if allow_empty else {})}
        policy: dict[str, Any] = {"automated": automated} if auto_sync else {}
        policy |= {"syncOptions": ["CreateNamespace=true"]} if create_namespace else {}
        # A test that fails should say so, not wait: what is to be retried is said by the test.
        policy |= {"retry": retry or {"limit": 0}}
        from_git = {"repoURL": self.repo.url, "path": path, "targetRevision": revision, **(source or {})}
        return {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": self.named(name),
                "namespace": self.control,
                **({"finalizers": [RESOURCES_FINALIZER]} if cascade else {}),
            },
            "spec": {
                "project": "default",
                "destination": {"server": IN_CLUSTER_SERVER, "namespace": self.place},
                "source": from_git,
                "syncPolicy": policy,
                **(spec or {}),
            },
        }

    async def app(self, name: str = "shop") -> Manifest:
        """The Application as it is now."""
        found = await self.get("Application", self.named(name), namespace=self.control)
        assert found is not None, f"Application {name} is gone"
        return found

    async def app_until(
        self, holds: Callable[[Manifest], object], name: str = "shop", *, within: float = PATIENCE
    ) -> Manifest:
        """The Application when `holds` is true of it."""

        async def look() -> Manifest:
            return await self.app(name)

        return await until(look, holds, within=within)

    async def synced(self, name: str = "shop", *, revision: str = "", within: float = PATIENCE) -> Manifest:
        """The Application when it is in sync (with `revision`, by default the newest) and nothing runs."""
        wanted = revision or self.repo.sha()
        return await self.app_until(
            lambda app: (
                at(app, "status.sync.status") == "Synced"
                and at(app, "status.sync.revision") == wanted
                and "operation" not in app
            ),
            name,
            within=within,
        )

    async def sync_ended(self, phase: str, name: str = "shop", *, within: float = PATIENCE) -> Manifest:
        """The Application when its operation has ended in `phase`."""
        return await self.app_until(
            lambda app: "operation" not in app and at(app, "status.operationState.phase") == phase, name, within=within
        )

    async def refresh(self, name: str = "shop", kind: str = "normal") -> Manifest:
        """Ask for a refresh and wait until it is done."""
        await self.edit({"metadata": {"annotations": {REFRESH: kind}}}, name)
        return await self.app_until(lambda app: REFRESH not in (app["metadata"].get("annotations") or {}), name)

    async def edit(self, body: Manifest, name: str = "shop") -> Manifest:
        """Merge-patch the Application."""
        return await self.patch("Application", self.named(name), body, namespace=self.control)

    async def operate(self, operation: Manifest, name: str = "shop") -> None:
        """Set `.operation`, as `kubectl patch` or an API server does."""
        body = {"operation": {"initiatedBy": {"username": "ada"}, **operation}}
        await self.edit(body, name)

    async def events(self, reason: str = "", *, name: str = "shop") -> list[str]:
        """The messages of the Events about an Application, all that are on their way included."""
        if self._world is not None:
            await self._posted()
        found = await self.list("Event", namespace=self.control)
        about = [event for event in found if event["involvedObject"]["name"] == self.named(name)]
        return [event["message"] for event in about if reason in ("", event["reason"])]

    async def event(self, reason: str, *words: str, name: str = "shop") -> str:
        """The message of the Event with all `words` in it, when it is there."""

        def holds(messages: list[str]) -> bool:
            return any(all(word in message for word in words) for message in messages)

        messages = await until(lambda: self.events(reason, name=name), holds)
        return next(m for m in messages if all(word in m for word in words))

    # What people do to the cluster.

    async def get(self, kind: str, name: str, *, namespace: str = "") -> Manifest | None:
        """An object, by default of the destination namespace; None when it is not there. `kind`: `apps/Deployment`."""
        resource = await self.resource(kind)
        where = (namespace or self.place) if resource.namespaced else ""
        try:
            return await read.get(self.transport, resource, name, namespace=where)
        except NotFound:
            return None

    async def there(self, kind: str, name: str, holds: Callable[[Manifest], object] = bool) -> Manifest:
        """An object of the destination namespace, when it is there and `holds`."""
        found = await until(lambda: self.get(kind, name), lambda seen: seen is not None and holds(seen))
        assert found is not None
        return found

    async def gone(self, kind: str, name: str) -> None:
        """Return when the object is not there any more."""
        await until(lambda: self.get(kind, name), lambda seen: seen is None)

    async def list(self, kind: str, *, namespace: str = "") -> list[Manifest]:
        resource = await self.resource(kind)
        where = (namespace or self.place) if resource.namespaced else ""
        listed = await read.list_observed(self.transport, resource, namespace=where)
        return [read.decode_manifest(observed.raw, kind) for observed in listed]

    async def names(self, kind: str) -> set[str]:
        """The names of the objects of a kind in the destination namespace."""
        return {manifest["metadata"]["name"] for manifest in await self.list(kind)}

    async def create(self, manifest: Manifest, *, by: str = "kubectl-create") -> Manifest:
        resource, placed = await self._placed(manifest)
        return await write.create(self.transport, resource, placed, field_manager=by)

    async def apply(self, manifest: Manifest, *, by: str, force: bool = False) -> Manifest:
        """Server-side apply."""
        resource, placed = await self._placed(manifest)
        return await write.apply(self.transport, resource, placed, field_manager=by, force=force)

    async def apply_client_side(self, manifest: Manifest, *, by: str = "kubectl-client-side-apply") -> Manifest:
        """What a first client-side `kubectl apply` leaves behind."""
        _, placed = await self._placed(manifest)
        said = json.dumps(placed, separators=(",", ":")) + "\n"
        metadata = placed["metadata"]
        marked = {**(metadata.get("annotations") or {}), LAST_APPLIED: said}
        return await self.create({**placed, "metadata": {**metadata, "annotations": marked}}, by=by)

    async def patch(
        self, kind: str, name: str, body: Any, *, by: str = "kubectl-edit", namespace: str = "", subresource: str = ""
    ) -> Manifest:
        """A merge patch."""
        resource = await self.resource(kind)
        return await write.patch(
            self.transport,
            resource,
            name,
            body,
            patch_type="merge",
            namespace=(namespace or self.place) if resource.namespaced else "",
            field_manager=by,
            subresource=subresource,
        )

    async def noticed(self, kind: str, name: str, state: Manifest) -> None:
        """Return when the controller has seen `state` of an object (or a later one) and has worked it off."""
        resource = await self.resource(kind)
        key = resource.key(name, namespace=state["metadata"].get("namespace", ""))
        wanted = int(state["metadata"]["resourceVersion"])
        live = self.world.clusters.home.live

        async def seen() -> int:
            entry = live.get(key)
            return int(entry.version) if entry else 0

        await until(seen, lambda version: version >= wanted)
        await self.settled()

    async def looked_at(self, name: str = "shop", *, times: int = 1) -> None:
        """Return when the controller has passed over the Application `times` more."""

        async def last() -> float:
            return self.world.memory(self.key(name)).looked_at

        for _ in range(times):
            seen = await last()
            await until(last, lambda now: now > seen)  # noqa: B023
        await until(self._busy, lambda left: left == 0)

    async def _busy(self) -> int:
        return self.world.queue.busy

    async def _idle(self) -> None:
        """Return when no sync is under way, and all that the controller had to say is posted."""

        async def syncing() -> bool:
            return any(memory.running for memory in self.world.memories.values())

        await until(syncing, lambda seen: not seen)
        await self._posted()

    async def _posted(self) -> None:
        """Return when no pass is under way, and the Events of all that were are posted."""
        await until(self._busy, lambda left: left == 0)
        await self.world.recorder.flush()

    async def settled(self) -> None:
        """Return when no Application waits for a pass, is in one, or will be so soon."""
        world = self.world

        async def quiet() -> bool:
            soon = [key for key in world.memories if world.queue.due_in(key) <= CALM]
            return not soon and world.queue.busy == 0

        await until(quiet, bool)

    async def end(self, name: str, phase: str) -> None:
        """Let the Workflow `name` end (`Succeeded`, `Failed`)."""
        await self.there("argoproj.io/Workflow", name)
        await self.patch("argoproj.io/Workflow", name, {"status": {"phase": phase, "message": f"it {phase.lower()}"}})

    async def delete(self, kind: str, name: str, *, namespace: str = "") -> None:
        resource = await self.resource(kind)
        where = (namespace or self.place) if resource.namespaced else ""
        await write.delete(self.transport, resource, name, namespace=where, propagation="Background")

    async def resource(self, kind: str) -> Resource:
        group, _, name = kind.rpartition("/")
        if name in ("Application", "AppProject"):
            group = GROUP
        try:
            return await self.discovery.find(group, name)
        except UnknownKind:
            self.discovery.invalidate()
            return await self.discovery.find(group, name)

    async def _placed(self, manifest: Manifest) -> tuple[Resource, Manifest]:
        kind = kind_of(manifest)
        resource = await self.discovery.find(kind.group, kind.kind, version=kind.version)
        if not resource.namespaced:
            return resource, manifest
        return resource, {**manifest, "metadata": {"namespace": self.place, **manifest["metadata"]}}


@contextlib.asynccontextmanager
async def a_scene(config: ClusterConfig, folder: Path) -> AsyncIterator[Scene]:
    """A scene with its two namespaces and no controller yet; a running controller is stopped at the end."""
    async with Transport(config) as transport:
        scene = Scene(config, transport, folder)
        for name in (scene.control, scene.place):
            await scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            yield scene
        finally:
            await scene.stop()


def at(value: Any, path: str) -> Any:
    """What is at a dotted path of nested dicts; None where there is nothing."""
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def result_of(app: Manifest, name: str) -> Manifest:
    """The line of the object `name` in the result of the last operation."""
    results = at(app, "status.operationState.syncResult.resources") or []
    found = [result for result in results if result["name"] == name]
    assert len(found) == 1, f"{name}: {json.dumps(results, indent=1)}"
    only: Manifest = found[0]
    return only


def conditions(app: Manifest) -> dict[str, str]:
    """Condition type → message."""
    return {c["type"]: c["message"] for c in at(app, "status.conditions") or []}
