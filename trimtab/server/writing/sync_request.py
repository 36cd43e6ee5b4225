"""From what a caller asks to be synced to the operation that a controller carries out. Nothing here acts."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.model.application import (
    Application,
    ApplicationSource,
    Backoff,
    Info,
    Initiator,
    Operation,
    RetryStrategy,
    SyncOperation,
    SyncResourceSelector,
    SyncStrategy,
    SyncStrategyApply,
    SyncStrategyHook,
)
from trimtab.model.durations import parse_duration
from trimtab.server.failures import bad_request, precondition
from trimtab.server.operation import Body
from trimtab.sync.asking import hindrance, to_entry
from trimtab.sync.auto import automation


class ForceBody(Body, frozen=True):
    force: bool | None = None


class HookBody(ForceBody, frozen=True):
    """Argo CD's own description of its API nests the field, while its server does not."""

    sync_strategy_apply: ForceBody | None = None


class StrategyBody(Body, frozen=True):
    apply: ForceBody | None = None
    hook: HookBody | None = None


class SelectorBody(Body, frozen=True):
    kind: str
    name: str
    group: str | None = None
    namespace: str | None = None


class InfoBody(Body, frozen=True):
    name: str
    value: str | None = None


class BackoffBody(Body, frozen=True):
    duration: str | None = None
    factor: int | None = None
    max_duration: str | None = None


class RetryBody(Body, frozen=True):
    limit: int | None = None
    refresh: bool | None = None
    backoff: BackoffBody | None = None


class OptionsBody(Body, frozen=True):
    items: tuple[str, ...] | None = None


class SyncBody(Body, frozen=True):
    """A sync as callers ask for it; null is the same as left out.

    `sourcePositions`: from 1, which source each of `revisions` is for. `syncOptions`: {items: […]}, or just the list.
    """

    name: str | None = None
    app_namespace: str | None = None
    project: str | None = None
    revision: str | None = None
    revisions: tuple[str, ...] | None = None
    source_positions: tuple[int | str, ...] | None = None
    dry_run: bool | None = None
    prune: bool | None = None
    strategy: StrategyBody | None = None
    resources: tuple[SelectorBody, ...] | None = None
    manifests: tuple[str, ...] | None = None
    infos: tuple[InfoBody, ...] | None = None
    retry_strategy: RetryBody | None = None
    sync_options: OptionsBody | tuple[str, ...] | None = None


class RollbackBody(Body, frozen=True):
    """`id`: of the entry in `status.history`."""

    id: int | None = None
    name: str | None = None
    app_namespace: str | None = None
    project: str | None = None
    dry_run: bool | None = None
    prune: bool | None = None


class Pin(Struct, frozen=True):
    """A source (`at`: its place in the spec) and the revision that it is to be synced at."""

    at: int
    source: ApplicationSource
    revision: str

    @property
    def target(self) -> str:
        """The revision that the spec names."""
        return self.source.target_revision or "HEAD"


def pins(app: Application, body: SyncBody) -> tuple[Pin, ...]:
    """The revisions that are asked for. Raises Failure (400) where they fit no source, or auto-sync would undo them."""
    sources = app.spec.all_sources()
    several = bool(app.spec.sources) or bool(body.revisions)
    asked = _several(sources, body) if several else {0: body.revision or ""}
    found = tuple(Pin(at, sources[at], revision) for at, revision in asked.items() if revision)
    for pin in found:
        if automation(app) and not body.dry_run and pin.revision != pin.target:
            raise precondition(f"Cannot sync to {pin.revision}: auto-sync currently set to {pin.target}")
    return found


