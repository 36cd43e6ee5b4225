"""Looking at an application without a controller: the same fetching, rendering and comparing, done once."""

import asyncio

from msgspec import Struct
from msgspec.structs import replace

from trimtab.apply.dry_run import confirm
from trimtab.cli.applications import Applications
from trimtab.cli.direct import DirectCluster, reported
from trimtab.clock import SystemClock
from trimtab.compare.comparison import Comparison, compare
from trimtab.compare.prepare import Identity, Prepared, Scope, prepare, scopes_declared
from trimtab.controller.repositories import Repositories
from trimtab.errors import Stalled
from trimtab.kube.errors import Forbidden
from trimtab.live.entry import Entry
from trimtab.model.application import Application, ApplicationSource
from trimtab.model.keys import AppKey, Kind, ObjectKey, kind_of
from trimtab.model.repository import RepositoryAccess
from trimtab.model.target import Target
from trimtab.render import Rendering, RenderRequest, Tree, Workshop, render
from trimtab.sandbox.resources import LINES
from trimtab.settings import default_cache
from trimtab.source.checkout import Checkout
from trimtab.source.git import GitStore

NAMESPACE = Kind(group="", version="v1", kind="Namespace")
BUILT_IN: dict[tuple[str, str], Scope] = {
    (line.api_version.rpartition("/")[0], line.kind): "Namespaced" if line.namespaced else "Cluster" for line in LINES
}
"""The scopes of Kubernetes' own kinds, for when there is no cluster to ask."""


class Declared(Struct, frozen=True):
    """What the sources of an application declare."""

    app: Application
    identity: Identity
    targets: tuple[Target, ...]


async def declared_by_git(
    app: Application, applications: Applications, *, cluster: DirectCluster, workshop: Workshop, revision: str = ""
) -> Declared:
    """What Git declares, at `revision` instead of the one that the (only) source names. Raises Stalled or Retry."""
    sources = app.spec.all_sources()
    if not sources:
        raise Stalled(f"Application {app.metadata.name} names no source; set spec.source")
    if revision and len(sources) > 1:
        raise Stalled(f"Application {app.metadata.name} has {len(sources)} sources; --revision is for one")
    store = GitStore(default_cache() / "git", clock=SystemClock())
    repositories = Repositories(
        applications.transport, cluster.discovery, namespace=_control_namespace(app), clock=SystemClock()
    )

    async def fetched(source: ApplicationSource) -> Checkout:
        access = await _access(source.repo_url, repositories)
        return await store.checkout(access, revision or source.target_revision, source.path)

    checkouts = await asyncio.gather(*(fetched(source) for source in sources))
    sourced = [
        (source, checkout) for source, checkout in zip(sources, checkouts, strict=True) if source.path or not source.ref
    ]
    renderings = [
        await _render(app, source, tree=checkout, cluster=cluster, workshop=workshop, revision=checkout.revision)
        for source, checkout in sourced
    ]
    return _declared(app, renderings)


async def declared_by_folder(
    app: Application, tree: Tree, *, cluster: DirectCluster | None, workshop: Workshop
) -> Declared:
    """What a folder on disk declares: `tree` at the path of the application's first source."""
    source = app.spec.all_sources()[0]
    rendering = await _render(app, source, tree=tree, cluster=cluster, workshop=workshop, revision="")
    return _declared(app, [rendering])


def _declared(app: Application, renderings: list[Rendering]) -> Declared:
    key = AppKey(app.metadata.namespace, app.metadata.name)
    return Declared(
        app=app,
        identity=Identity(key.instance(_control_namespace(app)), app.spec.destination.namespace),
        targets=tuple(target for rendering in renderings for target in rendering.targets),
    )


def _control_namespace(app: Application) -> str:
    """The namespace that the controller at work has written into the status; else the application's own."""
    return app.status.controller_namespace or app.metadata.namespace


async def prepared(declared: Declared, cluster: DirectCluster | None) -> Prepared:
    """The targets as they would be applied. Raises Stalled with the first thing that cannot be decided."""
    kinds = {(kind.group, kind.kind) for kind in (kind_of(target.manifest) for target in declared.targets)}
    served = await cluster.scopes(kinds) if cluster else {kind: BUILT_IN.get(kind, "Namespaced") for kind in kinds}
    scopes = {**served, **scopes_declared(declared.targets)}
    made = prepare(declared.targets, identity=declared.identity, scopes=scopes)
    if made.errors:
        more = f" (and {len(made.errors) - 1} more)" if len(made.errors) > 1 else ""
        raise Stalled(f"{made.errors[0].message}{more}", reason="ComparisonError")
    return made


async def compared(declared: Declared, made: Prepared, *, cluster: DirectCluster | None) -> Comparison:
    """The targets against what runs (nothing, without a cluster); what looks different is confirmed by a dry run."""
    live = await _live(declared.app, made, cluster) if cluster else {}
    found = compare(made, instance=declared.identity.instance, live=live, known={})
    suspects = found.suspects()
    return found.settled(await confirm(suspects, cluster)) if suspects and cluster else found


async def _live(app: Application, made: Prepared, cluster: DirectCluster) -> dict[ObjectKey, Entry]:
    """The objects that the targets name, and those that the application's status reports."""
    return await cluster.entries({**reported(app), **{target.key: target.kind for target in made.objects}})


async def _render(
    app: Application,
    source: ApplicationSource,
    *,
    tree: Tree,
    cluster: DirectCluster | None,
    workshop: Workshop,
    revision: str,
) -> Rendering:
    key = AppKey(app.metadata.namespace, app.metadata.name)
    request = RenderRequest(
        source=source,
        app_name=app.metadata.name,
        instance=key.instance(_control_namespace(app)),
        namespace=app.spec.destination.namespace,
        project=app.spec.project,
        revision=revision,
    )
    if cluster:
        request = replace(
            request,
            kube_version=await cluster.discovery.version(),
            api_versions=await cluster.discovery.api_versions(),
        )
    return await render(tree, request, workshop=workshop)


async def _access(url: str, repositories: Repositories) -> RepositoryAccess:
    """The credentials that the cluster holds; none where this user may not read them (a public one needs none)."""
    try:
        return await repositories.access(url)
    except Forbidden:
        return RepositoryAccess(url=url)
