"""May an application exist at all? Its project has to, and restrictions that are not enforced yet are not ignored."""

import msgspec

from trimtab.clock import Clock
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.transport import Transport
from trimtab.model.application import Application
from trimtab.model.appproject import AppProject, allows_everything
from trimtab.model.names import GROUP

FRESH_SECONDS = 15.0
DEFAULT = "default"


class Projects:
    """Reads AppProjects of the control namespace, each kept for a moment. `default` needs no object."""

    def __init__(self, transport: Transport, discovery: Discovery, *, namespace: str, clock: Clock) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._clock = clock
        self._known: dict[str, tuple[float, AppProject | None]] = {}

    async def check(self, app: Application) -> None:
        """Raises Stalled (InvalidSpecError) when the application may not use its project."""
        name = app.spec.project or "default"
        project = await self._project(name)
        if project is None and name != "default":
            raise Stalled(
                f"project {name} does not exist in namespace {self._namespace}; create it or use project default",
                reason="InvalidSpecError",
            )
        if project is not None and not allows_everything(project):
            raise Stalled(
                f"project {name} restricts its applications, and restrictions are not enforced yet: "
                "the application is left alone rather than let through; use a project without restrictions",
                reason="InvalidSpecError",
            )

    async def _project(self, name: str) -> AppProject | None:
        until, known = self._known.get(name, (0.0, None))
        if self._clock.monotonic() < until:
            return known
        project = await self._read(name)
        if project is None and name != DEFAULT:
            # Whoever makes it now should not have to wait.
            self._known.pop(name, None)
        else:
            self._known[name] = (self._clock.monotonic() + FRESH_SECONDS, project)
        return project

    async def _read(self, name: str) -> AppProject | None:
        try:
            resource = await self._discovery.find(GROUP, "AppProject")
            manifest = await read.get(self._transport, resource, name, namespace=self._namespace)
        except (NotFound, UnknownKind):
            return None
        try:
            return msgspec.convert(manifest, AppProject)
        except msgspec.ValidationError as error:
            raise Stalled(f"project {name} is not valid: {error}; correct it", reason="InvalidSpecError") from error
