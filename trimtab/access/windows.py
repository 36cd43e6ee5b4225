"""Sync windows: when a project lets its applications be synced.

An active deny window blocks. Without one, an allow window that concerns the application blocks while none is active. A
window whose `manualSync` is set does not block what a person asks for, one whose `syncOverrun` is set lets a sync that
has begun come to its end; so it has to be set on every window that blocks. A window that cannot be read blocks all.
"""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Struct

from trimtab.model.application import Application, Destination
from trimtab.model.appproject import AppProject, SyncWindow
from trimtab.model.durations import parse_duration
from trimtab.model.globs import matches
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER

KINDS = ("allow", "deny")
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
LONGEST = dt.timedelta(days=3660)
"""As good as for ever."""


class Seen(Struct, frozen=True):
    """A window at a moment. `until` is its end where it is `active`, else its next beginning (None: there is none).

    `problem` says why it cannot be read.
    """

    window: SyncWindow
    active: bool = False
    until: dt.datetime | None = None
    problem: str = ""


class WindowState(Struct, frozen=True):
    """What the windows of one application say at a moment. `blocking` are those that stand in the way."""

    seen: tuple[Seen, ...] = ()
    blocking: tuple[Seen, ...] = ()

    @property
    def active(self) -> tuple[SyncWindow, ...]:
        return tuple(one.window for one in self.seen if one.active)

    @property
    def changes_at(self) -> dt.datetime | None:
        """When a window opens or closes next; None: never."""
        return min((one.until for one in self.seen if one.until is not None), default=None)

    def seconds_left(self, now: dt.datetime) -> float:
        """Until something changes; infinite where nothing will."""
        return (self.changes_at - now).total_seconds() if self.changes_at else float("inf")

    def may_sync(self, *, manually: bool) -> bool:
        """May a sync begin?"""
        return all(not one.problem and manually and one.window.manual_sync for one in self.blocking)

    def may_go_on(self, *, manually: bool) -> bool:
        """May a sync that has begun come to its end?"""
        return all(
            not one.problem and (one.window.sync_overrun or (manually and one.window.manual_sync))
            for one in self.blocking
        )

    def reason(self) -> str:
        """Why a sync waits, in one line; "" where nothing blocks."""
        if not self.blocking:
            return ""
        first = self.blocking[0]
        more = f" (and {len(self.blocking) - 1} more)" if len(self.blocking) > 1 else ""
        return f"blocked by {described(first)}{more}"


OPEN = WindowState()


def windows_for(app: Application, project: AppProject) -> tuple[SyncWindow, ...]:
    """The windows that concern an application: by its name, its cluster or its namespace."""
    return tuple(window for window in project.spec.sync_windows if _concerns(window, app))


def state(windows: Iterable[SyncWindow], now: dt.datetime) -> WindowState:
    """What the windows of one application say at `now`."""
    seen = tuple(look(window, now) for window in windows)
    problems = tuple(one for one in seen if one.problem)
    denies = tuple(one for one in seen if one.active and one.window.kind == "deny")
    allows = tuple(one for one in seen if not one.problem and one.window.kind == "allow")
    closed = () if any(one.active for one in allows) else allows
    return WindowState(seen, problems or denies or closed)


def look(window: SyncWindow, now: dt.datetime) -> Seen:
    """One window at `now`: is it active, and until when?"""
    try:
        schedule, zone, seconds = _read(window)
    except ValueError as error:
        return Seen(window, problem=str(error))
    just_after = now.replace(microsecond=0) + dt.timedelta(seconds=1)
    began = next(CronSim(schedule, just_after.astimezone(zone), reverse=True), None)
    length = min(dt.timedelta(seconds=min(seconds, 1e10)), LONGEST)
    if began is not None and (end := began.astimezone(dt.UTC) + length) > now:
        return Seen(window, active=True, until=end)
    begins = next(CronSim(schedule, now.astimezone(zone)), None)
    return Seen(window, until=begins.astimezone(dt.UTC) if begins else None)


def described(seen: Seen) -> str:
    """`deny window "0 22 * * *" for 1h (UTC), until 2026-01-02T23:00:00Z`."""
    window = seen.window
    if seen.problem:
        return f"a sync window that cannot be read: {seen.problem}"
    zone = window.time_zone or "UTC"
    turn = "until" if seen.active else "opens at"
    when = f", {turn} {seen.until:%Y-%m-%dT%H:%M:%SZ}" if seen.until else ""
    return f'{window.kind} window "{window.schedule}" for {window.duration} ({zone}){when}'


def window_problem(window: SyncWindow) -> str:
    """What is wrong with a window, "" when it can be read."""
    try:
        _read(window)
    except ValueError as error:
        return str(error)
    return ""


def _read(window: SyncWindow) -> tuple[str, ZoneInfo, float]:
    """Schedule, time zone, seconds. Raises ValueError, which says what to correct."""
    if window.kind not in KINDS:
        raise ValueError(f"kind {window.kind!r} of sync window {window.schedule!r} is neither allow nor deny")
    return _schedule(window.schedule), _zone(window.time_zone), parse_duration(window.duration)


@lru_cache(maxsize=1024)
def _schedule(text: str) -> str:
    fields = DESCRIPTORS.get(text.strip().lower(), text).split()
    schedule = " ".join("*" if field == "?" else field for field in fields)
    try:
        if len(fields) != 5:
            raise ValueError
        CronSim(schedule, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    except (CronSimError, ValueError):
        raise ValueError(
            f'schedule {text!r} of a sync window is no cron line; write five fields, as in "0 22 * * *"'
        ) from None
    return schedule


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f'time zone {name!r} of a sync window is not known; write for instance "Europe/Berlin"'
        ) from None


def _concerns(window: SyncWindow, app: Application) -> bool:
    destination = app.spec.destination
    answers = [
        any(_fits(pattern, text) for pattern in patterns for text in texts)
        for patterns, texts in (
            (window.applications, (app.metadata.name,)),
            (window.namespaces, (destination.namespace,)),
            (window.clusters, _clusters(destination)),
        )
        if patterns
    ]
    return bool(answers) and (all(answers) if window.and_operator else any(answers))


def _clusters(destination: Destination) -> tuple[str, ...]:
    """By all of its names that are known."""
    home = destination.server == IN_CLUSTER_SERVER or destination.name == IN_CLUSTER_NAME
    known = (destination.server, destination.name, *((IN_CLUSTER_SERVER, IN_CLUSTER_NAME) if home else ()))
    return tuple(filter(None, known))


def _fits(pattern: str, text: str) -> bool:
    """A malformed pattern concerns everything, so that what it says is not passed over."""
    try:
        return matches(pattern, text)
    except ValueError:
        return True
