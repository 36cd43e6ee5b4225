"""Kubernetes' label selectors: `team=web,tier in (a, b),!legacy,size>3`.

Facts: kubernetes.io/docs/concepts/overview/working-with-objects/labels (requirements that all have to hold; a label
that is absent fulfils `!=`, `notin` and `!`).
"""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Operator = Literal["exists", "absent", "in", "notin", ">", "<"]
MOST = 4096
"""Characters that a selector may have."""

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}"
_VALUE = rf"(?:{_NAME})?"
_VALID_VALUE = re.compile(_VALUE)
_COMPARED = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_MEASURED = re.compile(rf"({_KEY})\s*([<>])\s*(-?[0-9]{{1,18}})")
_AMONG = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_THERE = re.compile(rf"(!?)\s*({_KEY})")
_COMMA = re.compile(r",(?![^(]*\))")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Requirement(Struct, frozen=True):
    """One of the parts between commas."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case operator:
                return _measure(value, operator, int(*self.values))


def _measure(value: str | None, operator: str, limit: int) -> bool:
    if value is None or not _NUMBER.fullmatch(value):
        return False
    return int(value) > limit if operator == ">" else int(value) < limit


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """() selects everything. Raises ValueError with what is wrong."""
    if len(text) > MOST:
        raise ValueError(f"it is longer than {MOST} characters")
    return tuple(_requirement(part.strip()) for part in _COMMA.split(text)) if text.strip() else ()


def _requirement(part: str) -> Requirement:
    if match := _COMPARED.fullmatch(part):
        return Requirement(match[1], "notin" if match[2] == "!=" else "in", frozenset([match[3]]))
    if match := _AMONG.fullmatch(part):
        values = frozenset(value.strip() for value in match[3].split(","))
        if wrong := [value for value in values if not _VALID_VALUE.fullmatch(value)]:
            raise ValueError(f"{wrong[0]!r} is no value of a label")
        return Requirement(match[1], "in" if match[2] == "in" else "notin", values)
    if match := _MEASURED.fullmatch(part):
        return Requirement(match[1], ">" if match[2] == ">" else "<", frozenset([match[3]]))
    if match := _THERE.fullmatch(part):
        return Requirement(match[2], "absent" if match[1] else "exists")
    raise ValueError(f"{part!r} is no requirement (like a=b, a!=b, a in (b, c), a, !a, a>1)")
