"""Can a repository be reached? Asked of its server, and remembered for a moment."""

import asyncio
from collections import OrderedDict
from typing import Literal

from msgspec import Struct

from trimtab.clock import Clock, rfc3339
from trimtab.errors import TrimtabError
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.listing import list_refs

State = Literal["Successful", "Failed", "Unknown"]
FRESH_SECONDS = 60.0
REMEMBERED = 5000


class ConnectionState(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Can it be reached? `attempted_at`: when that was found out."""

    status: State
    message: str = ""
    attempted_at: str | None = None


class Reachability:
    """What was found out lately, by how a repository is reached: other credentials are another question."""

    def __init__(self) -> None:
        self._known: OrderedDict[RepositoryAccess, tuple[float, ConnectionState]] = OrderedDict()
        self._asking: dict[RepositoryAccess, asyncio.Task[ConnectionState]] = {}

    async def state(
        self, access: RepositoryAccess, *, clock: Clock, logins: AppLogins, anew: bool = False
    ) -> ConnectionState:
        """Of a moment ago; with `anew`, of now. Everybody who asks meanwhile waits for the same answer."""
        until, known = self._known.get(access, (0.0, None))
        if known is not None and clock.monotonic() < until and not anew:
            return known
        asking = self._asking.get(access)
        if asking is None:
            asking = self._asking[access] = asyncio.create_task(self._ask(access, clock, logins))
            asking.add_done_callback(lambda _: self._asking.pop(access, None))
        return await asyncio.shield(asking)

    async def _ask(self, access: RepositoryAccess, clock: Clock, logins: AppLogins) -> ConnectionState:
        at = rfc3339(clock.now())
        try:
            await list_refs(access, logins=logins)
            state = ConnectionState(status="Successful", attempted_at=at)
        except TrimtabError as error:
            state = ConnectionState(status="Failed", message=error.message, attempted_at=at)
        self._known[access] = (clock.monotonic() + FRESH_SECONDS, state)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return state
