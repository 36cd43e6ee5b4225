"""How much of request bodies is held at once: a crowd of large ones must not fill the memory."""

import contextlib
from collections.abc import Iterator

from msgspec import Struct

from trimtab.server.failures import Code, Failure

MOST_BYTES = 256 << 20
"""Of all requests together, from the first byte of a body until its request is answered."""
MOST_OF_STRANGERS = 128 << 20
"""Of those whose caller is not known: they leave room for the others."""


class Bodies:
    """The bodies that a server holds."""

    def __init__(self) -> None:
        self._held = 0
        self._of_strangers = 0

    @contextlib.contextmanager
    def room(self, *, known: bool) -> Iterator["Room"]:
        """For one request's body; given back at the end. `known`: the caller has logged in."""
        room = Room(bodies=self, known=known)
        try:
            yield room
        finally:
            self.take(-room.size, known=known)

    def take(self, size: int, *, known: bool) -> None:
        """Raises Failure (429) when that would be too much."""
        strange = 0 if known else size
        if size > 0 and (self._held + size > MOST_BYTES or self._of_strangers + strange > MOST_OF_STRANGERS):
            raise Failure(
                Code.RESOURCE_EXHAUSTED, "too many large requests at once; try again", headers={"retry-after": "2"}
            )
        self._held += size
        self._of_strangers += strange


class Room(Struct, kw_only=True):
    """What one request holds."""

    bodies: Bodies
    known: bool
    size: int = 0

    def take(self, size: int) -> None:
        """For `size` bytes more. Raises Failure (429)."""
        self.bodies.take(size, known=self.known)
        self.size += size
