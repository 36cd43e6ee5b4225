"""Deletion of an application: with the finalizer its objects go first, highest wave first; without, they stay.

What is removed is what the cluster says belongs to the application: neither Git nor a rendering is asked, so a broken
repository cannot hold a deletion up.
"""

import asyncio
from collections.abc import Callable, Iterable

from trimtab.apply.objects import remove_tracked
from trimtab.compare.prepare import CRD
from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.world import World
from trimtab.kube.write import Propagation
from trimtab.live.entry import Entry
from trimtab.model.application import Application
from trimtab.model.hooks import wave_of
from trimtab.model.keys import AppKey, Kind, Manifest, annotations_of, kind_of
from trimtab.model.names import BACKGROUND_FINALIZER, FOREGROUND_FINALIZER, HELM_RESOURCE_POLICY, RESOURCES_FINALIZER
from trimtab.model.options import object_options

CASCADE = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)
LOOK_AGAIN = 5.0

Keep = Callable[[Entry, Manifest], bool]


def keep_crds(entry: Entry, live: Manifest) -> bool:
    """A CustomResourceDefinition takes every object of its kind with it, whoever made them."""
    return (entry.key.group, entry.key.kind) == CRD


def keep_delete_disabled(entry: Entry, live: Manifest) -> bool:
    """`argocd.argoproj.io/sync-options: Delete=false`."""
    return "Delete=false" in object_options(live)


def keep_helm_policy(entry: Entry, live: Manifest) -> bool:
    """`helm.sh/resource-policy: keep`."""
    return annotations_of(live).get(HELM_RESOURCE_POLICY) == "keep"


KEEPERS: tuple[Keep, ...] = (keep_crds, keep_delete_disabled, keep_helm_policy)
"""Reasons to leave an object behind; the first that answers True wins."""


def is_deleting(app: Application) -> bool:
    return app.metadata.deletion_timestamp is not None


async def finalize(app: Application, world: World) -> float:
    """One step of the deletion; seconds until the next look (infinite when ours is done)."""
    ours = [name for name in app.metadata.finalizers if name in CASCADE]
    if not ours:
        return float("inf")
    cluster = world.clusters.find(app.spec.destination)
    if await _remove_objects(app, cluster, world, background=BACKGROUND_FINALIZER in ours):
        return LOOK_AGAIN
    left = [name for name in app.metadata.finalizers if name not in CASCADE]
    body = {"metadata": {"finalizers": left, "resourceVersion": app.metadata.resource_version}}
    await world.applications.patch(AppKey(app.metadata.namespace, app.metadata.name), body)
    world.recorder.emit(app, "ResourceDeleted", "its objects are removed")
    return float("inf")


async def _remove_objects(app: Application, cluster: ClusterHandle, world: World, *, background: bool) -> bool:
    """Delete the highest wave that is still there; False when nothing is left to remove."""
    instance = AppKey(app.metadata.namespace, app.metadata.name).instance(world.settings.namespace)
    state = app.status.operation_state
    kinds = {(resource.group, resource.kind) for resource in app.status.resources}
    if state and state.sync_result:
        kinds |= {(result.group, result.kind) for result in state.sync_result.resources}
    await cluster.watch_kinds(kinds)
    doomed = _doomed(cluster.live.tracked(instance).values())
    if not doomed:
        return False
    highest = max(wave for wave, _, _ in doomed)
    propagation: Propagation = "Background" if background else "Foreground"
    await asyncio.gather(
        *(
            remove_tracked(entry.key, kind, cluster, instance=instance, propagation=propagation)
            for wave, entry, kind in doomed
            if wave == highest
        )
    )
    return True


def _doomed(entries: Iterable[Entry]) -> list[tuple[int, Entry, Kind]]:
    found = []
    for entry in entries:
        live = entry.manifest()
        if not any(keep(entry, live) for keep in KEEPERS):
            found.append((wave_of(live), entry, kind_of(live)))
    return found
