"""Asking the controller to look at an application again, and waiting until it has: an annotation that it takes away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Literal

from trimtab.clock import rfc3339
from trimtab.kube import write
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import FIELD_MANAGER, REFRESH, REFRESH_TIMESTAMP
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.header import version_number
from trimtab.server.applications.stored import Stored
from trimtab.server.served import Served

RefreshKind = Literal["normal", "hard"]
PATIENCE_SECONDS = 60.0
"""How long a caller waits for a controller that is busy, or not there."""

Look = Callable[[], Stored | None]


async def refreshed(served: Served, app: Stored, kind: RefreshKind) -> Stored:
    """The application after the refresh, or as it is when that takes too long. Raises ApiError (NotFound, …)."""
    async with _watched(served.applications.catalogue, app.key) as (changed, look):
        asked = await _ask(served, app.key, kind)
        version = version_number(asked["metadata"]["resourceVersion"])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while _is_waited_for(look(), version):
                    changed.clear()
                    await changed.wait()
        return look() or app


def _is_waited_for(now: Stored | None, version: int) -> bool:
    """Until it is seen without the annotation; one that was deleted is not waited for."""
    return now is not None and (now.header.version < version or now.header.refresh_asked)


@contextlib.asynccontextmanager
async def _watched(catalogue: Catalogue, key: AppKey) -> AsyncIterator[tuple[asyncio.Event, Look]]:
    changed = asyncio.Event()

    def listener(before: Stored | None, after: Stored | None) -> None:
        if key in (before and before.key, after and after.key):
            changed.set()

    catalogue.listen(listener)
    try:
        yield changed, lambda: catalogue.get(key)
    finally:
        catalogue.unlisten(listener)


async def _ask(served: Served, key: AppKey, kind: RefreshKind) -> Manifest:
    """The time makes it another version: the controller takes away only the annotation that it has seen."""
    asked = {REFRESH: kind, REFRESH_TIMESTAMP: rfc3339(served.clock.now())}
    return await write.patch(
        served.transport,
        await served.applications.resource(),
        key.name,
        {"metadata": {"annotations": asked}},
        patch_type="merge",
        namespace=key.namespace,
        field_manager=FIELD_MANAGER,
    )
