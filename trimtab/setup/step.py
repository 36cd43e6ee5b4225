"""What a step of set-up is."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from trimtab.environment.plan import Line
from trimtab.setup.job import Job

Look = Callable[[Job], Awaitable[list[Line]]]
"""Reads only. Raises a TrimtabError for what makes the whole set-up impossible."""
Act = Callable[[Job], Awaitable[None]]
"""Does what is missing, and nothing that is there: it may have been interrupted at any point before."""


async def nothing(_job: Job) -> None:
    """The act of a step that only looks."""


class Step(Struct, frozen=True):
    """One step. It belongs to the set-up of an environment if `applies`."""

    name: str
    title: str
    look: Look
    act: Act = nothing
    applies: Callable[[Job], bool] = lambda _job: True
