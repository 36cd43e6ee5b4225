"""Lines of logs: read off what a kubelet sends, and chosen. Pure."""

import datetime as dt

from msgspec import Struct

from trimtab.model.part import Part

LONGEST_LINE = 256 * 1024
"""Bytes; a longer line is shown as several."""


class LogEntry(Part, frozen=True, omit_defaults=False):
    """One line. The times are RFC 3339, as the kubelet wrote them. The last entry of a stream says so."""

    content: str = ""
    time_stamp: str | None = None
    last: bool = False
    time_stamp_str: str = ""
    pod_name: str = ""


class Line(Struct, frozen=True):
    """`at`: `time` in seconds since 1970."""

    at: float
    time: str
    pod: str
    content: str

    def entry(self) -> LogEntry:
        return LogEntry(content=self.content, time_stamp=self.time or None, time_stamp_str=self.time, pod_name=self.pod)


class LineReader:
    """Chunks in, lines out. A line without a time (the kubelet's own words, the rest of a long line) belongs to the
    one before.
    """

    def __init__(self, pod: str) -> None:
        self._pod = pod
        self._rest = b""
        self._last = Line(0.0, "", pod, "")

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that `chunk` completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        return [self._line(raw) for raw in whole]

    def end(self) -> list[Line]:
        """What came last, without a line's end."""
        rest, self._rest = self._rest, b""
        return [self._line(rest)] if rest else []

    def _line(self, raw: bytes) -> Line:
        text = raw.decode(errors="replace").removesuffix("\r")
        time, _, content = text.partition(" ")
        at = seconds(time)
        if at is None:
            return Line(self._last.at, self._last.time, self._pod, text)
        self._last = Line(at, time, self._pod, content)
        return self._last


class Choice(Struct, frozen=True):
    """Which lines are shown: those with `wanted` in them (without, where it begins with `!`), up to `until`."""

    wanted: str = ""
    match_case: bool = False
    until: float | None = None

    def shows(self, line: Line) -> bool:
        wanted = self.wanted.removeprefix("!")
        if not wanted:
            return True
        if self.match_case:
            return (wanted in line.content) != self.wanted.startswith("!")
        return (wanted.lower() in line.content.lower()) != self.wanted.startswith("!")

    def is_over(self, line: Line) -> bool:
        """Is the line later than all that is wanted?"""
        return self.until is not None and line.at > self.until


def seconds(time: str) -> float | None:
    """An RFC 3339 time in seconds since 1970; None for what is none."""
    if len(time) < 20 or time[4] != "-" or time[10] != "T":
        return None
    try:
        moment = dt.datetime.fromisoformat(time)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
