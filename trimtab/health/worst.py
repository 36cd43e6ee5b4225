"""From the health of objects to that of an application: the worst one counts."""

from collections.abc import Iterable, Sequence
from typing import get_args

from msgspec import Struct

from trimtab.model.application import Health, HealthStatusCode
from trimtab.model.keys import ObjectKey
from trimtab.model.names import GROUP

ORDER: tuple[HealthStatusCode, ...] = get_args(HealthStatusCode)
"""From best to worst: Healthy, Suspended, Progressing, Missing, Degraded, Unknown."""

NAMED = 3
"""How many of the objects at fault a message names."""


class Member(Struct, frozen=True, kw_only=True):
    """What an application's health has to know of one of its objects.

    `health` is None for kinds without a rule. `missing`: declared, but not in the cluster. `ignored`: hooks, Skip
    targets, objects annotated with `ignore-healthcheck: "true"`, and the application itself.
    """

    key: ObjectKey
    health: Health | None = None
    missing: bool = False
    ignored: bool = False


def worst(statuses: Iterable[HealthStatusCode]) -> HealthStatusCode:
    """The worst of `statuses`; Healthy when there is none."""
    return max(statuses, key=ORDER.index, default="Healthy")


def app_health(members: Sequence[Member]) -> Health:
    """The health of an application, with whom it comes from where it is not Healthy.

    Single missing objects do not count (the sync status tells of them); when all are missing, the application is.
    """
    counted = [member for member in members if not member.ignored]
    if counted and all(member.missing for member in counted):
        return _caused("Missing", [member.key for member in counted])
    judged = [(member.key, member.health.status) for member in counted if member.health and _counts(member)]
    status = worst(status for _, status in judged)
    return _caused(status, [key for key, own in judged if own == status])


def _counts(member: Member) -> bool:
    """A child application that is not there yet, or not known yet, does not condemn its parent."""
    if member.missing or member.health is None:
        return False
    child = (member.key.group, member.key.kind) == (GROUP, "Application")
    return not (child and member.health.status in ("Missing", "Unknown"))


def _caused(status: HealthStatusCode, keys: Sequence[ObjectKey]) -> Health:
    if status == "Healthy":
        return Health(status=status)
    named = ", ".join(_label(key) for key in keys[:NAMED])
    more = f", and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return Health(status=status, message=f"Caused by {named}{more}")


def _label(key: ObjectKey) -> str:
    """`apps/Deployment:shop/web`, `Service:shop/web`, `Node:a`."""
    kind = f"{key.group}/{key.kind}" if key.group else key.kind
    return f"{kind}:{key.namespace}/{key.name}" if key.namespace else f"{kind}:{key.name}"
