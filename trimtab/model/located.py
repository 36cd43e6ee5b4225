"""A file's value together with the lines on which its parts stand, so that a problem can name its line."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a part: `("volumes", 0, "path")`; `()` is the whole value."""


class Located(Struct, frozen=True, kw_only=True):
    """`value` is JSON; `lines` gives the line (from 1) of a key, or where an item of a list begins.

    `duplicates`: keys that are given more than once, each with the line of a repetition; the last one holds.
    """

    origin: str
    value: Any = None
    lines: Mapping[Path, int] = {}
    duplicates: Mapping[Path, int] = {}

    def line(self, path: Path) -> int:
        """The line of a part; of a part that is not there, the line of what it would stand in."""
        for length in range(len(path), -1, -1):
            if (found := self.lines.get(path[:length])) is not None:
                return found
        return 1
