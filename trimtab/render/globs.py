"""The globs of Argo CD's `include`, `exclude` and `valueFiles`: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `\\*`."""

import re
from functools import lru_cache

from trimtab.errors import Stalled

_ESCAPED = "\\"


def matches(pattern: str, path: str, *, separator: str = "") -> bool:
    """Whether the whole path fits the pattern. `*` and `?` stop at the separator, if one is given; `**` never does.

    Raises Stalled for a pattern that makes no sense.
    """
    return compiled(pattern, separator).fullmatch(path) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str, separator: str = "") -> re.Pattern[str]:
    """The pattern as a regular expression. Raises Stalled."""
    try:
        return re.compile(_Translation(pattern, separator).run(), re.DOTALL)
    except (IndexError, ValueError, re.error) as error:
        raise Stalled(f"glob {pattern!r} is malformed", reason="InvalidSpec") from error


class _Translation:
    """One pass over the pattern. A brace or bracket that is never closed ends in IndexError or ValueError."""

    def __init__(self, pattern: str, separator: str) -> None:
        self._rest = pattern
        self._one = f"[^{re.escape(separator)}]" if separator else "."
        self._depth = 0

    def run(self) -> str:
        parts: list[str] = []
        while self._rest:
            parts.append(self._next())
        if self._depth:
            raise ValueError("a brace is not closed")
        return "".join(parts)

    def _take(self, count: int = 1) -> str:
        taken, self._rest = self._rest[:count], self._rest[count:]
        if not taken:
            raise IndexError("the pattern ends early")
        return taken

    def _next(self) -> str:
        if self._rest.startswith("**"):
            self._rest = self._rest.lstrip("*")
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
        end = self._rest.index("]", 2 if self._rest.startswith("!") else 1)
        body, self._rest = self._rest[:end], self._rest[end + 1 :]
        negated = body.startswith("!")
        escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[1:] if negated else body)
        return f"[{'^' if negated else ''}{escaped}]"
