"""Deletion of an application: with the finalizer its objects go first, highest wave first; without, they stay.

What is removed is what the cluster says belongs to the application: neither Git nor a rendering is asked, so a broken
repository cannot hold a deletion up.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

import msgspec

from trimtab.access.project import Limits
from trimtab.apply.hooks import release_hook
from trimtab.apply.objects import remove_tracked
from trimtab.clock import rfc3339
from trimtab.compare.prepare import CRD
from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.world import World
from trimtab.errors import Stalled, TrimtabError
from trimtab.kube.write import Propagation
from trimtab.live.entry import Entry
from trimtab.model.application import Application, Condition
from trimtab.model.hooks import wave_of
from trimtab.model.keys import AppKey, Kind, Manifest, annotations_of, kind_of
from trimtab.model.names import (
    BACKGROUND_FINALIZER,
    FOREGROUND_FINALIZER,
    HELM_RESOURCE_POLICY,
    HOOK_FINALIZER,
    RESOURCES_FINALIZER,
)
from trimtab.model.options import object_options
from trimtab.status.conditions import merge_conditions

log = logging.getLogger(__name__)
DELETION_ERROR = "DeletionError"
CASCADE = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)
LOOK_AGAIN = 5.0
AFTER_ERROR = 15.0

Keep = Callable[[Entry, Manifest], bool]


def keep_crds(entry: Entry, live: Manifest) -> bool:
    """A CustomResourceDefinition takes every object of its kind with it, whoever made them."""
    return (entry.key.group, entry.key.kind) == CRD


def keep_delete_disabled(entry: Entry, live: Manifest) -> bool:
    """`argocd.argoproj.io/sync-options: Delete=false`."""
    return "Delete=false" in object_options(live)


def keep_not_permitted(limits: Limits) -> Keep:
    """What the application's project does not permit: it may not be the application's to remove."""

    def keep(entry: Entry, live: Manifest) -> bool:
        return bool(limits.object_refusal(entry.key))

    return keep


def keep_helm_policy(entry: Entry, live: Manifest) -> bool:
    """`helm.sh/resource-policy: keep`."""
    return annotations_of(live).get(HELM_RESOURCE_POLICY) == "keep"


KEEPERS: tuple[Keep, ...] = (keep_crds, keep_delete_disabled, keep_helm_policy)
"""Reasons to leave an object behind, besides `keep_not_permitted`; the first that answers True wins."""


def is_deleting(app: Application) -> bool:
    return app.metadata.deletion_timestamp is not None


async def finalize(app: Application, world: World) -> float:
    """One step of the deletion; seconds until the next look (infinite when ours is done)."""
    ours = [name for name in app.metadata.finalizers if name in CASCADE]
    if not ours:
        return float("inf")
    cluster = _cluster(app, world)
    said = "its cluster is not known here: its objects are left behind"
    if cluster is not None:
        try:
            if await _remove_objects(app, cluster, world, background=BACKGROUND_FINALIZER in ours):
                return LOOK_AGAIN
        except TrimtabError as error:
            await _report(app, error, world)
            return AFTER_ERROR
        said = "its objects are removed"
    left = [name for name in app.metadata.finalizers if name not in CASCADE]
    seen = app.metadata.resource_version
    await world.applications.patch(app, {"metadata": {"finalizers": left, "resourceVersion": seen}})
    world.recorder.emit(app, "ResourceDeleted", said)
    return float("inf")


def _cluster(app: Application, world: World) -> ClusterHandle | None:
    """None for a cluster that is not known (any more): nothing can be removed there, and nothing waited for."""
    try:
        return world.clusters.find(app.spec.destination)
    except Stalled:
        return None


async def _report(app: Application, error: TrimtabError, world: World) -> None:
    """Say as a condition why the deletion does not come to its end; once."""
    log.warning("%s cannot be removed yet: %s", app.metadata.name, error.message)
    condition = Condition(type=DELETION_ERROR, message=error.message)
    now = rfc3339(world.clock.now())
    told = merge_conditions(app.status.conditions, [condition], now=now, owned=frozenset((DELETION_ERROR,)))
    if told != app.status.conditions:
        await world.applications.patch(app, {"status": {"conditions": msgspec.to_builtins(told)}})


async def _remove_objects(app: Application, cluster: ClusterHandle, world: World, *, background: bool) -> bool:
    """Delete the highest wave that is still there; False when nothing is left to remove.

    An object that cannot be deleted does not keep the others of its wave. Raises what stood in the way.
    """
    instance = AppKey(app.metadata.namespace, app.metadata.name).instance(world.settings.namespace)
    await cluster.watch_kinds(_kinds(app))
    keepers = (*KEEPERS, keep_not_permitted(await world.projects.limits(app)))
    doomed = _doomed(cluster.live.tracked(instance).values(), keepers)
    if not doomed:
        return False
    highest = max(wave for wave, _, _ in doomed)
    propagation: Propagation = "Background" if background else "Foreground"
    outcomes = await asyncio.gather(
        *(
            _remove(entry, kind, cluster, instance=instance, propagation=propagation)
            for wave, entry, kind in doomed
            if wave == highest
        ),
        return_exceptions=True,
    )
    if errors := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
        raise errors[0]
    return True


def _kinds(app: Application) -> set[tuple[str, str]]:
    """Of all that the application has, or may have begun to have."""
    state = app.status.operation_state
    results = state.sync_result.resources if state and state.sync_result else ()
    return {(r.group, r.kind) for r in app.status.resources} | {(r.group, r.kind) for r in results}


async def _remove(entry: Entry, kind: Kind, cluster: ClusterHandle, *, instance: str, propagation: Propagation) -> None:
    if not await remove_tracked(entry.key, kind, cluster, instance=instance, propagation=propagation):
        return
    if HOOK_FINALIZER in (entry.manifest()["metadata"].get("finalizers") or ()):
        # A hook of a sync that nobody will end any more.
        await release_hook(entry.key, await cluster.resource(kind), cluster)


def _doomed(entries: Iterable[Entry], keepers: tuple[Keep, ...]) -> list[tuple[int, Entry, Kind]]:
    found = []
    for entry in entries:
        live = entry.manifest()
        if not any(keep(entry, live) for keep in keepers):
            found.append((wave_of(live), entry, kind_of(live)))
    return found
