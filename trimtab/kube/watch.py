"""Watching a kind for ever: list, then follow, and survive whatever the server and the network do.

    resource_version ""   ──WatchList, or list page by page──▶  Listed, resource_version known
    resource_version RV   ──watch from RV──▶  events; RV moves on with each and with bookmarks
        connection ends or breaks  ──▶  watch from RV again, after a backoff when it broke
        410 (RV too old)           ──▶  resource_version ""

Nothing is kept of the objects: a deletion that happened while we were not looking shows in the next `Listed`, which
names all that exist. Facts: kubernetes.io/docs/reference/using-api/api-concepts (watches, bookmarks, streaming lists).
"""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from trimtab.clock import Clock
from trimtab.errors import Retry
from trimtab.kube.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ServerError,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from trimtab.kube.read import METADATA, pages
from trimtab.kube.resource import Resource
from trimtab.kube.transport import JSON, Stream, Transport
from trimtab.kube.watch_events import Decoded, EventDecoder, LineBuffer
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.retry import Backoff

BACKOFF = Backoff(first=0.25, most=8.0)
LEAST_SECONDS, MOST_SECONDS = 300, 600
"""A watch is asked to end after a random time between these, so that many do not come back at one moment."""
GRACE_SECONDS = 30.0
"""A watch that the server has not ended this long after it should have is given up."""
INITIAL_IDLE_SECONDS = 10.0
"""A server that falls silent this long before the initial events have ended does not know WatchList."""
SHORT_SECONDS = 1.0
"""A watch that ended so soon counts as a failure, whatever it brought: do not hammer."""
DOUBTS = 5
"""How often in a row a watch that once worked may be refused, which is some 6 seconds: a server that has just started
does not yet know its roles and CRDs. How long it was away before does not count."""

Report = Callable[[Retry | None], None]


class _SilentError(Exception):
    """The initial events do not come, or do not end."""


async def watch(
    transport: Transport,
    resource: Resource,
    *,
    namespace: str = "",
    label_selector: str = "",
    metadata_only: bool = False,
    report: Report | None = None,
) -> AsyncGenerator[list[WatchEvent]]:
    """What exists, then what changes, for ever; one list for each chunk that came, never an empty one.

    The first listing, and every later one, is `Upserted` for each object and ends with `Listed`: whatever is not among
    its keys no longer exists (no `Removed` comes for what vanished unseen). Breaks are mended here: `report` hears of
    each with its error, and None once it is mended. Raises the errors that waiting cannot mend: `NotFound` (the kind
    is gone), `Forbidden`, `Unauthorized`, …
    """
    watcher = _Watcher(
        transport, resource, namespace=namespace, label_selector=label_selector, metadata_only=metadata_only
    )
    breaks = _Breaks(transport.clock, report)
    while True:
        try:
            async with aclosing(watcher.follow()) as steps:
                async for batch in steps:
                    breaks.end(proven=batch is not None)
                    if batch:
                        yield batch
        except Retry as error:
            if _is_expired(error):
                watcher.forget()
            await breaks.wait_after(error)
        except (Forbidden, Unauthorized, NotFound):
            if not watcher.has_listed or breaks.doubts >= DOUBTS:
                raise
            await breaks.wait_in_doubt()


class _Breaks:
    """How often in a row it failed or (`doubts`) was refused, and how long we wait for it."""

    def __init__(self, clock: Clock, report: Report | None) -> None:
        self.failures = 0
        self.doubts = 0
        self._clock = clock
        self._report = report
        self._reported = False

    def end(self, *, proven: bool) -> None:
        """The server answers again; only what it has said (`proven`) ends the row of failures."""
        if self._reported and self._report:
            self._report(None)
        self._reported = False
        if proven:
            self.failures = self.doubts = 0

    async def wait_after(self, error: Retry) -> None:
        """Report the error, and wait longer with each."""
        if self._report:
            self._report(error)
            self._reported = True
        await self._clock.sleep(max(BACKOFF.seconds(self.failures), error.after or 0))
        self.failures += 1

    async def wait_in_doubt(self) -> None:
        """Wait after a refusal that may be none."""
        await self._clock.sleep(BACKOFF.seconds(self.doubts))
        self.doubts += 1


