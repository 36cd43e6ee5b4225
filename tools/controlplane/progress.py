"""How far a build is: one line that redraws itself on a terminal, one line now and then everywhere else."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tools.controlplane.parts import Part

QUIET_SECONDS = 30.0
"""Without a terminal a long part still says every so often that it lives."""
FRAME_SECONDS = 0.1
"""A terminal is redrawn no oftener: cached packages come by the thousand."""
BAR = 16


@dataclass(frozen=True)
class Moment:
    """What is drawn: `index` of `count` parts, `packages` compiled of `expected` (0: unknown), `elapsed` in seconds."""

    index: int
    count: int
    name: str
    fraction: float
    elapsed: float
    packages: int
    expected: int


def clock_text(seconds: float) -> str:
    """`2:05` for 125 seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def percent(fraction: float) -> str:
    """Rounded down: 100% is said when all is done and not before."""
    return f"{int(fraction * 100)}%"


def line(moment: Moment, width: int) -> str:
    """The terminal's line, never wider than `width`."""
    filled = int(moment.fraction * BAR)
    bar = "█" * filled + "░" * (BAR - filled)
    doing = f"{moment.packages}/{moment.expected} packages" if moment.expected else "fetching sources"
    share, time_gone = percent(moment.fraction), clock_text(moment.elapsed)
    text = f"[{moment.index}/{moment.count}] {bar} {share:>4}  {time_gone}  {moment.name}: {doing}"
    return text[: max(width - 1, 0)]


@dataclass
class Progress:
    """Receives what the build does; `stream` decides how it is shown."""

    stream: TextIO
    parts: Sequence[Part]
    now: Callable[[], float] = time.monotonic
    _part: Part | None = None
    _packages: int = 0
    _expected: int = 0
    _began: float = field(init=False)
    _shown: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._shown = self.now()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._erase()
        print(text, file=self.stream, flush=True)

    def begin(self, part: Part) -> None:
        self._part, self._packages, self._expected = part, 0, 0
        self._part_began = self._shown = self.now()
        if not self.stream.isatty():
            self.say(f"{self._place()}: building")
        self.tick()

    def expect(self, packages: int) -> None:
        """Sources are there; so many packages belong to the part (those compiled for an earlier part come free)."""
        self._expected = packages
        self.tick()

    def compiled(self) -> None:
        self._packages += 1
        self.tick()

    def end(self) -> None:
        self.say(f"{self._place()}: built in {self.now() - self._part_began:.0f} s")
        self._part = None

    def tick(self) -> None:
        """Redraw; called at least once a second while something runs."""
        terminal = self.stream.isatty()
        if self._part is None or self.now() - self._shown < (FRAME_SECONDS if terminal else QUIET_SECONDS):
            return
        self._shown = self.now()
        moment = self._moment()
        if terminal:
            self._erase()
            print(line(moment, shutil.get_terminal_size().columns), end="", file=self.stream, flush=True)
        else:
            self.say(f"{self._place()}: {moment.packages} packages so far, {percent(moment.fraction)} of everything")

    def _place(self) -> str:
        assert self._part is not None
        return f"[{self.parts.index(self._part) + 1}/{len(self.parts)}] {self._part.name} {self._part.version}"

    def _moment(self) -> Moment:
        assert self._part is not None
        index = self.parts.index(self._part)
        inside = min(self._packages / self._expected, 0.95) if self._expected else 0.0
        done = sum(part.seconds for part in self.parts[:index]) + self._part.seconds * inside
        return Moment(
            index=index + 1,
            count=len(self.parts),
            name=self._part.name,
            fraction=done / sum(part.seconds for part in self.parts),
            elapsed=self.now() - self._began,
            packages=self._packages,
            expected=self._expected,
        )

    def _erase(self) -> None:
        if self.stream.isatty():
            print("\r\x1b[K", end="", file=self.stream)
