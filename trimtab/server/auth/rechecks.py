"""Does a session still hold? The provider is asked when it is used, and at most once a minute.

A provider that does not answer decides nothing: what it said last holds for ten minutes more, and then no longer.
"""

import asyncio
import logging
from collections import OrderedDict

from msgspec import Struct, field

from trimtab.clock import Clock
from trimtab.server.auth.connectors import Connector, Identity, ProviderDown, Refused

log = logging.getLogger(__name__)
EVERY_SECONDS = 60.0
GRACE_SECONDS = 600.0
RETRY_SECONDS = 10.0
"""So long a provider that does not answer at all is left alone, by all sessions."""
MOST = 50_000
"""Sessions remembered; one that was forgotten is asked about when it is used next."""


class _Known(Struct):
    """`by`: the connector that asked; another one asks anew. `refused` is why; `down_since`: the first time that the
    provider did not answer.
    """

    identity: Identity
    asked: float = float("-inf")
    by: Connector | None = None
    refused: str = ""
    down_since: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rechecks:
    """What this process knows of sessions, by token id. Nothing of it has to outlast it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._silent: dict[str, float] = {}

    def confirmed(self, token_id: str, identity: Identity, connector: Connector) -> None:
        """The provider has just said so."""
        self._remember(token_id, _Known(identity, asked=self._clock.monotonic(), by=connector))

    async def current(self, token_id: str, identity: Identity, connector: Connector) -> Identity:
        """The person as things are now. Raises Refused, and ProviderDown when nothing has been heard for too long."""
        if not connector.rechecks:
            return identity
        known = self._known.get(token_id)
        if known is None:
            known = _Known(identity)
            self._remember(token_id, known)
        self._known.move_to_end(token_id)
        async with known.lock:
            if self._is_due(known, connector):
                await self._ask(known, connector)
        if known.refused:
            raise Refused(known.refused)
        self._check_grace(known, connector)
        return known.identity

    def _is_due(self, known: _Known, connector: Connector) -> bool:
        wait = EVERY_SECONDS if known.down_since is None else RETRY_SECONDS
        return known.by is not connector or self._clock.monotonic() - known.asked >= wait

    async def _ask(self, known: _Known, connector: Connector) -> None:
        name = connector.provider.name
        try:
            self._check_silence(connector)
            known.identity = await connector.recheck(known.identity)
            known.refused, known.down_since = "", None
        except Refused as error:
            log.info("%s: the session of %s ends: %s", name, known.identity.username, error.message)
            known.refused, known.down_since = error.message, None
        except ProviderDown as error:
            self._unconfirmed(known, connector, error)
        known.asked, known.by = self._clock.monotonic(), connector

    def _check_silence(self, connector: Connector) -> None:
        """Raises ProviderDown when another session has just waited in vain."""
        since = self._silent.get(connector.provider.id, float("-inf"))
        if self._clock.monotonic() - since < RETRY_SECONDS:
            raise ProviderDown(f"{connector.provider.name} does not answer")

    def _unconfirmed(self, known: _Known, connector: Connector, error: ProviderDown) -> None:
        now = self._clock.monotonic()
        # Only silence concerns everybody: a person alone can use up the questions that GitHub allows them.
        if error.silent:
            self._silent[connector.provider.id] = now
        if known.down_since is None:
            known.down_since = now
            who = known.identity.username
            log.warning("%s; the session of %s is kept for at most %d s", error.message, who, GRACE_SECONDS)

    def _check_grace(self, known: _Known, connector: Connector) -> None:
        if known.down_since is None or self._clock.monotonic() - known.down_since < GRACE_SECONDS:
            return
        raise ProviderDown(
            f"{connector.provider.name} has not confirmed your login for too long; try again in a moment"
        )

    def _remember(self, token_id: str, known: _Known) -> None:
        self._known[token_id] = known
        self._known.move_to_end(token_id)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
