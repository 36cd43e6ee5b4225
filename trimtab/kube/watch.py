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

import msgspec
from msgspec import Raw, Struct

from trimtab.errors import Retry
from trimtab.kube.decode import ObjectDecoder
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
    from_status,
    parse_status,
)
from trimtab.kube.read import METADATA, pages
from trimtab.kube.resource import Resource
from trimtab.kube.retry import Backoff
from trimtab.kube.transport import JSON, Stream, Transport
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent

BACKOFF = Backoff(first=0.25, most=8.0)
LEAST_SECONDS, MOST_SECONDS = 300, 600
"""A watch is asked to end after a random time between these, so that many do not come back at one moment."""
GRACE_SECONDS = 30.0
"""A watch that the server has not ended this long after it should have is given up."""
INITIAL_IDLE_SECONDS = 10.0
"""A server that falls silent this long before the initial events have ended does not know WatchList."""
SHORT_SECONDS = 1.0
"""A watch that ended so soon and brought nothing counts as a failure: do not hammer."""
MOST_EVENT_BYTES = 64 * 1024 * 1024
"""An event larger than this is not read: etcd's limit for an object is a few MB."""

DOUBTS = 4
"""How often in a row a watch that once worked may be refused: a server that has just started does not yet know its
roles and CRDs."""

INITIAL_END = "k8s.io/initial-events-end"

Report = Callable[[Retry | None], None]


class _Event(Struct, gc=False):
    type: str
    object: Raw


class _BookmarkMeta(Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Bookmark(Struct):
    metadata: _BookmarkMeta


_EVENTS = msgspec.json.Decoder(_Event)
_BOOKMARK = msgspec.json.Decoder(_Bookmark)


class _SilentError(Exception):
    """The initial events do not come, or do not end."""


class LineBuffer:
    """Chunks in, whole lines out. A line over many chunks is joined once, not copied at each."""

    def __init__(self, *, most: int = MOST_EVENT_BYTES) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._most = most

    def feed(self, chunk: bytes) -> bytes:
        """All lines that `chunk` completes, b"" when it completes none. Raises ValueError for an endless line."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._pieces.append(chunk)
            self._held += len(chunk)
            if self._held > self._most:
                raise ValueError(f"an event of more than {self._most} bytes")
            return b""
        lines = chunk if end == len(chunk) else chunk[:end]
        if self._pieces:
            lines = b"".join([*self._pieces, lines])
        self._pieces = [chunk[end:]] if end < len(chunk) else []
        self._held = len(chunk) - end
        return lines


class Decoded(Struct, frozen=True):
    """What whole lines of a watch said.

    `resource_version`: "" if they named none. `initial`: how many of the events came before the mark that ends the
    initial ones, None without such a mark. `error` came after the events.
    """

    events: list[WatchEvent]
    resource_version: str = ""
    bookmarks: int = 0
    initial: int | None = None
    error: ApiError | None = None


class EventDecoder:
    """Decodes the lines of a watch of one resource."""

    def __init__(self, resource: Resource) -> None:
        self._observed = ObjectDecoder(resource).observed
        self._doing = f"watch {resource.kind}"

    def decode(self, lines: bytes) -> Decoded:
        """Raises `ServerError` when `lines` are not watch events."""
        events: list[WatchEvent] = []
        version, bookmarks, initial = "", 0, None
        try:
            for event in _EVENTS.decode_lines(lines):
                if event.type in ("ADDED", "MODIFIED"):
                    observed = self._observed(event.object)
                    version = observed.meta.resource_version
                    events.append(Upserted(observed))
                elif event.type == "DELETED":
                    observed = self._observed(event.object)
                    version = observed.meta.resource_version
                    events.append(Removed(observed))
                elif event.type == "BOOKMARK":
                    meta = _BOOKMARK.decode(event.object).metadata
                    version, bookmarks = meta.resource_version or version, bookmarks + 1
                    if (meta.annotations or {}).get(INITIAL_END) == "true":
                        initial = len(events)
                elif event.type == "ERROR":
                    return Decoded(events, version, bookmarks, initial, self._error(event.object))
        except msgspec.DecodeError as error:
            raise ServerError(f"{self._doing}: the answer holds what is no event ({error})") from error
        return Decoded(events, version, bookmarks, initial)

    def _error(self, raw: Raw) -> ApiError:
        status = parse_status(bytes(raw))
        return from_status(status, code=status.code or 500, doing=self._doing)


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
    failures = 0
    while True:
        try:
            async with aclosing(watcher.follow()) as batches:
                async for batch in batches:
                    if failures and report:
                        report(None)
                    failures = 0
                    if batch:
                        yield batch
        except Retry as error:
            if report:
                report(error)
            if _is_expired(error):
                watcher.forget()
            await transport.clock.sleep(max(BACKOFF.seconds(failures), error.after or 0))
            failures += 1
        except (Forbidden, Unauthorized, NotFound):
            if not watcher.has_listed or failures >= DOUBTS:
                raise
            await transport.clock.sleep(BACKOFF.seconds(failures))
            failures += 1


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

    def follow(self) -> AsyncGenerator[list[WatchEvent]]:
        """One listing or one connection, until it ends; an empty list says that the server has answered."""
        if self._resource_version:
            return self._changes()
        if self._streams_lists and self._transport.streams_lists:
            return self._streamed_list()
        return self._paged_list()

    async def _paged_list(self) -> AsyncGenerator[list[WatchEvent]]:
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
                events.append(Listed(frozenset(keys)))
                self.has_listed = True
            yield events

    async def _streamed_list(self) -> AsyncGenerator[list[WatchEvent]]:
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

    async def _initial(self, connection: AsyncIterator[Decoded]) -> AsyncIterator[list[WatchEvent]]:
        keys: set[ObjectKey] = set()
        async for told in connection:
            if self._resource_version:
                self._resource_version = told.resource_version or self._resource_version
            elif told.initial is not None:
                _fold(keys, told.events[: told.initial])
                told.events.insert(told.initial, Listed(frozenset(keys)))
                self.has_listed = True
                self._resource_version = told.resource_version
            elif told.bookmarks:
                # An ordinary bookmark: this server does not mark the end.
                raise _SilentError
            else:
                _fold(keys, told.events)
            yield told.events

    async def _changes(self) -> AsyncGenerator[list[WatchEvent]]:
        query = {"resourceVersion": self._resource_version}
        async with aclosing(self._connection(query, idle=None)) as connection:
            async for told in connection:
                self._resource_version = told.resource_version or self._resource_version
                yield told.events

    async def _connection(self, query: dict[str, str], *, idle: float | None) -> AsyncGenerator[Decoded]:
        """One answer of the server, chunk by chunk, until it ends. `idle`: how long it may be silent before
        the initial events have ended. Raises `ApiError` for an error in the answer and one that ends at once."""
        seconds = random.randint(LEAST_SECONDS, MOST_SECONDS)
        query = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if self._label_selector:
            query["labelSelector"] = self._label_selector
        clock, lines, anything = self._transport.clock, LineBuffer(), False
        began = clock.monotonic()
        async with self._transport.stream(
            self._resource.collection(self._namespace),
            query=query,
            accept=METADATA if self._metadata_only else JSON,
            subject=self._subject,
        ) as stream:
            while chunk := await self._read(stream, idle, ends=began + seconds + GRACE_SECONDS):
                if whole := self._whole(lines, chunk):
                    told = self._decoder.decode(whole)
                    anything = True
                    idle = None if told.initial is not None else idle
                    yield told
                    if told.error:
                        raise told.error
        if not anything and clock.monotonic() - began < SHORT_SECONDS:
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
