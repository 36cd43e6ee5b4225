"""The status after one look: what was found, or what kept us from looking."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from trimtab.compare.comparison import Comparison
from trimtab.compare.prepare import Prepared
from trimtab.model.application import (
    AppHealth,
    Application,
    ApplicationSource,
    ApplicationStatus,
    ComparedTo,
    Condition,
    SyncStatus,
)
from trimtab.status.conditions import merge_conditions
from trimtab.status.summary import health_of, resource_statuses, summary_of, warnings_of

LOAD_FAILED = "Failed to load target state"


class Found(Struct, frozen=True, kw_only=True):
    """What a look has found. `refusal`: why automated sync does not do what it would."""

    sources: tuple[ApplicationSource, ...]
    revisions: tuple[str, ...]
    source_types: tuple[str, ...]
    prepared: Prepared
    comparison: Comparison
    instance: str
    refusal: str = ""


def status_found(app: Application, found: Found, *, now: str) -> ApplicationStatus:
    """The status that says what was found. Targets that could not be decided make the sync status Unknown."""
    single = not app.spec.sources
    undecided = bool(found.prepared.errors)
    conditions = [Condition(type=p.type, message=p.message) for p in found.prepared.problems]
    conditions += warnings_of(found.comparison, instance=found.instance)
    if found.refusal:
        conditions.append(Condition(type="SyncError", message=found.refusal))
    return replace(
        app.status,
        resources=resource_statuses(found.comparison),
        sync=SyncStatus(
            status="Unknown" if undecided else found.comparison.status,
            compared_to=_compared_to(app),
            revision=found.revisions[0] if single and found.revisions else "",
            revisions=() if single else found.revisions,
        ),
        health=health_of(found.comparison, known=app.status.health, now=now),
        conditions=merge_conditions(app.status.conditions, conditions, now=now),
        source_type=found.source_types[0] if single and found.source_types else "",
        source_types=() if single else found.source_types,
        summary=summary_of(found.comparison),
        resource_health_source="",
        controller_namespace=app.metadata.namespace,
    )


def status_unknown(app: Application, *, reason: str, message: str, now: str) -> ApplicationStatus:
    """The status when Git or the cluster could not be read: red, with the last good revision; nothing else moves."""
    known = app.status.sync
    kind = reason if reason == "InvalidSpecError" else "ComparisonError"
    text = message if kind == "InvalidSpecError" else f"{LOAD_FAILED}: {message}"
    since = _since(app.status.conditions, kind, text) or now
    good = last_good(app)
    tail = f" (since {since}; last good revision {good})" if good else f" (since {since})"
    condition = Condition(type=kind, message=text + tail)
    return replace(
        app.status,
        sync=SyncStatus(
            status="Unknown",
            compared_to=_compared_to(app),
            revision=known.revision if known else "",
            revisions=known.revisions if known else (),
        ),
        health=app.status.health or AppHealth(status="Unknown", last_transition_time=now),
        conditions=merge_conditions(app.status.conditions, [condition], now=now),
        controller_namespace=app.metadata.namespace,
    )


def last_good(app: Application) -> str:
    """The revision that was fetched last, or deployed; "" when there is none."""
    known = app.status.sync
    good = known.revision or ", ".join(known.revisions) if known and known.status != "Unknown" else ""
    return good or _last_good(app.status.conditions) or _deployed(app)


def _compared_to(app: Application) -> ComparedTo:
    spec = app.spec
    return ComparedTo(
        destination=spec.destination,
        source=None if spec.sources else spec.source,
        sources=spec.sources,
        ignore_differences=spec.ignore_differences,
    )


def _since(conditions: Iterable[Condition], kind: str, text: str) -> str:
    """Since when the very same failure has been reported."""
    for condition in conditions:
        if condition.type == kind and condition.message.startswith(f"{text} (since "):
            return condition.message[len(text) + len(" (since ") :].split(";")[0].rstrip(")")
    return ""


def _last_good(conditions: Iterable[Condition]) -> str:
    for condition in conditions:
        _, marker, rest = condition.message.rpartition("; last good revision ")
        if marker:
            return rest.rstrip(")")
    return ""


def _deployed(app: Application) -> str:
    return app.status.history[-1].revision if app.status.history else ""
