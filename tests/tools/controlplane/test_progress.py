"""The progress display, drawn for a terminal and for a log, on a stepped clock."""

import dataclasses
import io
from collections.abc import Callable

import pytest

from tools.controlplane.parts import Part
from tools.controlplane.progress import Moment, Progress, clock_text, line

PARTS = (Part("first", "m", "example/first", "v1", 90), Part("second", "m", "example/second", "v1", 10))
HALF = Moment(index=1, count=2, name="first", fraction=0.5, elapsed=125.0, packages=40, expected=80)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def build_first(progress: Progress, at: Callable[[float], None]) -> None:
    progress.begin(PARTS[0])
    at(1.0)
    progress.tick()
    progress.expect(4)
    at(20.0)
    progress.compiled()
    at(31.0)
    progress.compiled()
    at(45.0)
    progress.end()


def test_a_line_says_how_far_how_long_and_what() -> None:
    assert line(HALF, 100) == "[1/2] ████████░░░░░░░░  50%  2:05  first: 40/80 packages"


def test_the_longest_line_fits_a_small_terminal() -> None:
    longest = dataclasses.replace(HALF, name="kube-controller-manager", elapsed=700.0, packages=1600, expected=2200)
    assert line(longest, 80).endswith("1600/2200 packages")


@pytest.mark.parametrize("width", [0, 1, 10, 40])
def test_a_line_never_wraps(width: int) -> None:
    assert len(line(HALF, width)) <= max(width - 1, 0)


@pytest.mark.parametrize("seconds, text", [(0.9, "0:00"), (61.2, "1:01"), (3600.0, "60:00")])
def test_seconds_read_as_a_clock(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_a_log_gets_a_line_per_part_and_a_sign_of_life() -> None:
    watch, log = Watch(), io.StringIO()
    build_first(Progress(log, PARTS, now=watch), lambda seconds: setattr(watch, "seconds", seconds))
    assert log.getvalue().splitlines() == [
        "[1/2] first v1: building",
        "[1/2] first v1: 2 packages so far, 45% of everything",
        "[1/2] first v1: built in 45 s",
    ]


def test_a_terminal_keeps_only_the_finished_part() -> None:
    watch, terminal = Watch(), Terminal()
    build_first(Progress(terminal, PARTS, now=watch), lambda seconds: setattr(watch, "seconds", seconds))
    frames = terminal.getvalue().split("\r\x1b[K")
    assert frames[-1] == "[1/2] first v1: built in 45 s\n"
    assert [frame for frame in frames if "\n" in frame] == [frames[-1]]
    assert "fetching sources" in frames[1]


def test_more_packages_than_expected_do_not_finish_a_part() -> None:
    watch, terminal = Watch(), Terminal()
    progress = Progress(terminal, PARTS, now=watch)
    progress.begin(PARTS[1])
    progress.expect(1)
    for watch.seconds in range(1, 5):
        progress.compiled()
    assert "99%" in terminal.getvalue()
    assert "100%" not in terminal.getvalue()


def test_a_terminal_is_not_redrawn_for_every_package() -> None:
    watch, terminal = Watch(), Terminal()
    progress = Progress(terminal, PARTS, now=watch)
    progress.begin(PARTS[0])
    progress.expect(5000)
    for package in range(1000):
        watch.seconds = package / 1000
        progress.compiled()
    assert 5 < terminal.getvalue().count("\r") < 12


def test_a_tick_between_parts_draws_nothing() -> None:
    terminal = Terminal()
    Progress(terminal, PARTS, now=Watch()).tick()
    assert terminal.getvalue() == ""