class _Watcher:
    """One watch over its many connections: what the server told last is its state."""

    def __init__(
        self, transport: Transport, resource: Resource, *, namespace: str, label_selector: str, metadata_only: bool
    ) -> None:
        self._transport = transport
        self._resource = resource
        self._namespace = namespace
        self._label_selector = label_selector
        self._metadata_only = metadata_only
        self._decoder = EventDecoder(resource)
        self._subject = str(resource.kind) + (f" in {namespace}" if namespace else "")
        self._resource_version = ""
        self._streams_lists = True
        self.has_listed = False

    def forget(self) -> None:
        """What we know is too old to be followed: list again."""
        self._resource_version = ""

    def follow(self) -> AsyncGenerator[list[WatchEvent] | None]:
        """One listing or one connection, until it ends. None: the server has begun to answer; [] a bookmark."""
        if self._resource_version:
            return self._changes()
        if self._streams_lists and self._transport.streams_lists:
            return self._streamed_list()
        return self._paged_list()

    async def _paged_list(self) -> AsyncGenerator[list[WatchEvent] | None]:
        keys: set[ObjectKey] = set()
        async for page in pages(
            self._transport,
            self._resource,
            namespace=self._namespace,
            label_selector=self._label_selector,
            metadata_only=self._metadata_only,
        ):
            if page.first:
                keys.clear()
            keys.update(observed.key for observed in page.objects)
            events: list[WatchEvent] = [Upserted(observed) for observed in page.objects]
            if page.last:
                self._resource_version = page.resource_version
                events.append(Listed(frozenset(keys), page.resource_version))
                self.has_listed = True
            yield events

    async def _streamed_list(self) -> AsyncGenerator[list[WatchEvent] | None]:
        """WatchList: the watch begins with what exists, and a marked bookmark ends that."""
        query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        try:
            async with aclosing(self._connection(query, idle=INITIAL_IDLE_SECONDS)) as connection:
                async for events in self._initial(connection):
                    yield events
        except (Invalid, BadRequest, Unsupported):
            self._transport.streams_lists = False
        except (Forbidden, _SilentError):
            self._streams_lists = False

    async def _initial(self, connection: AsyncIterator[Decoded | None]) -> AsyncIterator[list[WatchEvent] | None]:
        keys: set[ObjectKey] = set()
        async for told in connection:
            if told is None:
                yield None
                continue
            if self._resource_version:
                self._resource_version = told.resource_version or self._resource_version
            elif told.initial is not None:
                _fold(keys, told.events[: told.initial])
                told.events.insert(told.initial, Listed(frozenset(keys), told.resource_version))
                self.has_listed = True
                self._resource_version = told.resource_version
            elif told.bookmarks:
                # An ordinary bookmark: this server does not mark the end.
                raise _SilentError
            else:
                _fold(keys, told.events)
            yield told.events

    async def _changes(self) -> AsyncGenerator[list[WatchEvent] | None]:
        query = {"resourceVersion": self._resource_version}
        async with aclosing(self._connection(query, idle=None)) as connection:
            async for told in connection:
                if told:
                    self._resource_version = told.resource_version or self._resource_version
                yield told.events if told else None

    async def _connection(self, query: dict[str, str], *, idle: float | None) -> AsyncGenerator[Decoded | None]:
        """One answer of the server until it ends: None when it begins, then what each chunk says.

        `idle`: how long it may be silent before the initial events have ended. Raises `ApiError` for an error in the
        answer, and for one that ends at once.
        """
        seconds = random.randint(LEAST_SECONDS, MOST_SECONDS)
        query = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if self._label_selector:
            query["labelSelector"] = self._label_selector
        clock, lines = self._transport.clock, LineBuffer()
        began = clock.monotonic()
        async with self._transport.stream(
            self._resource.collection(self._namespace),
            query=query,
            accept=METADATA if self._metadata_only else JSON,
            subject=self._subject,
        ) as stream:
            yield None
            while chunk := await self._read(stream, idle, ends=began + seconds + GRACE_SECONDS):
                if whole := self._whole(lines, chunk):
                    told = self._decoder.decode(whole)
                    idle = None if told.initial is not None else idle
                    yield told
                    if told.error:
                        raise told.error
        if clock.monotonic() - began < SHORT_SECONDS:
            raise ServerError(f"watch {self._subject}: the server ended it at once")

    async def _read(self, stream: Stream, idle: float | None, *, ends: float) -> bytes:
        try:
            return await stream.read(within=idle or max(0.1, ends - self._transport.clock.monotonic()))
        except TimeoutError as error:
            if idle:
                raise _SilentError from error
            raise Unreachable(f"watch {self._subject}: the server neither spoke nor ended it in time") from error

    def _whole(self, lines: LineBuffer, chunk: bytes) -> bytes:
        try:
            return lines.feed(chunk)
        except ValueError as error:
            raise ServerError(f"watch {self._subject}: {error}") from error


def _fold(keys: set[ObjectKey], events: list[WatchEvent]) -> None:
    for event in events:
        if isinstance(event, Upserted):
            keys.add(event.observed.key)
        elif isinstance(event, Removed):
            keys.discard(event.last.key)


def _is_expired(error: Retry) -> bool:
    """410, or a resourceVersion that the server does not know yet (its storage was restored from a backup)."""
    if isinstance(error, Gone):
        return True
    return isinstance(error, ApiError) and any(
        cause.reason == "ResourceVersionTooLarge" for cause in error.details.causes
    )
