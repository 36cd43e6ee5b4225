"""The Application objects of one cluster, as commands use them: with errors that say what to do next."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from trimtab.cli.flags import ClusterFlags
from trimtab.errors import Retry, Stalled
from trimtab.kube import read, write
from trimtab.kube.config import load
from trimtab.kube.errors import Forbidden, NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.application import Application
from trimtab.model.keys import AppKey, Kind, Manifest
from trimtab.model.names import GROUP, VERSION
from trimtab.model.roundtrip import decode

RESOURCE = Resource(Kind(GROUP, VERSION, "Application"), "applications", True)
FIELD_MANAGER = "trimtab-cli"
ATTEMPTS = 10

T = TypeVar("T")
Patch = dict[str, Any]


class Applications:
    """Reads and writes Applications. Every method raises `TrimtabError`s meant for the user."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

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

    async def delete(self, key: AppKey, *, uid: str) -> None:
        """Ask for the deletion of exactly the object with `uid`."""
        with contextlib.suppress(NotFound):
            await write.delete(self.transport, RESOURCE, key.name, namespace=key.namespace, uid=uid)

    def _missing(self, error: NotFound, key: AppKey) -> Stalled:
        if not error.details.name:
            return _not_installed()
        where = self.transport.config.name or self.transport.config.server
        listing = f"trimtab app list -n {key.namespace}"
        return Stalled(f"no Application {key} in {where}; `{listing}` shows which there are", reason="NotFound")


def _not_installed() -> Stalled:
    hint = "`trimtab crds | kubectl apply --server-side -f -` installs them"
    return Stalled(f"the cluster does not know Applications; {hint}", reason="NotInstalled")


@contextlib.asynccontextmanager
async def connected(flags: ClusterFlags) -> AsyncIterator[Applications]:
    """The Applications of the cluster that `flags` name."""
    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        yield Applications(transport)


def app_of(raw: Manifest) -> Application:
    """The object as a Struct. Raises Stalled where a field has the wrong type."""
    return decode(Application, raw)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    return asyncio.run(work)
