"""The beginning of every call that looks into an application: may the caller see it, and which cluster is it on?"""

import asyncio
from typing import Any

from trimtab.server.applications import lookup
from trimtab.server.call import Call
from trimtab.server.live.names import InApplication
from trimtab.server.live.subject import Looked, looked

DEADLINE_SECONDS = 60.0
AnyCall = Call[Any, Any]


def deadline() -> asyncio.Timeout:
    """Around whatever asks Git or a cluster: no call hangs (TimeoutError becomes 504)."""
    return asyncio.timeout(DEADLINE_SECONDS)


async def look(call: AnyCall, name: str, query: InApplication) -> Looked:
    """The application `name`, for a caller who may see it. Raises Failure."""
    stored = await lookup.find(call, name, app_namespace=query.app_namespace, project=query.project)
    return looked(call.served, stored)
