"""Telling GitHub what became of syncs, beside them: nothing here holds up or fails a sync.

Of each application the newest state waits, and no more than that; one task tells, one thing after the other, and rests
as long as GitHub wants it to. What was told is remembered, and asked of GitHub once after a restart: nothing is told
twice. It is switched on by the environment that set-up applied, and by its GitHub App.
"""

import asyncio
import logging
from collections import OrderedDict

from msgspec.structs import replace

from trimtab.clock import Clock, rfc3339
from trimtab.controller.events import Recorder
from trimtab.controller.feedback_line import FeedbackLine, Line
from trimtab.controller.namespace_data import NamespaceData
from trimtab.errors import Retry, TrimtabError
from trimtab.feedback.outcome import age_of, is_synced, seconds_to_settle
from trimtab.feedback.posts import Key, Post, is_news, posts_of
from trimtab.github.errors import BadToken, Forbidden, NotFound
from trimtab.model.application import Application
from trimtab.model.keys import AppKey

log = logging.getLogger(__name__)
MOST_WAITING = 2000
MOST_REMEMBERED = 20_000
OLD_SECONDS = 3600.0
"""What ended longer ago, and was not told by us, is no news: a restart must not ask about every application."""
REST_SECONDS = 30.0
OFF_SECONDS = 60.0
"""Where nothing is to be told, or the environment is not valid, it is looked at again after so long."""
REFUSED_SECONDS = 600.0
"""After a refusal, the same kind of thing is not tried again for so long."""

_Look = tuple[str, ...]


class Feedback:
    """`notice` whatever happens to applications; `keep` tells GitHub, and runs where the controller acts."""

    def __init__(self, kept: NamespaceData, *, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._line = FeedbackLine(kept, clock=clock)
        self._waiting: OrderedDict[AppKey, Application] = OrderedDict()
        self._looks: dict[AppKey, _Look] = {}
        self._told: OrderedDict[Key, str] = OrderedDict()
        self._refused: dict[tuple[str, str], float] = {}
        self._off_until = 0.0
        self._arrived = asyncio.Event()
        self._complaint = ""
        self._busy = False

    def notice(self, app: Application) -> None:
        """The application is so now. Costs nothing when that is no news."""
        if app.status.operation_state is None or self._clock.monotonic() < self._off_until:
            return
        key, look = AppKey(app.metadata.namespace, app.metadata.name), self._look(app)
        if self._looks.get(key) == look:
            return
        if len(self._looks) >= MOST_REMEMBERED:
            self._looks.clear()
        self._looks[key] = look
        self._waiting[key] = app
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        self._arrived.set()

    def notice_gone(self, last: Application) -> None:
        """The application is not there any more; without a finalizer nobody saw it being deleted."""
        if not last.metadata.deletion_timestamp:
            gone = replace(last.metadata, deletion_timestamp=rfc3339(self._clock.now()))
            self.notice(replace(last, metadata=gone))

    def seconds_left(self, app: Application) -> float:
        """Until there is news of the application by the passing of time alone: after a rollback, say. Else for ever."""
        state = app.status.operation_state
        if state is None or not state.finished_at or is_synced(app.status) or self._clock.monotonic() < self._off_until:
            return float("inf")
        return seconds_to_settle(state, self._clock.now()) or float("inf")

    def __len__(self) -> int:
        """How many applications GitHub is to be told of yet, the one in hand included."""
        return len(self._waiting) + self._busy

    async def keep(self) -> None:
        """For ever."""
        try:
            while True:
                await self._arrived.wait()
                rest = await self._guarded()
                if rest > 0:
                    await self._clock.sleep(rest)
                if not self._waiting:
                    self._arrived.clear()
        finally:
            await self._line.close()
            self._waiting.clear()
            self._looks.clear()
            self._told.clear()
            self._arrived.clear()

    async def _guarded(self) -> float:
        """Tell of one application; seconds to rest before the next."""
        try:
            line = await self._line.get()
        except TrimtabError as error:
            log.warning("GitHub is not told of deployments: %s", error.message)
            return error.after or REST_SECONDS if isinstance(error, Retry) else OFF_SECONDS
        if line is None:
            self._waiting.clear()
            self._looks.clear()
            self._off_until = self._clock.monotonic() + OFF_SECONDS
        if line is None or not self._waiting:
            return 0.0
        key, app = self._waiting.popitem(last=False)
        self._busy = True
        try:
            await self._tell_of(app, line)
        except Retry as error:
            log.warning("GitHub is told of %s later: %s", key, error.message)
            self._waiting.setdefault(key, app)
            self._waiting.move_to_end(key, last=False)
            return error.after or REST_SECONDS
        except Exception:
            log.exception("%s: a defect in Trimtab; GitHub is not told of this state", key)
        finally:
            self._busy = False
        return 0.0

    async def _tell_of(self, app: Application, line: Line) -> None:
        now, state = self._clock.now(), app.status.operation_state
        old = state is not None and age_of(state, now) > OLD_SECONDS and not app.metadata.deletion_timestamp
        for post in posts_of(app, line.place, now=now):
            if (old and post.key not in self._told) or self._is_refused(post):
                continue
            try:
                await self._tell(post, line)
            except Retry:
                raise
            except TrimtabError as error:
                self._complain(error, post, line)

    async def _tell(self, post: Post, line: Line) -> None:
        known = self._told[post.key] if post.key in self._told else await line.poster.known(post)
        if is_news(known, post):
            # Where it fails half-way, GitHub is asked what it has.
            self._told.pop(post.key, None)
            for key in await line.poster.tell(post):
                self._told.pop(key, None)
            known = post.state
        if known is not None:
            self._told[post.key] = known
            self._told.move_to_end(post.key)
        if len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)

    def _is_refused(self, post: Post) -> bool:
        return self._clock.monotonic() < self._refused.get((post.kind, post.repo), 0.0)

    def _complain(self, error: TrimtabError, post: Post, line: Line) -> None:
        """To whoever set the environment up, once for each complaint."""
        if isinstance(error, BadToken | Forbidden | NotFound):
            self._refused[post.kind, post.repo] = self._clock.monotonic() + REFUSED_SECONDS
        message = f"GitHub is not told by {post.kind} of {post.repo}: {error.message}"
        if message != self._complaint:
            self._complaint = message
            self._recorder.emit_about(line.applied.involved, "FeedbackRefused", message, kind="Warning")

    def _look(self, app: Application) -> _Look:
        """What a change of makes news."""
        status, state = app.status, app.status.operation_state
        assert state is not None
        settled = seconds_to_settle(state, self._clock.now()) == 0
        # Times are whole seconds, and two syncs may begin within one.
        result = state.sync_result
        revisions = (result.revision, *result.revisions) if result else ()
        return (
            app.metadata.uid,
            app.metadata.deletion_timestamp or "",
            *revisions,
            state.started_at,
            state.phase,
            status.health.status if status.health else "",
            status.sync.status if status.sync else "",
            str(settled),
        )
