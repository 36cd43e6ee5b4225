"""Kubernetes Events about Applications: for people who read `kubectl describe`, and for whatever collects them."""

import asyncio
import logging
from collections import deque
from contextvars import Context
from typing import Any, Literal

from trimtab.clock import Clock, rfc3339
from trimtab.errors import TrimtabError
from trimtab.kube import write
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.application import Application
from trimtab.model.names import FIELD_MANAGER, GROUP, VERSION
from trimtab.text import one_line

log = logging.getLogger(__name__)
COMPONENT = "trimtab"
BACKLOG = 10_000
"""Events that may wait to be posted; beyond that the oldest are lost (all are in the log)."""
MESSAGE_LIMIT = 1024
"""Characters that the API server takes in an Event."""

EventType = Literal["Normal", "Warning"]
Reason = Literal[
    "OperationStarted",
    "OperationCompleted",
    "ResourceUpdated",
    "ResourceCreated",
    "ResourceDeleted",
    "DriftDetected",
    "InvalidConfiguration",
    "FeedbackRefused",
    "SourceUnreachable",
    "SourceReachable",
    "SourceFellBack",
    "HostKeysReplaced",
    "HostKeyNotListed",
    "Finding",
    "FindingCleared",
]


class Recorder:
    """Posts Events in the background; one that cannot be posted is logged, and nothing else suffers."""

    def __init__(self, transport: Transport, discovery: Discovery, clock: Clock) -> None:
        self._transport = transport
        self._discovery = discovery
        self._clock = clock
        self._waiting: deque[dict[str, Any]] = deque(maxlen=BACKLOG)
        self._poster: asyncio.Task[None] | None = None

    def emit(self, app: Application, reason: Reason, message: str, *, kind: EventType = "Normal") -> None:
        """Say `message` about `app`."""
        metadata = app.metadata
        involved = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "Application",
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        }
        self.emit_about(involved, reason, message, kind=kind)

    def emit_about(self, involved: dict[str, str], reason: Reason, message: str, *, kind: EventType) -> None:
        """Say `message` about any object; `involved` is its ObjectReference."""
        log.info("%s/%s %s: %s", involved["namespace"], involved["name"], reason, message)
        self._waiting.append(self._event(involved, reason, message, kind))
        if self._poster is None or self._poster.done():
            # In nobody's name: what happened while the Lease was ours may be told when it no longer is.
            self._poster = asyncio.create_task(self._post_all(), name="events", context=Context())

    async def flush(self) -> None:
        """Wait until all that was said is posted."""
        if self._poster is not None:
            await self._poster

    async def _post_all(self) -> None:
        """One after the other: Events must not crowd out what they tell of."""
        while self._waiting:
            await self._post(self._waiting.popleft())

    async def _post(self, event: dict[str, Any]) -> None:
        try:
            resource = await self._discovery.find("", "Event", version="v1")
            await write.create(self._transport, resource, event, field_manager=FIELD_MANAGER)
        except TrimtabError as error:
            log.warning("event not posted: %s", error.message)

    def _event(self, involved: dict[str, str], reason: Reason, message: str, kind: EventType) -> dict[str, Any]:
        now = rfc3339(self._clock.now())
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{involved['name']}.", "namespace": involved["namespace"]},
            "involvedObject": involved,
            "type": kind,
            "reason": reason,
            "message": one_line(message, limit=MESSAGE_LIMIT),
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": COMPONENT},
        }
