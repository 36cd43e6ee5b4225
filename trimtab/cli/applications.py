"""The Applications as commands use them: in a cluster, or through a server that somebody is logged in to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from trimtab.cli.contexts import load_contexts
from trimtab.cli.flags import AppFlags
from trimtab.cli.view import View
from trimtab.clock import Clock
from trimtab.model.application import Application, HistoryEntry, SyncOperation
from trimtab.model.cascade import CascadeOrder
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.roundtrip import decode

T = TypeVar("T")
Decide = Callable[[Application], SyncOperation]
"""What to ask for, of the application as it is now; it may raise to refuse, and be asked again."""
Choose = Callable[[Application], HistoryEntry]


class Applications(Protocol):
    """Reads and writes Applications. Every method raises `TrimtabError`s meant for the user."""

    clock: Clock

    async def get(self, key: AppKey) -> Manifest:
        """The object. Raises Stalled where there is none."""
        ...

    async def find(self, key: AppKey) -> Manifest | None:
        """As `get`; None where there is none."""
        ...

    async def list(self, *, namespace: str, selector: str = "") -> list[Manifest]:
        """The objects of `namespace` ("" is all), by namespace and name."""
        ...

    async def create(self, manifest: Manifest) -> Manifest:
        """Create the object."""
        ...

    async def replace(self, manifest: Manifest) -> Manifest:
        """Put the whole object, over the state that its resourceVersion names."""
        ...

    async def ask_for_sync(self, key: AppKey, decide: Decide) -> None:
        """Ask for the sync that `decide` makes of the application. Raises Stalled while another operation runs."""
        ...

    async def ask_for_rollback(self, key: AppKey, choose: Choose, *, prune: bool) -> None:
        """Ask for what a history entry deployed."""
        ...

    async def ask_for_refresh(self, key: AppKey, kind: str) -> None:
        """Ask for a look, `normal` or `hard`: an annotation is there until it was done."""
        ...

    async def delete(self, key: AppKey, *, uid: str, cascade: CascadeOrder | None) -> None:
        """Ask for the deletion of exactly the object with `uid`, and in which order of what it deployed (None: not)."""
        ...

    def view(self, app: Application) -> View:
        """What Git declares for it, and what runs."""
        ...


@contextlib.asynccontextmanager
async def connected(flags: AppFlags) -> AsyncIterator[Applications]:
    """Those of the server that is logged in to; of the cluster where `flags` name one, or there is no login."""
    contexts = load_contexts()
    direct = flags.core or flags.kubeconfig or flags.context
    if flags.server or (contexts.current and not direct):
        from trimtab.cli.server_applications import ServerApplications

        yield ServerApplications(contexts.named(flags.server or contexts.current))
        return
    # A command that talks to a server must not wait for what reaches a cluster to be imported.
    from trimtab.cli.kubernetes_applications import KubernetesApplications
    from trimtab.kube.config import load
    from trimtab.kube.transport import Transport

    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        yield KubernetesApplications(transport)


def app_of(raw: Manifest) -> Application:
    """The object as a Struct. Raises Stalled where a field has the wrong type."""
    return decode(Application, raw)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    return asyncio.run(work)
