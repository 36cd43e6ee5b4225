"""One look at one application, from Git to a decision. This is the function that tells what Trimtab does."""

import asyncio

from msgspec import Struct

from trimtab.access.project import Limits
from trimtab.access.windows import state as window_state
from trimtab.access.windows import windows_for
from trimtab.apply.dry_run import confirm
from trimtab.compare.comparison import Comparison, Verdict, compare
from trimtab.compare.drift import Drift, drifts
from trimtab.compare.prepare import Identity, Prepared, prepare, scopes_declared
from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.world import Declared, Memory, World
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.errors import NotFound
from trimtab.live.entry import Entry
from trimtab.model.application import Application, ApplicationSource
from trimtab.model.keys import AppKey, Kind, ObjectKey, kind_of
from trimtab.model.target import Target
from trimtab.render import Rendering, RenderRequest, render
from trimtab.source.checkout import Checkout
from trimtab.sync.auto import Decision, Situation, decide

Pinned = tuple[str, ...]
"""Revisions that an operation asks for, one for each source; () for what the sources themselves name."""


class Refreshed(Struct, frozen=True):
    """What one look found, and what automated sync makes of it."""

    declared: Declared
    comparison: Comparison
    drifts: tuple[Drift, ...]
    decision: Decision


async def refresh(app: Application, world: World, memory: Memory, *, resolve: bool, since: float) -> Refreshed:
    """Fetch, render, compare, decide. `resolve`: ask Git again; otherwise what it last said is taken as it was.

    `since` (by the monotonic clock): what was fetched after that is fresh enough, so that many share one fetch.

    Raises Stalled, Retry or Wait; nothing has been written then, to the cluster or anywhere else.
    """
    cluster = world.clusters.find(app.spec.destination)
    limits = await world.projects.check(app)
    declared = memory.declared
    if resolve or declared is None:
        declared = await declare(app, world, cluster, known=declared, since=since)
    comparison = await observe(app, declared, cluster, known=memory.verdicts, limits=limits)
    # What the project has stopped to permit is out of sight, and has not drifted.
    drifted = tuple(d for d in drifts(memory.verdicts, comparison) if not limits.object_refusal(d.key))
    memory.declared, memory.verdicts = declared, comparison.verdicts()
    now = world.clock.now()
    windows = window_state(windows_for(app, limits.project), now)
    situation = Situation(
        app=app,
        comparison=comparison,
        revision=declared.revision,
        revisions=declared.revisions,
        sources=declared.sources,
        now=now,
        closed_for=0.0 if windows.may_sync(manually=False) else windows.seconds_left(now),
    )
    blocked = declared.prepared.errors
    return Refreshed(declared, comparison, drifted, None if blocked else decide(situation))


async def declare(
    app: Application,
    world: World,
    cluster: ClusterHandle,
    *,
    known: Declared | None = None,
    sources: tuple[ApplicationSource, ...] = (),
    pinned: Pinned = (),
    since: float | None = None,
) -> Declared:
    """What Git declares now (or at the `pinned` revisions). `known` is given back where nothing has changed."""
    identity = identity_of(app, world)
    sources = sources or app.spec.all_sources()
    if not sources:
        raise Stalled("spec.source is missing; say where the manifests are", reason="InvalidSpecError")
    checkouts = await asyncio.gather(
        *(
            _fetch(source, world, project=app.spec.project, pinned=pinned[at] if at < len(pinned) else "", since=since)
            for at, source in enumerate(sources)
        )
    )
    revisions = tuple(checkout.revision for checkout in checkouts)
    if known and _same(known, identity, sources, revisions):
        return known
    renderings = await asyncio.gather(
        *(
            _render(app, source, checkout, world, cluster)
            for source, checkout in zip(sources, checkouts, strict=True)
            if source.path or not source.ref
        )
    )
    digest = ",".join(rendering.digest for rendering in renderings)
    if known and (known.digest, known.identity) == (digest, identity) and not known.prepared.errors:
        prepared = known.prepared
    else:
        prepared = await _prepare([t for r in renderings for t in r.targets], identity, cluster)
    types = tuple(rendering.source_type for rendering in renderings)
    return Declared(identity, sources, revisions, types, digest, prepared)


