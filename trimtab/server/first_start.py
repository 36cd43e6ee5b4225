"""What an installation needs and may not have yet: the signing key, a password for admin, the project `default`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from trimtab.clock import Clock
from trimtab.errors import TrimtabError
from trimtab.kube import write
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import AlreadyExists
from trimtab.kube.transport import Transport
from trimtab.model.appproject import default_project
from trimtab.model.names import FIELD_MANAGER, GROUP
from trimtab.model.roundtrip import encode
from trimtab.server.auth.secrets import ensure_secrets

log = logging.getLogger(__name__)
TRY_AGAIN = 3.0


@contextlib.asynccontextmanager
async def prepared(transport: Transport, discovery: Discovery, *, namespace: str, clock: Clock) -> AsyncIterator[None]:
    """Make what is missing, in the background: a server that may not, or cannot yet, says so and tries again."""

    async def prepare() -> None:
        while True:
            try:
                await ensure_secrets(transport, discovery, namespace=namespace, clock=clock)
                await _ensure_default_project(transport, discovery, namespace=namespace)
            except TrimtabError as error:
                log.error("the first start waits: %s", error.message)
                await clock.sleep(TRY_AGAIN)
            else:
                return

    task = asyncio.create_task(prepare(), name="first start")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _ensure_default_project(transport: Transport, discovery: Discovery, *, namespace: str) -> None:
    resource = await discovery.find(GROUP, "AppProject")
    with contextlib.suppress(AlreadyExists):
        await write.create(transport, resource, encode(default_project(namespace)), field_manager=FIELD_MANAGER)
