"""The AppProjects of the control namespace: what each permits, with what it inherits from global projects."""

import asyncio
import base64
import logging
from collections.abc import Callable, Iterable

import msgspec

from trimtab.access.global_projects import GlobalProject, inheriting, read_global_projects
from trimtab.access.project import Limits, application_refusals
from trimtab.clock import Clock
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.application import Application, ApplicationSource, Destination
from trimtab.model.appproject import AppProject, default_project
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM, GROUP, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.render.yaml import YamlError, load

log = logging.getLogger(__name__)
SETTINGS_SECONDS = 15.0
"""So old may be what is read of argocd-cm."""
PROJECT_SECONDS = 1.0
"""So old may be what is read of projects while they are not followed."""
DEFAULT = "default"
INVALID = "InvalidSpecError"

OnChange = Callable[[str], None]
"""Called with the name of a project that permits something else now."""


class Projects:
    """AppProjects by name. While they are followed, a change holds at once. `default` needs no object."""

    def __init__(
        self,
        transport: Transport,
        discovery: Discovery,
        *,
        namespace: str,
        clock: Clock,
        on_change: OnChange | None = None,
    ) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._clock = clock
        self._on_change = on_change
        self._followed: dict[str, Manifest] | None = None
        self._known: dict[str, tuple[float, Manifest | None]] = {}
        self._globals: tuple[GlobalProject, ...] = ()
        self._globals_until = 0.0
        self._reading = asyncio.Lock()

    async def check(self, app: Application, sources: Iterable[ApplicationSource] = ()) -> Limits:
        """What the application's project permits. Raises Stalled (InvalidSpecError) when that is not the application
        itself, with its own sources and `sources`.
        """
        limits = await self.limits(app)
        asked = dict.fromkeys(source.repo_url for source in (*app.spec.all_sources(), *sources))
        every = [ApplicationSource(repo_url=url) for url in asked if url]
        if refusals := application_refusals(app, every, limits, control=self._namespace):
            raise Stalled("; ".join(refusals), reason=INVALID)
        return limits

    async def limits(self, app: Application) -> Limits:
        """What the application's project permits at its destination. Raises Stalled where there is no such project."""
        name = app.spec.project or DEFAULT
        project = await self._project(name)
        if project is None:
            raise Stalled(
                f"project {name} does not exist in namespace {self._namespace}; create it or use project default",
                reason=INVALID,
            )
        await self._read_globals()
        above = {each.project_name: await self._project(each.project_name) for each in self._globals}
        project = inheriting(project, self._globals, {n: found for n, found in above.items() if found is not None})
        server, cluster = names_of(app.spec.destination)
        own = await self._own_clusters(name) if project.spec.permit_only_project_scoped_clusters else frozenset[str]()
        return Limits(project=project, server=server, cluster=cluster, own_clusters=own)

    def concerns(self, name: str, app: Application) -> bool:
        """Does what the project of that name permits make a difference to the application?"""
        return name == (app.spec.project or DEFAULT) or any(name == each.project_name for each in self._globals)

    async def follow(self) -> None:
        """Keep up with the API server, for ever. Raises `UnknownKind` when the CRD is not installed."""
        resource = await self._discovery.find(GROUP, "AppProject")
        seen: dict[str, Manifest] = {}
        try:
            async for events in watch(self._transport, resource, namespace=self._namespace):
                for event in events:
                    self._take(event, seen)
        finally:
            self._followed = None

    def _take(self, event: WatchEvent, seen: dict[str, Manifest]) -> None:
        match event:
            case Upserted(observed):
                manifest = read.decode_manifest(observed.raw, "AppProject")
                before = seen.get(observed.key.name)
                seen[observed.key.name] = manifest
                if before is None or _says(before) != _says(manifest):
                    self._changed(observed.key.name)
            case Removed(last):
                self._drop(last.key.name, seen)
            case Listed(keys):
                for name in seen.keys() - {key.name for key in keys}:
                    self._drop(name, seen)
                self._followed = seen

    def _drop(self, name: str, seen: dict[str, Manifest]) -> None:
        if seen.pop(name, None) is not None:
            self._changed(name)

    def _changed(self, name: str) -> None:
        self._known.pop(name, None)
        if self._on_change is not None:
            self._on_change(name)

    async def _project(self, name: str) -> AppProject | None:
        """Raises Stalled for one that cannot be read."""
        manifest = (self._followed or {}).get(name)
        if manifest is None and not (name == DEFAULT and self._followed is not None):
            manifest = await self._asked(name)
        if manifest is None:
            return default_project(self._namespace) if name == DEFAULT else None
        try:
            return msgspec.convert(manifest, AppProject)
        except msgspec.ValidationError as error:
            raise Stalled(f"project {name} is not valid: {error}; correct it", reason=INVALID) from error

    async def _asked(self, name: str) -> Manifest | None:
        """Read a project that was not heard of: it may be too new. That one is not there is remembered only where we
        hear of its making: whoever makes it should not have to wait.
        """
        until, known = self._known.get(name, (0.0, None))
        if self._clock.monotonic() < until:
            return known
        try:
            resource = await self._discovery.find(GROUP, "AppProject")
            manifest: Manifest | None = await read.get(self._transport, resource, name, namespace=self._namespace)
        except (NotFound, UnknownKind):
            manifest = None
        self._known.pop(name, None)
        if manifest is not None or name == DEFAULT or self._followed is not None:
            self._known[name] = (self._clock.monotonic() + PROJECT_SECONDS, manifest)
        return manifest

    async def _read_globals(self) -> None:
        """Of a setting that cannot be read, the last one that could be holds. Raises Stalled where there is none."""
        async with self._reading:
            if self._clock.monotonic() < self._globals_until:
                return
            text = await self._setting("globalProjects")
            try:
                self._globals = read_global_projects(load(text, origin=f"globalProjects of {ARGOCD_CM}"))
            except (ValueError, YamlError) as error:
                if not self._globals_until:
                    raise Stalled(str(error), reason=INVALID) from error
                log.error("%s; the last one that could be read stays in force", error)
            self._globals_until = self._clock.monotonic() + SETTINGS_SECONDS

    async def _setting(self, key: str) -> str:
        try:
            resource = await self._discovery.find("", "ConfigMap")
            settings = await read.get(self._transport, resource, ARGOCD_CM, namespace=self._namespace)
        except NotFound:
            return ""
        return str((settings.get("data") or {}).get(key) or "")

    async def _own_clusters(self, project: str) -> frozenset[str]:
        """The URLs and names of the clusters whose Secrets name the project."""
        resource = await self._discovery.find("", "Secret")
        selector = f"{SECRET_TYPE_LABEL}=cluster"
        listed = await read.list_observed(self._transport, resource, namespace=self._namespace, label_selector=selector)
        secrets = (read.decode_manifest(observed.raw, "Secret").get("data") or {} for observed in listed)
        own = [data for data in secrets if _decoded(data, "project") == project]
        return frozenset(name for data in own for name in (_decoded(data, "server"), _decoded(data, "name")) if name)


def names_of(destination: Destination) -> tuple[str, str]:
    """The URL and the name of a cluster, as far as they are known."""
    if destination.server == IN_CLUSTER_SERVER or destination.name == IN_CLUSTER_NAME:
        return IN_CLUSTER_SERVER, IN_CLUSTER_NAME
    return destination.server, destination.name


def _says(manifest: Manifest) -> tuple[object, object]:
    """What of a project makes a difference to applications."""
    return manifest.get("spec"), (manifest.get("metadata") or {}).get("labels")


def _decoded(data: dict[str, str], key: str) -> str:
    try:
        return base64.b64decode(data.get(key) or "").decode()
    except ValueError:
        return ""
