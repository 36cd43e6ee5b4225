"""What the shell completes that only the cluster knows."""

import asyncio

from trimtab.cli.applications import connected
from trimtab.cli.flags import AppFlags

PATIENCE = 2.0
"""Seconds; after them the shell completes nothing."""


def application_names(flags: AppFlags, beginning: str) -> list[str]:
    """The names that start with `beginning`; [] whenever anything goes wrong, since a prompt is no place for errors."""
    try:
        return asyncio.run(asyncio.wait_for(_names(flags, beginning), PATIENCE))
    except Exception:
        return []


async def _names(flags: AppFlags, beginning: str) -> list[str]:
    async with connected(flags) as applications:
        names = [raw["metadata"]["name"] for raw in await applications.list(namespace=flags.namespace)]
    return [name for name in names if name.startswith(beginning)]
