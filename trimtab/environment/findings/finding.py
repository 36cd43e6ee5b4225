"""What was found in an environment, and how findings are compared with those of the last time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "error")


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `message`: what is so, one line. `fix`: what to do, "" only where all is well; it
    stays the same for as long as the trouble does. `seen`: False where the check could not look.
    """

    check: str
    subject: str
    level: Level
    message: str
    fix: str = ""
    seen: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.check, self.subject


class News(Struct, frozen=True):
    """`raised`: what was not so before, the worst first. `cleared`: what was, and is well or gone now. `known`: the
    troubles to compare with next time; those of a check that could not look are still there.
    """

    raised: tuple[Finding, ...]
    cleared: tuple[Finding, ...]
    known: Mapping[tuple[str, str], Finding]


def worst(levels: Iterable[Level]) -> Level:
    """`ok` of none."""
    return max(levels, key=LEVELS.index, default="ok")


def exit_code(findings: Iterable[Finding]) -> int:
    """0: all is well. 1: there are warnings. 2: there are errors."""
    return LEVELS.index(worst(one.level for one in findings))


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first."""
    return sorted(findings, key=lambda one: (-LEVELS.index(one.level), one.check, one.subject))


def troubles(findings: Iterable[Finding]) -> Mapping[tuple[str, str], Finding]:
    """Those that are not well, by what they are about."""
    return {one.key: one for one in findings if one.level != "ok"}


def news(before: Mapping[tuple[str, str], Finding], findings: Sequence[Finding]) -> News:
    """What `findings` have that `before` (the troubles known so far) does not, and the other way. A message whose words
    alone have changed (a certificate that ends a day sooner) is no news.
    """
    now, unseen = troubles(findings), {one.check for one in findings if not one.seen}
    raised = [one for key, one in now.items() if not _same(before.get(key), one)]
    gone = {key: one for key, one in before.items() if key not in now}
    kept = {key: one for key, one in gone.items() if one.check in unseen}
    cleared = tuple(one for key, one in gone.items() if key not in kept)
    return News(tuple(ordered(raised)), cleared, {**kept, **now})


def _same(before: Finding | None, now: Finding) -> bool:
    return before is not None and (before.level, before.fix) == (now.level, now.fix)
