"""The logs of many Pods as one, by time; each is read no faster than the caller takes it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from trimtab.server.live.log_lines import Line

Lines = AsyncGenerator[list[Line]]


class _Feed:
    """One Pod's lines. `quiet`: it has kept the others waiting long enough."""

    def __init__(self, source: Lines) -> None:
        self._source = source
        self.lines: deque[Line] = deque()
        self.pending: asyncio.Task[list[Line] | None] | None = None
        self.over = False
        self.quiet = False

    def pull(self) -> None:
        """Ask for more where there is none."""
        if not self.lines and self.pending is None and not self.over:
            self.pending = asyncio.ensure_future(anext(self._source, None))

    def take(self) -> None:
        """Take what has come. Raises what the source raised."""
        if self.pending is None or not self.pending.done():
            return
        found, self.pending = self.pending.result(), None
        self.quiet = False
        if found is None:
            self.over = True
        else:
            self.lines.extend(found)

    async def close(self) -> None:
        if self.pending is not None:
            self.pending.cancel()
            await asyncio.gather(self.pending, return_exceptions=True)
        await self._source.aclose()


async def merged(sources: Iterable[Lines], *, patience: float) -> AsyncGenerator[Line]:
    """Every line, in the order of their times as far as no source is later than `patience` seconds."""
    feeds = [_Feed(source) for source in sources]
    try:
        while True:
            await _fill(feeds, patience)
            holding = [feed for feed in feeds if feed.lines]
            if holding:
                yield min(holding, key=lambda feed: feed.lines[0].at).lines.popleft()
            elif all(feed.over for feed in feeds):
                return
    finally:
        for feed in feeds:
            await feed.close()


async def _fill(feeds: list[_Feed], patience: float) -> None:
    """Return when every feed that is not quiet has a line, and at least one has, or all are over."""
    while True:
        for feed in feeds:
            feed.take()
            feed.pull()
        holds = any(feed.lines for feed in feeds)
        waited = {feed.pending for feed in feeds if feed.pending is not None and not (holds and feed.quiet)}
        if not waited:
            return
        done, _ = await asyncio.wait(waited, timeout=patience if holds else None, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            for feed in feeds:
                feed.quiet |= feed.pending is not None
