"""Version ranges over tags, with the meaning that Argo CD's users know from Masterminds/semver 3. Pure.

    parse_range(">=1.2 <2 || 3.x").admits(parse_version("v1.4.0"))

A partial version is a range (`1.2` is `1.2.*`), `,` or a blank is "and", `||` is "or", `1.2 - 1.4` includes both ends.
Pre-releases are admitted only by an alternative that names one: write `>=1.2.0-0 <2` to include them.
"""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_NUMBER = r"\d{1,18}"
_VERSION = re.compile(
    rf"v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?", re.ASCII
)
_PART = rf"(?:{_NUMBER}|[xX*])"
_PARTIAL = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_OPERATOR = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^"
_COMPARATOR = rf"(?:(?:{_OPERATOR})\s*)?{_PARTIAL}"
_ALL_OF = re.compile(rf"\s*{_COMPARATOR}(?:(?:\s+|\s*,\s*){_COMPARATOR})*\s*", re.ASCII)
_ONE = re.compile(
    rf"(?:(?P<operator>{_OPERATOR})\s*)?v?(?P<numbers>{_PART}(?:\.{_PART})?(?:\.{_PART})?)"
    rf"(?:-(?P<pre>{_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?",
    re.ASCII,
)
_HYPHEN = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})", re.ASCII)


class Version(Struct, frozen=True):
    """A version; `pre` is the pre-release ("" = none). Build metadata is not kept: it does not order versions."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: str = ""

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def order(self) -> tuple[object, ...]:
        """Sorts as semver.org says: a pre-release before its release, numeric identifiers by number and first."""
        return (*self.numbers, not self.pre, tuple(_identifier(part) for part in self.pre.split(".")))


class Comparator(Struct, frozen=True):
    """One `operator version` of a range; `numbers` has fewer than three when the version is partial (`1.x`)."""

    operator: str
    numbers: tuple[int, ...]
    pre: str = ""

    @property
    def base(self) -> Version:
        major, minor, patch = (*self.numbers, 0, 0, 0)[:3]
        return Version(major, minor, patch, self.pre)

    @property
    def partial(self) -> bool:
        return len(self.numbers) < 3

    def admits(self, version: Version) -> bool:
        return _OPERATORS[self.operator](version, self)


class Range(Struct, frozen=True):
    """Alternatives, each of which is comparators that all have to admit a version."""

    alternatives: tuple[tuple[Comparator, ...], ...]

    def admits(self, version: Version) -> bool:
        return any(
            all(comparator.admits(version) for comparator in group)
            for group in self.alternatives
            if not version.pre or any(comparator.pre for comparator in group)
        )


def parse_version(text: str) -> Version | None:
    """A whole version, `v` and missing parts allowed (`v1.2` is 1.2.0); None: it is none."""
    match = _VERSION.fullmatch(text)
    if not match:
        return None
    major, minor, patch, pre = match.groups()
    return Version(int(major), int(minor or 0), int(patch or 0), pre or "")


def parse_range(text: str) -> Range | None:
    """A range; None: it is none."""
    alternatives = []
    for group in _HYPHEN.sub(r">=\1 <=\2", text).split("||"):
        if not _ALL_OF.fullmatch(group):
            return None
        alternatives.append(tuple(_comparator(match) for match in _ONE.finditer(group)))
    return Range(tuple(alternatives))


def is_range(text: str) -> bool:
    """Whether `text` is a range to search tags for; a plain version (`1.2`, `v1.2.3`) names one tag instead."""
    return parse_version(text) is None and parse_range(text) is not None


def highest(text: str, tags: Iterable[str], *, tag_prefix: str = "") -> str | None:
    """The tag with the highest version in range `text`; None: no tag is in it.

    Only tags that start with `tag_prefix` count, and their version is what follows it. Of equal versions (`v1.0.0`,
    `1.0`) the first by name wins, so that the answer does not hang on the order of `tags`.
    """
    wanted = parse_range(text)
    if wanted is None:
        return None
    best: tuple[tuple[object, ...], str] | None = None
    for tag in sorted(tags):
        version = parse_version(tag.removeprefix(tag_prefix)) if tag.startswith(tag_prefix) else None
        if version and wanted.admits(version) and (best is None or version.order() > best[0]):
            best = version.order(), tag
    return best[1] if best else None


def _comparator(match: re.Match[str]) -> Comparator:
    numbers: list[int] = []
    for part in match["numbers"].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return Comparator(match["operator"] or "=", tuple(numbers), match["pre"] or "")


def _identifier(text: str) -> tuple[int, int, str]:
    """Orders one identifier of a pre-release; numbers of any length by their digits."""
    digits = text.lstrip("0")
    return (0, len(digits), digits) if text.isdigit() else (1, 0, text)


def _starts(version: Version, numbers: tuple[int, ...]) -> bool:
    return version.numbers[: len(numbers)] == numbers


def _equal(version: Version, comparator: Comparator) -> bool:
    return _tilde(version, comparator) if comparator.partial else version == comparator.base


def _different(version: Version, comparator: Comparator) -> bool:
    if not comparator.partial:
        return version != comparator.base
    return not _starts(version, comparator.numbers) or version.pre != comparator.pre


def _greater(version: Version, comparator: Comparator) -> bool:
    if comparator.partial and comparator.numbers:
        return version.numbers[: len(comparator.numbers)] > comparator.numbers
    return version.order() > comparator.base.order()


def _at_least(version: Version, comparator: Comparator) -> bool:
    return version.order() >= comparator.base.order()


def _less(version: Version, comparator: Comparator) -> bool:
    return version.order() < comparator.base.order()


def _at_most(version: Version, comparator: Comparator) -> bool:
    if comparator.partial:
        return version.numbers[: len(comparator.numbers)] <= comparator.numbers
    return version.order() <= comparator.base.order()


def _tilde(version: Version, comparator: Comparator) -> bool:
    """Patch releases only, minor ones when no minor is given. `~0.0.0` admits everything, as it does there."""
    if not _at_least(version, comparator):
        return False
    return comparator.numbers == (0, 0, 0) or _starts(version, comparator.numbers[:2])


def _caret(version: Version, comparator: Comparator) -> bool:
    """No change of the leftmost number that is not zero."""
    if not _at_least(version, comparator):
        return False
    kept = next((place for place, number in enumerate(comparator.numbers) if number), len(comparator.numbers) - 1)
    return _starts(version, comparator.numbers[: kept + 1])


_OPERATORS: dict[str, Callable[[Version, Comparator], bool]] = {
    "=": _equal,
    "!=": _different,
    ">": _greater,
    ">=": _at_least,
    "=>": _at_least,
    "<": _less,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
