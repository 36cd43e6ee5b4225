"""Kubernetes' quantities: the API server rewrites `1000m` as `1` and `1024Mi` as `1Gi`; they are equal all the same.

Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from typing import Any

from trimtab.compare.place import Place
from trimtab.typed.quantity import canonical

PARENTS = frozenset(("f:limits", "f:requests", "f:capacity", "f:hard", "f:overhead", "f:podFixed"))
FIELDS = frozenset(("f:sizeLimit", "f:divisor"))


def same_quantity(place: Place, target: Any, live: Any) -> bool:
    """True where `place` of a built-in kind holds quantities and the API server writes both sides alike."""
    parent, step = place
    if step not in FIELDS and (parent is None or parent[1] not in PARENTS):
        return False
    wanted = _canonical(target)
    return wanted is not None and wanted == _canonical(live)


def _canonical(value: Any) -> str | None:
    """As the API server writes it; None for what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return canonical(str(value))
    except ValueError:
        return None
