"""`fields=`: of each Application only these fields, or all but these. What is not cut is copied as the bytes it is.

`items.metadata.name,items.spec` takes fields of a list's items, `-items.status` leaves fields out. On streams they are
called `result.application.spec` and `result.type`. A path leads through lists, too: into each of their items.
"""

import msgspec
from msgspec import Raw, Struct

OBJECT, LIST = b"{["
MOST_PATHS, MOST_PARTS, LONGEST = 200, 16, 8192

Path = tuple[str, ...]
Tree = dict[str, "Tree"]
"""{} is a leaf: everything below."""

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_ENCODER = msgspec.json.Encoder()


class Projection(Struct, frozen=True):
    """`paths`: within an Application, sorted, none of which begins with another. `typed`: events keep their type."""

    exclude: bool = True
    paths: tuple[Path, ...] = ()
    typed: bool = True

    @property
    def whole(self) -> bool:
        """Is nothing cut?"""
        return self.paths == (() if self.exclude else ((),))


WHOLE = Projection()


def parse_fields(text: str, prefix: str) -> Projection:
    """`prefix`: what comes before an Application's own fields (`items`, `result.application`). Raises ValueError."""
    if not text:
        return WHOLE
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    exclude = text.startswith("-")
    named = [tuple(path.strip().split(".")) for path in text.removeprefix("-").split(",")]
    if len(named) > MOST_PATHS or any(len(path) > MOST_PARTS for path in named):
        raise ValueError(f"more than {MOST_PATHS} fields, or one of more than {MOST_PARTS} parts")
    root = tuple(prefix.split("."))
    inside = {path[len(root) :] for path in named if path[: len(root)] == root}
    if any(root[: len(path)] == path for path in named):
        inside.add(())
    kind_of_event = (root[0], "type") in named or root[:1] in named
    paths = tuple(sorted(path for path in inside if not any(path[:n] in inside for n in range(len(path)))))
    return Projection(exclude=exclude, paths=paths, typed=kind_of_event != exclude)


class Cutter:
    """Cuts Applications as a projection says."""

    def __init__(self, projection: Projection) -> None:
        self._exclude = projection.exclude
        self._whole = projection.whole
        self._tree: Tree | None = {} if projection.paths else None
        for path in projection.paths:
            node = self._tree if self._tree is not None else {}
            for part in path:
                node = node.setdefault(part, {})

    def cut(self, body: bytes) -> bytes:
        """`body` is a JSON object, and so is what is left of it."""
        if self._whole:
            return body
        if self._tree is None:
            return b"{}"
        if self._exclude:
            return bytes(_without(Raw(body), self._tree)) if self._tree else b"{}"
        kept = _only(Raw(body), self._tree)
        return b"{}" if kept is None else bytes(kept)


def _only(value: Raw, tree: Tree) -> Raw | None:
    """None: nothing of it is asked for."""
    if not tree:
        return value
    first = memoryview(value)[0]
    if first == OBJECT:
        there = _OBJECT.decode(value)
        cut = {name: _only(there[name], tree[name]) for name in tree if name in there}
        kept = {name: value for name, value in cut.items() if value is not None}
        return Raw(_ENCODER.encode(kept)) if kept else None
    if first == LIST:
        items = [part for item in _LIST.decode(value) if (part := _only(item, tree)) is not None]
        return Raw(_ENCODER.encode(items)) if items else None
    return None


def _without(value: Raw, tree: Tree) -> Raw:
    first = memoryview(value)[0]
    if first == OBJECT:
        rest = {
            name: _without(part, tree[name]) if name in tree else part
            for name, part in _OBJECT.decode(value).items()
            if tree.get(name, tree)
        }
        return Raw(_ENCODER.encode(rest))
    if first == LIST:
        return Raw(_ENCODER.encode([_without(item, tree) for item in _LIST.decode(value)]))
    return value