async def observe(
    app: Application, declared: Declared, cluster: ClusterHandle, *, known: dict[ObjectKey, Verdict], limits: Limits
) -> Comparison:
    """Compare with what runs; what looks different is confirmed by the API server itself.

    What the project does not permit is no object of the application, whatever it says of itself.
    """
    live = await _live_objects(app, declared, cluster)
    refused = limits.refused(live.keys())
    live = {key: entry for key, entry in live.items() if key not in refused}
    comparison = compare(declared.prepared, instance=declared.identity.instance, live=live, known=known)
    suspects = comparison.suspects()
    return comparison.settled(await confirm(suspects, cluster)) if suspects else comparison


def identity_of(app: Application, world: World) -> Identity:
    """What the application's objects are stamped with."""
    key = AppKey(app.metadata.namespace, app.metadata.name)
    return Identity(key.instance(world.settings.namespace), app.spec.destination.namespace)


def _same(
    known: Declared, identity: Identity, sources: tuple[ApplicationSource, ...], revisions: tuple[str, ...]
) -> bool:
    unchanged = (known.identity, known.sources, known.revisions) == (identity, sources, revisions)
    return unchanged and not known.prepared.errors


async def _fetch(
    source: ApplicationSource, world: World, *, project: str, pinned: str, since: float | None
) -> Checkout:
    async def attempt(since: float | None = None) -> Checkout:
        access = await world.repositories.access(source.repo_url, project=project)
        revision = pinned or source.target_revision
        return await world.sources.checkout(access, revision, source.path, tag_prefix=source.tag_prefix, since=since)

    try:
        return await attempt(since)
    except Stalled as error:
        # Perhaps the credentials were corrected meanwhile: the next try reads them anew.
        world.repositories.forget()
        return await world.host_keys.again(error, source.repo_url, attempt)


async def _render(
    app: Application, source: ApplicationSource, checkout: Checkout, world: World, cluster: ClusterHandle
) -> Rendering:
    request = RenderRequest(
        source=source,
        app_name=app.metadata.name,
        instance=identity_of(app, world).instance,
        namespace=app.spec.destination.namespace,
        project=app.spec.project,
        revision=checkout.revision,
        kube_version=await cluster.discovery.version(),
        api_versions=tuple(await cluster.discovery.api_versions()),
    )
    return await render(checkout, request, workshop=world.workshop)


async def _prepare(targets: list[Target], identity: Identity, cluster: ClusterHandle) -> Prepared:
    kinds, declared = {kind_of(target.manifest) for target in targets}, scopes_declared(targets)
    served = await cluster.scopes(kinds)
    unserved = {kind for kind in kinds if kind not in served and (kind.group, kind.kind) not in declared}
    await cluster.await_kinds(identity.instance, lacking=bool(unserved))
    scopes = {(kind.group, kind.kind): scope for kind, scope in served.items()} | declared
    return prepare(targets, identity=identity, scopes=scopes, unserved=unserved)


async def _live_objects(app: Application, declared: Declared, cluster: ClusterHandle) -> dict[ObjectKey, Entry]:
    """The objects that the targets name, and those that are tracked to the application."""
    prepared, instance = declared.prepared, declared.identity.instance
    reported = {(resource.group, resource.kind) for resource in app.status.resources}
    await cluster.watch_kinds(reported | {(t.kind.group, t.kind.kind) for t in (*prepared.objects, *prepared.hooks)})
    kinds = {target.key: target.kind for target in prepared.objects}
    cluster.live.want(instance, frozenset(kinds))
    unread = [key for key in kinds if cluster.live.presence(key) == "unread"]
    await asyncio.gather(*(_read(key, kinds[key], cluster) for key in unread))
    wanted = {key: entry for key in kinds if (entry := cluster.live.get(key)) is not None}
    return {**cluster.live.tracked(instance), **wanted}


async def _read(key: ObjectKey, kind: Kind, cluster: ClusterHandle) -> None:
    resource = await cluster.resource(kind)
    try:
        observed = await read.get_observed(cluster.transport, resource, key.name, namespace=key.namespace)
    except NotFound:
        return
    cluster.live.put(observed)
