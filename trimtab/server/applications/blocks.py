"""All Applications by name, in blocks of about a hundred: what changes makes its block anew, and no other."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from trimtab.server.applications.stored import Stored

MOST = 128
"""Applications in a block, at most: about a third of a megabyte."""

Name = tuple[str, str]


class Block:
    """Some neighbours; never changed. `lasting`: all callers share it, so that its JSON is worth its memory."""

    __slots__ = ("__weakref__", "apps", "lasting")

    def __init__(self, apps: Sequence[Stored], *, lasting: bool) -> None:
        self.apps = tuple(apps)
        self.lasting = lasting


class Blocks:
    """Blocks in order of their names; none is empty."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._firsts: list[Name] = []

    def snapshot(self) -> list[Block]:
        """As they are now, whatever changes later."""
        return self._blocks.copy()

    def put(self, app: Stored) -> None:
        """Add it, or take it for the one of the same name."""
        name = _name(app)
        at = self._find(name)
        apps = list(self._blocks[at].apps) if self._blocks else []
        inside = bisect_left(apps, name, key=_name)
        replaces = inside < len(apps) and _name(apps[inside]) == name
        apps[inside : inside + replaces] = [app]
        self._set(at, apps)

    def drop(self, app: Stored) -> None:
        name = _name(app)
        at = self._find(name)
        self._set(at, [one for one in self._blocks[at].apps if _name(one) != name])

    def _find(self, name: Name) -> int:
        return max(bisect_right(self._firsts, name) - 1, 0)

    def _set(self, at: int, apps: list[Stored]) -> None:
        half = len(apps) // 2
        parts = [apps[:half], apps[half:]] if len(apps) > MOST else [apps] if apps else []
        self._blocks[at : at + 1] = [Block(part, lasting=True) for part in parts]
        self._firsts[at : at + 1] = [_name(part[0]) for part in parts]


def _name(app: Stored) -> Name:
    return app.key.name, app.key.namespace
