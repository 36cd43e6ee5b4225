"""Applications as a projection shows them: each is cut once, and again only when it changes."""

from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary, WeakSet

from msgspec import Struct

from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import Block
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.projection import Cutter, Projection
from trimtab.server.applications.stored import Stored

MOST, MOST_BYTES = 16, 64 << 20
"""Projections whose results are kept, and how much: the web pages, the CLI, and a few scripts have their own each."""


class Deflated(Struct, frozen=True):
    """A part of a gzip stream: compressed, and what the stream's end has to know of it (`crc.py`)."""

    data: bytes
    length: int
    crc: int
    power: int


class View:
    """One projection with what it has made so far: of each application, and of whole blocks. `size`: of the former."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self._cutter = Cutter(projection)
        self._made: dict[AppKey, tuple[Stored, bytes]] = {}
        self.size = 0
        self.plain: WeakKeyDictionary[Block, bytes] = WeakKeyDictionary()
        self.deflated: WeakKeyDictionary[Block, Deflated] = WeakKeyDictionary()

    def fragment(self, app: Stored) -> bytes:
        """The JSON of an application, cut."""
        if self.projection.whole:
            return app.body
        known = self._made.get(app.key)
        if known is not None and known[0] is app:
            return known[1]
        self.forget(app.key)
        fragment = self._cutter.cut(app.body)
        self._made[app.key] = (app, fragment)
        self.size += len(fragment)
        return fragment

    def fragments(self, apps: Sequence[Stored]) -> list[bytes]:
        """The same of many."""
        return [app.body for app in apps] if self.projection.whole else [self.fragment(app) for app in apps]

    def forget(self, key: AppKey) -> None:
        known = self._made.pop(key, None)
        if known is not None:
            self.size -= len(known[1])


class Views:
    """The views that were used last, and those that a stream uses."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._recent: OrderedDict[Projection, View] = OrderedDict()
        self._alive: WeakSet[View] = WeakSet()
        catalogue.listen(self._changed)

    def of(self, projection: Projection) -> View:
        view = self._recent.get(projection) or View(projection)
        self._recent[projection] = view
        self._recent.move_to_end(projection)
        self._alive.add(view)
        while len(self._recent) > MOST or (len(self._recent) > 1 and self._size() > MOST_BYTES):
            self._recent.popitem(last=False)
        return view

    def _size(self) -> int:
        return sum(view.size for view in self._recent.values())

    def _changed(self, before: Stored | None, after: Stored | None) -> None:
        if before is not None and after is None:
            for view in self._alive:
                view.forget(before.key)
