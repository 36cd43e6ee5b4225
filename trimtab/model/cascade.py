"""Deleting an Application deletes what it deployed where it has a finalizer that says so, and how."""

from collections.abc import Iterable
from typing import Literal

from trimtab.model.names import BACKGROUND_FINALIZER, FOREGROUND_FINALIZER, RESOURCES_FINALIZER

CascadeOrder = Literal["foreground", "background"]
"""Whether an object goes after or before what belongs to it."""
FINALIZERS: dict[CascadeOrder, str] = {"foreground": RESOURCES_FINALIZER, "background": BACKGROUND_FINALIZER}
CASCADING = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)


def cascades(finalizers: Iterable[str]) -> bool:
    """Does one of them say that what was deployed goes, too?"""
    return any(name in CASCADING for name in finalizers)


def with_cascade(finalizers: Iterable[str], wanted: str) -> list[str]:
    """The finalizers with `wanted` as the one that cascades ("": none does); those of others stay."""
    kept = [name for name in finalizers if name not in CASCADING]
    return [*kept, wanted] if wanted else kept
