"""How the fake GitHub misbehaves, in all it does or for some calls only."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Trouble(Enum):
    """How it misbehaves."""

    NONE = auto()
    DOWN = auto()
    """503 to everything."""
    BROKEN = auto()
    """500, with JSON."""
    SILENT = auto()
    """No answer."""
    SLOW = auto()
    """The answer comes after a minute of the clock."""
    CUT = auto()
    """The connection ends without an answer; nothing was done."""
    LOST = auto()
    """What was asked is done, and the answer is lost."""
    LIMITED = auto()
    """403: too many questions in this hour."""
    HURRIED = auto()
    """429: too many questions at once; `Retry-After: 60`."""
    FORBIDDEN = auto()
    """403, as for a token without the permission."""
    UNAUTHORIZED = auto()
    """401, as for a token that is no more."""
    ABSENT = auto()
    """404, as for what the caller may not know of."""
    INVALID = auto()
    """422."""
    NONSENSE = auto()
    """200, and no JSON."""


@dataclass
class Planned:
    """Trouble for the next `times` calls of `method` whose path matches `path`."""

    method: str
    path: re.Pattern[str]
    trouble: Trouble
    times: int

    def meets(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("*", method) and self.path.search(path) is not None