def sync_operation(app: Application, body: SyncBody, *, username: str, resolved: Mapping[int, str]) -> Operation:
    """`resolved`: what the revision of each pin means, by its place. Raises Failure (400)."""
    check_free(app)
    policy = app.spec.sync_policy
    several = len(app.spec.all_sources()) if app.spec.sources and resolved else 0
    sync = SyncOperation(
        revision="" if several else resolved.get(0, ""),
        revisions=tuple(resolved.get(at, "") for at in range(several)),
        prune=bool(body.prune),
        dry_run=bool(body.dry_run),
        sync_strategy=_strategy(body.strategy),
        resources=tuple(map(_selector, body.resources or ())),
        sync_options=_options(body, policy.sync_options if policy else ()),
    )
    return Operation(
        sync=sync,
        initiated_by=Initiator(username=username),
        info=tuple(Info(name=one.name, value=one.value or "") for one in body.infos or ()),
        retry=_retry(body.retry_strategy) or (policy.retry if policy and policy.retry else RetryStrategy()),
    )


def rollback_operation(app: Application, body: RollbackBody, *, username: str) -> Operation:
    """Back to an entry of the history, without hooks. Raises Failure (400)."""
    if automation(app):
        raise precondition("rollback cannot be initiated when auto-sync is enabled")
    check_free(app)
    if body.id is None:
        raise bad_request("id is missing; name the entry of status.history to go back to")
    entry = next((one for one in app.status.history if one.id == body.id), None)
    if entry is None:
        raise bad_request(f"application {app.metadata.name} does not have deployment with id {body.id}")
    if not entry.source and not entry.sources:
        raise precondition(f"deployment {body.id} does not say from which source it was; sync to its revision instead")
    sync = to_entry(entry, app, prune=bool(body.prune), dry_run=bool(body.dry_run))
    policy = app.spec.sync_policy
    retry = policy.retry if policy and policy.retry else RetryStrategy()
    return Operation(sync=sync, initiated_by=Initiator(username=username), retry=retry)


def check_free(app: Application) -> None:
    """Raises Failure (400) where no operation can be asked for now."""
    match hindrance(app):
        case "deleting":
            raise precondition("application is deleting")
        case "busy":
            raise precondition("another operation is already in progress")


def _several(sources: tuple[ApplicationSource, ...], body: SyncBody) -> dict[int, str]:
    """The revisions by the place of their source."""
    revisions, positions = body.revisions or (), body.source_positions or ()
    if body.revision:
        raise bad_request("send either revision, for one source, or revisions and sourcePositions, for several")
    if len(revisions) != len(positions):
        raise bad_request(f"{len(revisions)} revisions for {len(positions)} sourcePositions; name one for each")
    places = [int(position) - 1 if str(position).isdecimal() else -1 for position in positions]
    for position, place in zip(positions, places, strict=True):
        if not 0 <= place < len(sources):
            raise bad_request(f"source position {position} is not one of 1 to {len(sources)}")
    return dict(zip(places, revisions, strict=True))


def _strategy(body: StrategyBody | None) -> SyncStrategy | None:
    if body is None or (body.apply is None and body.hook is None):
        return None
    if body.apply is not None:
        return SyncStrategy(apply=SyncStrategyApply(force=bool(body.apply.force)))
    hook = body.hook or HookBody()
    nested = hook.sync_strategy_apply or ForceBody()
    return SyncStrategy(hook=SyncStrategyHook(force=bool(hook.force or nested.force)))


def _selector(body: SelectorBody) -> SyncResourceSelector:
    if not body.kind or not body.name:
        raise bad_request("resources: each needs kind and name")
    return SyncResourceSelector(group=body.group or "", kind=body.kind, namespace=body.namespace or "", name=body.name)


def _options(body: SyncBody, known: tuple[str, ...]) -> tuple[str, ...]:
    if body.sync_options is None:
        return known
    given = body.sync_options.items if isinstance(body.sync_options, OptionsBody) else body.sync_options
    return tuple(given or ())


def _retry(body: RetryBody | None) -> RetryStrategy | None:
    if body is None:
        return None
    given = body.backoff or BackoffBody()
    for name, duration in (("duration", given.duration), ("maxDuration", given.max_duration)):
        try:
            parse_duration(duration or "0")
        except ValueError as error:
            raise bad_request(f"retryStrategy.backoff.{name}: {error}") from error
    backoff = Backoff(duration=given.duration or "", factor=given.factor, max_duration=given.max_duration or "")
    return RetryStrategy(limit=body.limit or 0, refresh=bool(body.refresh), backoff=backoff if body.backoff else None)
