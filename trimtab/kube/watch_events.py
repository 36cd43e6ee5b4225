"""From the chunks of a watch's answer to events: lines put together, objects decoded, errors named. No network."""

import msgspec
from msgspec import Raw, Struct

from trimtab.kube.decode import ObjectDecoder
from trimtab.kube.errors import ApiError, ServerError, from_status, parse_status
from trimtab.kube.resource import Resource
from trimtab.model.observed import Removed, Upserted, WatchEvent

MOST_EVENT_BYTES = 64 * 1024 * 1024
"""An event larger than this is not read: etcd's limit for an object is a few MB."""

INITIAL_END = "k8s.io/initial-events-end"
"""The annotation of the bookmark that ends the initial events of a streamed list."""


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
