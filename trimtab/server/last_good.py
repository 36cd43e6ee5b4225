"""Configuration that may break: in force is the last that was whole, and no more than the broken one allows."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class LastGood(Struct, Generic[T]):
    """`good` is the newest that had no problem; `readable` is what can be read of a broken newer one.

    While it is broken, what it takes away is taken away already, and what it adds is not there yet. Where none was ever
    whole (`known` False), what can be read is in force.
    """

    good: T
    known: bool = False
    readable: T | None = None
    problems: tuple[str, ...] = ()

    def take(self, value: T, problems: tuple[str, ...]) -> None:
        """Take a newer one in."""
        self.problems = problems
        if problems:
            self.readable = value
        else:
            self.good, self.known, self.readable = value, True, None
