"""Argo CD's globs: `*`, `**`, `?`, `[a-z]`, `[abc]`, `[!a]`, `{a,b}` (nested, too), `\\*`.

A pattern is matched in time linear in the text, whoever wrote it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import cast

import re2

Matcher = Callable[[str], object]
"""Gives something true for a text that fits."""

_ESCAPED = "\\"
_QUIET = re2.Options()
_QUIET.log_errors = False


def matches(pattern: str, text: str, *, separator: str = "") -> bool:
    """Does the whole text fit the pattern? See `matcher`."""
    return bool(matcher(pattern, separator)(text))


@lru_cache(maxsize=4096)
def matcher(pattern: str, separator: str = "") -> Matcher:
    """What says whether a whole text fits.

    `*` and `?` stop at the separator, if one is given; `**` never does. Raises ValueError for a pattern that makes no
    sense.
    """
    translation = _Translation(pattern, separator)
    source = translation.run()
    try:
        compiled = re.compile(source) if translation.atomic else re2.compile(source, _QUIET)
    except (re.error, re2.error) as error:
        raise ValueError(f"glob {pattern!r} is malformed") from error
    return cast(Matcher, compiled.fullmatch)


def plain_prefix(pattern: str) -> str:
    """What every text that fits begins with: the pattern up to its first special character."""
    return cast(re.Match[str], re.match(r"[^*?\[{\\]*", pattern))[0]


class _Translation:
    """One pass over the pattern, to a regular expression.

    Where `*` matches anything, its first fit is as good as any later one, so it is translated to an atomic group and
    never tried again. Alternatives of different lengths, and separators, need RE2 for the same.
    """

    def __init__(self, pattern: str, separator: str) -> None:
        self._pattern = pattern
        self._rest = pattern
        self._one = f"[^{re.escape(separator)}]" if separator else "."
        self._depth = 0
        self.atomic = not separator and "{" not in pattern

    def run(self) -> str:
        parts: list[str] = []
        while self._rest:
            parts.append(self._next())
        if self._depth:
            raise self._malformed()
        return f"(?s:{self._joined(parts)})"

    def _joined(self, parts: list[str]) -> str:
        if not self.atomic:
            return "".join(parts)
        segments = "".join(part if part != ".*" else "\0" for part in parts).split("\0")
        first, *middle = segments
        last = middle.pop() if middle else None
        between = "".join(f"(?>.*?{segment})" for segment in middle if segment)
        return first + between + ("" if last is None else f".*{last}")

    def _malformed(self) -> ValueError:
        return ValueError(f"glob {self._pattern!r} is malformed")

    def _take(self) -> str:
        if not self._rest:
            raise self._malformed()
        taken, self._rest = self._rest[0], self._rest[1:]
        return taken

    def _next(self) -> str:
        if self._rest.startswith("**"):
            self._rest = self._rest[2:]
            return ".*"
        char = self._take()
        if char == "[":
            return self._range()
        if char == _ESCAPED:
            return re.escape(self._take())
        if char in "{},":
            return self._brace(char)
        return {"*": f"{self._one}*", "?": self._one}.get(char) or re.escape(char)

    def _brace(self, char: str) -> str:
        if char == "," or (char == "}" and not self._depth):
            return "|" if char == "," and self._depth else re.escape(char)
        self._depth += 1 if char == "{" else -1
        return "(?:" if char == "{" else ")"

    def _range(self) -> str:
        """`[lo-hi]`, or a list of characters, in which `-` is one of them."""
        negated = "^" if self._rest.startswith("!") else ""
        self._rest = self._rest[len(negated) :]
        if self._rest[1:2] == "-":
            low, _, high = self._take(), self._take(), self._take()
            if self._take() != "]" or high < low:
                raise self._malformed()
            return f"[{negated}{re.escape(low)}-{re.escape(high)}]"
        listed = ""
        while (char := self._take()) != "]":
            listed += re.escape(self._take() if char == _ESCAPED else char)
        if not listed:
            raise self._malformed()
        return f"[{negated}{listed}]"
