"""A target cluster read object by object: a command looks once, so it watches nothing."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

from trimtab.apply.dry_run import confirm
from trimtab.cli.rendering import identity_of, rendered
from trimtab.cli.view import KubeFacts
from trimtab.clock import SystemClock
from trimtab.compare.comparison import Item, Verdict
from trimtab.compare.prepare import Scope
from trimtab.controller.repositories import Repositories
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import Forbidden, NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.live.entry import Entry, entry_of
from trimtab.live.store import LiveStore
from trimtab.model.application import Application, ApplicationSource
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.model.observed import Observed
from trimtab.model.repository import RepositoryAccess
from trimtab.model.target import Target
from trimtab.render import Workshop
from trimtab.settings import default_cache
from trimtab.source.checkout import Checkout
from trimtab.source.git import GitStore

PARALLEL = 16


class DirectCluster:
    """Satisfies `apply.cluster.Cluster` as far as dry runs go; `live` stays empty."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)
        self.live = LiveStore()
        self.writing = asyncio.Semaphore(1)

    async def resource(self, kind: Kind) -> Resource:
        """How the cluster serves `kind`. Raises `UnknownKind`."""
        return await self.discovery.find(kind.group, kind.kind, version=kind.version)

    def take_in(self, observed: Observed) -> None:
        self.live.put(observed)

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        """Nothing is watched: return after `timeout` seconds."""
        await self.transport.clock.sleep(timeout)


class DirectView:
    """Satisfies `cli.view.View`: Git and the cluster are asked from here."""

    def __init__(self, app: Application, transport: Transport) -> None:
        self._app = app
        self._cluster = DirectCluster(transport)

    async def targets(self, revision: str = "") -> tuple[Target, ...]:
        """Fetched and rendered on this machine."""
        app, sources = self._app, self._app.spec.all_sources()
        if not sources:
            raise Stalled(f"Application {app.metadata.name} names no source; set spec.source")
        if revision and len(sources) > 1:
            raise Stalled(f"Application {app.metadata.name} has {len(sources)} sources; --revision is for one")
        facts = await self.facts()
        checkouts = await self._checkouts(sources, revision)
        async with Workshop() as shop:
            renderings = [
                await rendered(app, source, tree=checkout, facts=facts, workshop=shop, revision=checkout.revision)
                for source, checkout in zip(sources, checkouts, strict=True)
                if source.path or not source.ref
            ]
        return tuple(target for rendering in renderings for target in rendering.targets)

    async def facts(self) -> KubeFacts:
        discovery = self._cluster.discovery
        return KubeFacts(await discovery.version(), tuple(await discovery.api_versions()))

    async def scopes(self, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scope]:
        """By the cluster's discovery."""
        found: dict[tuple[str, str], Scope] = {}
        for group, kind in kinds:
            with contextlib.suppress(UnknownKind):
                resource = await self._cluster.discovery.find(group, kind)
                found[(group, kind)] = "Namespaced" if resource.namespaced else "Cluster"
        return found

    async def entries(self, kinds: Mapping[ObjectKey, Kind]) -> dict[ObjectKey, Entry]:
        """Read one by one."""
        limit = asyncio.Semaphore(PARALLEL)

        async def one(key: ObjectKey, kind: Kind) -> Entry | None:
            async with limit:
                with contextlib.suppress(NotFound, UnknownKind):
                    resource = await self._cluster.resource(kind)
                    transport = self._cluster.transport
                    return entry_of(await read.get_observed(transport, resource, key.name, namespace=key.namespace))
            return None

        read_ = await asyncio.gather(*(one(key, kind) for key, kind in kinds.items()))
        return {entry.key: entry for entry in read_ if entry is not None}

    async def confirm(self, suspects: Iterable[Item]) -> dict[ObjectKey, Verdict]:
        """By server-side dry runs."""
        return await confirm(suspects, self._cluster)

    async def _checkouts(self, sources: Iterable[ApplicationSource], revision: str) -> list[Checkout]:
        store = GitStore(default_cache() / "git", clock=SystemClock())
        repositories = Repositories(
            self._cluster.transport,
            self._cluster.discovery,
            namespace=identity_of(self._app).control_namespace,
            clock=SystemClock(),
        )

        async def fetched(source: ApplicationSource) -> Checkout:
            access = await _access(source.repo_url, repositories, project=self._app.spec.project)
            return await store.checkout(access, revision or source.target_revision, source.path)

        return list(await asyncio.gather(*(fetched(source) for source in sources)))


def check_destination(app: Application) -> None:
    """Raises Stalled when `app` deploys to another cluster than that of the Application."""
    wanted = app.spec.destination
    if (wanted.server or IN_CLUSTER_SERVER, wanted.name or IN_CLUSTER_NAME) != (IN_CLUSTER_SERVER, IN_CLUSTER_NAME):
        raise Stalled(
            f"Application {app.metadata.name} deploys to {wanted.name or wanted.server}; "
            "this command looks only into the cluster that holds the Application"
        )


async def _access(url: str, repositories: Repositories, *, project: str) -> RepositoryAccess:
    """The credentials that the cluster holds; none where this user may not read them (a public one needs none)."""
    try:
        return await repositories.access(url, project=project)
    except Forbidden:
        return RepositoryAccess(url=url)
