"""Read your own writes: a caller who changed something finds it changed in their next call."""

import asyncio

from trimtab.model.keys import Manifest
from trimtab.server.configuration import Configuration

PATIENCE_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.005


async def settled(configuration: Configuration, written: Manifest | None) -> None:
    """Return when the watch has told of what was written (None: nothing was), or when it takes too long to wait for.

    `written` is a ConfigMap, Secret or AppProject of the control namespace.
    """
    if written is None:
        return
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not _has(configuration, written):  # noqa: ASYNC110 - nobody tells of single objects
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        return


def _has(configuration: Configuration, written: Manifest) -> bool:
    known = configuration.object(written["kind"], written["metadata"]["name"])
    return known is not None and _version(known) >= _version(written)


def _version(manifest: Manifest) -> int:
    """Kubernetes orders the versions of a kind by number."""
    return int(manifest["metadata"]["resourceVersion"])
