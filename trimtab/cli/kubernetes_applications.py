"""The Application objects of one cluster, read and written directly."""

import contextlib
import getpass
from collections.abc import Callable
from typing import Any

from trimtab.cli.applications import app_of
from trimtab.cli.direct import DirectView, check_destination
from trimtab.cli.operations import check_free
from trimtab.cli.view import View
from trimtab.clock import rfc3339
from trimtab.errors import Retry, Stalled
from trimtab.kube import read, write
from trimtab.kube.errors import Forbidden, NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.application import (
    Application,
    HistoryEntry,
    Initiator,
    Operation,
    RetryStrategy,
    SyncOperation,
)
from trimtab.model.cascade import FINALIZERS, CascadeOrder, with_cascade
from trimtab.model.keys import AppKey, Kind, Manifest
from trimtab.model.names import GROUP, REFRESH, REFRESH_TIMESTAMP, VERSION
from trimtab.sync.asking import asking, to_entry

RESOURCE = Resource(Kind(GROUP, VERSION, "Application"), "applications", True)
FIELD_MANAGER = "trimtab-cli"
ATTEMPTS = 10

Patch = dict[str, Any]


class KubernetesApplications:
    """Satisfies `cli.applications.Applications`, with the rights of the kubeconfig's user."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.clock = transport.clock

    async def get(self, key: AppKey) -> Manifest:
        """The object. Raises Stalled where there is none."""
        try:
            return await read.get(self.transport, RESOURCE, key.name, namespace=key.namespace)
        except NotFound as error:
            raise self._missing(error, key) from error

    async def find(self, key: AppKey) -> Manifest | None:
        """As `get`; None where there is none."""
        try:
            return await read.get(self.transport, RESOURCE, key.name, namespace=key.namespace)
        except NotFound as error:
            if error.details.name:
                return None
            raise self._missing(error, key) from error

    async def list(self, *, namespace: str, selector: str = "") -> list[Manifest]:
        """The objects of `namespace` ("" is all), by namespace and name."""
        try:
            found = await read.list_observed(self.transport, RESOURCE, namespace=namespace, label_selector=selector)
        except NotFound as error:
            raise _not_installed() from error
        except Forbidden as error:
            hint = "" if namespace else "; name a namespace with -n"
            raise Stalled(f"{error.message}{hint}", reason=error.reason) from error
        ordered = sorted(found, key=lambda one: one.key)
        return [read.decode_manifest(one.raw, f"get {one.key}") for one in ordered]

    async def create(self, manifest: Manifest) -> Manifest:
        """Create the object. Raises `AlreadyExists` and other `ApiError`s."""
        try:
            return await write.create(self.transport, RESOURCE, manifest, field_manager=FIELD_MANAGER)
        except NotFound as error:
            raise (error if "namespaces" in error.message else _not_installed()) from error

    async def replace(self, manifest: Manifest) -> Manifest:
        """Put the whole object, over the state that its resourceVersion names."""
        return await write.replace(self.transport, RESOURCE, manifest, field_manager=FIELD_MANAGER)

    async def update(self, key: AppKey, decide: Callable[[Manifest], Patch | None]) -> Manifest:
        """Merge what `decide` makes of the current object into exactly that state; None from it: leave it as it is.

        When somebody else is quicker, `decide` is asked again with the new state. It may raise to refuse.
        """
        for _ in range(ATTEMPTS):
            raw = await self.get(key)
            patch = decide(raw)
            if patch is None:
                return raw
            version = {"resourceVersion": raw["metadata"]["resourceVersion"]}
            body = {**patch, "metadata": {**patch.get("metadata", {}), **version}}
            with contextlib.suppress(StaleConflict):
                return await write.patch(
                    self.transport,
                    RESOURCE,
                    key.name,
                    body,
                    patch_type="merge",
                    namespace=key.namespace,
                    field_manager=FIELD_MANAGER,
                )
        raise Retry(f"Application {key} changes faster than it can be written; try again", reason="Conflict")

    async def ask_for_sync(self, key: AppKey, decide: Callable[[Application], SyncOperation]) -> None:
        """Write `.operation`; a controller carries it out."""
        await self.update(key, lambda raw: _asking(key, app_of(raw), decide))

    async def ask_for_rollback(
        self, key: AppKey, choose: Callable[[Application], HistoryEntry], *, prune: bool
    ) -> None:
        """The same, with the sources and revisions of a history entry."""
        await self.ask_for_sync(key, lambda app: to_entry(choose(app), app, prune=prune))

    async def ask_for_refresh(self, key: AppKey, kind: str) -> None:
        """Set the annotation that a controller takes away again."""
        now = rfc3339(self.clock.now())
        await self.update(key, lambda _: {"metadata": {"annotations": {REFRESH: kind, REFRESH_TIMESTAMP: now}}})

    async def delete(self, key: AppKey, *, uid: str, cascade: CascadeOrder | None) -> None:
        """Cascading is a finalizer: added, or taken away, before the deletion."""

        def patch(raw: Manifest) -> Patch | None:
            if raw["metadata"].get("uid") != uid:
                raise Stalled(f"Application {key} was replaced by another one meanwhile; look at it again")
            known = raw["metadata"].get("finalizers") or []
            wanted = with_cascade(known, FINALIZERS[cascade] if cascade else "")
            return None if wanted == known else {"metadata": {"finalizers": wanted}}

        await self.update(key, patch)
        with contextlib.suppress(NotFound):
            await write.delete(self.transport, RESOURCE, key.name, namespace=key.namespace, uid=uid)

    def view(self, app: Application) -> View:
        """Raises Stalled where it deploys to another cluster."""
        check_destination(app)
        return DirectView(app, self.transport)

    def _missing(self, error: NotFound, key: AppKey) -> Stalled:
        if not error.details.name:
            return _not_installed()
        where = self.transport.config.name or self.transport.config.server
        listing = f"trimtab app list -n {key.namespace}"
        return Stalled(f"no Application {key} in {where}; `{listing}` shows which there are", reason="NotFound")


def _not_installed() -> Stalled:
    hint = "`trimtab crds | kubectl apply --server-side -f -` installs them"
    return Stalled(f"the cluster does not know Applications; {hint}", reason="NotInstalled")


def _asking(key: AppKey, app: Application, decide: Callable[[Application], SyncOperation]) -> Patch:
    check_free(key, app)
    retry = app.spec.sync_policy.retry if app.spec.sync_policy else None
    by = Initiator(username=_user())
    return asking(Operation(sync=decide(app), initiated_by=by, retry=retry or RetryStrategy()))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's user may have no name.
        return ""
