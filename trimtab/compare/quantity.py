"""Kubernetes' quantities: the API server rewrites `1000m` as `1` and `1024Mi` as `1Gi`; they are equal all the same.

Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import Decimal
from typing import Any

from trimtab.compare.place import Place

PARENTS = frozenset(("f:limits", "f:requests", "f:capacity", "f:hard", "f:overhead", "f:podFixed"))
FIELDS = frozenset(("f:sizeLimit", "f:divisor"))

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
} | {f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", 1)}


def same_quantity(place: Place, target: Any, live: Any) -> bool:
    """True where `place` of a built-in kind holds quantities and both sides are the same one."""
    parent, step = place
    if step not in FIELDS and (parent is None or parent[1] not in PARENTS):
        return False
    wanted = parse_quantity(target)
    return wanted is not None and wanted == parse_quantity(live)


def parse_quantity(value: Any) -> Decimal | None:
    """The number; None for what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    if exponent:
        return Decimal(number + exponent)
    return Decimal(number) * _SUFFIXES[suffix] if suffix else Decimal(number)
