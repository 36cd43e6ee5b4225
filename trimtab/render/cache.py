"""Results on disk, named by content. Deleting the folder, or any file in it, loses nothing but time."""

import hashlib
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from trimtab.errors import Stalled
from trimtab.render.jobs import Rendered

_MARK: Final = b"trimtab-rendering-1\n"
_CHECK_BYTES: Final = 32
_FRESH_SECONDS: Final = 3600.0
"""An entry's time of last use is written at most this often."""
_KEPT_FAILURES: Final = 1000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Rendered).decode


class RenderCache:
    """Renderings below `folder`, at most about `max_bytes`; what was not used for longest goes first.

    Methods block on the disk: call them off the event loop. Several processes may share a folder.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = 512 * 1024 * 1024, now: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._now = now
        self._size: int | None = None

    def load(self, digest: str) -> Rendered | None:
        """The result of that name; None when there is none, or none that is whole."""
        path = self._path(digest)
        try:
            content = path.read_bytes()
            body = _checked(content)
            if body is None:
                path.unlink(missing_ok=True)
                return None
            rendered = _decode(body)
            if self._now() - path.stat().st_mtime > _FRESH_SECONDS:
                os.utime(path, (self._now(), self._now()))
        except (OSError, msgspec.MsgspecError):
            return None
        return rendered

    def store(self, digest: str, rendered: Rendered) -> None:
        """Keep a result. A disk that refuses is not an error: the next time is slower, that is all."""
        body = _encode(rendered)
        content = _MARK + hashlib.sha256(body).digest() + body
        path = self._path(digest)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.utime(name, (self._now(), self._now()))
            Path(name).replace(path)
            self._bound(len(content))
        except OSError:
            return

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _bound(self, added: int) -> None:
        """Drop the oldest entries down to four fifths once there is more than `max_bytes`."""
        self._size = sum(size for _, size, _ in self._entries()) if self._size is None else self._size + added
        if self._size <= self._max_bytes:
            return
        entries = sorted(self._entries())
        left = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if left <= self._max_bytes * 4 // 5:
                break
            path.unlink(missing_ok=True)
            left -= size
        self._size = left

    def _entries(self) -> list[tuple[float, int, Path]]:
        """(time of last use, bytes, file) of everything, leftovers of interrupted writes included."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                info = path.stat()
            except FileNotFoundError:
                continue
            found.append((info.st_mtime, info.st_size, path))
        return found


class Failures:
    """Sources that were stopped for being too slow or too big, so that they do not take a worker at every refresh."""

    def __init__(self, *, seconds: float = 600.0, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._known: OrderedDict[str, tuple[float, Stalled]] = OrderedDict()

    def check(self, digest: str) -> None:
        """Raises what was raised for the same content within the last `seconds`."""
        until, error = self._known.get(digest, (0.0, None))
        if error is not None and self._now() < until:
            raise Stalled(error.message, reason=error.reason)

    def add(self, digest: str, error: Stalled) -> None:
        """Remember a failure."""
        self._known[digest] = (self._now() + self._seconds, error)
        self._known.move_to_end(digest)
        if len(self._known) > _KEPT_FAILURES:
            self._known.popitem(last=False)


def _checked(content: bytes) -> bytes | None:
    """The body of an entry; None when it is damaged or of another format."""
    start = len(_MARK) + _CHECK_BYTES
    body = content[start:]
    whole = content.startswith(_MARK) and hashlib.sha256(body).digest() == content[len(_MARK) : start]
    return body if whole else None
