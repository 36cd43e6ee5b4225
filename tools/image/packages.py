"""The list of Debian packages, and whether it holds all that its packages need."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.image.errors import ImageError

LIST = Path(__file__).with_name("packages.txt")
ALTERNATIVE = re.compile(r"\s*([a-z0-9][a-z0-9.+-]*)")


@dataclass(frozen=True)
class Packages:
    """`wanted` are in the image; `left_out` are asked for by one of them and are not."""

    wanted: tuple[str, ...]
    left_out: frozenset[str]


def listed(text: str) -> Packages:
    """The packages that a list names, one a line; `#` begins a comment."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    names = [line for line in lines if line]
    wanted = tuple(sorted(name for name in names if not name.startswith("!")))
    return Packages(wanted, frozenset(name[1:] for name in names if name.startswith("!")))


def check(packages: Packages, controls: Sequence[Mapping[str, str]]) -> None:
    """Raise ImageError for what the packages depend on and the list does not name, and for what it leaves out idly.

    `controls` are the control stanzas of the packages by field.
    """
    there = {*packages.wanted, *(name for control in controls for name in _names(control.get("Provides", "")))}
    idle = set(packages.left_out)
    for control in controls:
        for clause in _clauses(control):
            names = _names(clause)
            idle -= set(names)
            if not there & set(names) and not packages.left_out & set(names):
                raise ImageError(
                    f"{LIST.name}: {control['Package']} depends on {clause.strip()}; add it or leave it out"
                )
    if idle:
        raise ImageError(f"{LIST.name}: nothing depends on {', '.join(sorted(idle))}; remove it from what is left out")


def _clauses(control: Mapping[str, str]) -> list[str]:
    fields = (control.get(field, "") for field in ("Pre-Depends", "Depends"))
    return [clause for field in fields for clause in field.split(",") if clause.strip()]


def _names(clause: str) -> list[str]:
    return [found[1] for part in re.split(r"[|,]", clause) if (found := ALTERNATIVE.match(part))]
