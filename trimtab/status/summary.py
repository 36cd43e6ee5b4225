"""What a comparison says of an application, as the fields of `.status`."""

from trimtab.compare.comparison import Comparison, Item
from trimtab.health.worst import Member, app_health
from trimtab.model.application import AppHealth, Condition, Health, ResourceStatus, Summary
from trimtab.model.names import GROUP


def resource_statuses(comparison: Comparison) -> tuple[ResourceStatus, ...]:
    """`status.resources`, sorted by kind and name as Argo CD lists them."""
    return tuple(_resource(item) for item in sorted(comparison.items, key=lambda item: item.key))


def _resource(item: Item) -> ResourceStatus:
    return ResourceStatus(
        group=item.key.group,
        version=item.kind.version,
        kind=item.key.kind,
        namespace=item.key.namespace,
        name=item.key.name,
        status=item.status,
        health=item.verdict.health,
        requires_pruning=item.requires_pruning,
        sync_wave=item.verdict.wave,
    )


def summary_of(comparison: Comparison) -> Summary:
    """Images that run, and whether the application manages applications."""
    images = {image for item in comparison.items for image in item.verdict.images}
    return Summary(
        images=tuple(sorted(images)),
        is_app_of_apps=any((i.key.group, i.key.kind) == (GROUP, "Application") for i in comparison.items),
    )


def health_of(comparison: Comparison, *, known: AppHealth | None, now: str) -> AppHealth:
    """The application's health; the transition time moves only when the status does."""
    found = app_health([_member(item) for item in comparison.items])
    return dated_health(found, known=known, now=now)


def dated_health(found: Health, *, known: AppHealth | None, now: str) -> AppHealth:
    """`found` with the time since which its status holds."""
    since = known.last_transition_time if known and known.status == found.status else None
    return AppHealth(status=found.status, message=found.message, last_transition_time=since or now)


def warnings_of(comparison: Comparison, *, instance: str) -> tuple[Condition, ...]:
    """A SharedResourceWarning for each object that another application tracks too."""
    return tuple(
        Condition(
            type="SharedResourceWarning",
            message=f"{item.key} is part of applications {instance} and {item.shared_with}",
        )
        for item in comparison.items
        if item.shared_with
    )


def _member(item: Item) -> Member:
    return Member(
        key=item.key,
        health=item.verdict.health,
        missing=item.missing,
        ignored=not item.verdict.unhealthy_counts,
    )
