"""Hook objects: found again after a restart, deleted, and let go of."""

import contextlib
import logging
from collections.abc import Iterable

from trimtab.apply.cluster import Cluster
from trimtab.compare.prepare import TargetObject
from trimtab.errors import Stalled, TrimtabError
from trimtab.kube import read, write
from trimtab.kube.errors import Conflict, NotFound
from trimtab.kube.resource import Resource
from trimtab.model.application import ResourceResult
from trimtab.model.keys import Kind, ObjectKey, annotations_of
from trimtab.model.names import ATTEMPT, HOOK_FINALIZER
from trimtab.model.observed import Observed

log = logging.getLogger(__name__)
ATTEMPTS = 3


async def abort(results: Iterable[ResourceResult], cluster: Cluster) -> None:
    """Delete the hooks of a stopped sync that still run. One that we may not delete is left; raises Retry."""
    for key in _running(results):
        try:
            found = await cluster.discovery.find(key.group, key.kind)
            await delete_hook(key, found.kind, cluster)
        except Stalled as error:
            log.warning("hook %s of a stopped sync is left: %s", key, error.message)


async def let_go(results: Iterable[ResourceResult], cluster: Cluster) -> None:
    """Nobody will ask for the outcome of these hooks any more: they run on, and may vanish when they have ended."""
    for key in _running(results):
        with contextlib.suppress(TrimtabError):
            await release_hook(key, await cluster.discovery.find(key.group, key.kind), cluster)


def _running(results: Iterable[ResourceResult]) -> list[ObjectKey]:
    """The hooks that run, each once; what was reported last of a hook counts."""
    phases = {
        ObjectKey(group=r.group, kind=r.kind, namespace=r.namespace, name=r.name): r.hook_phase
        for r in results
        if r.hook_type
    }
    return [key for key, phase in phases.items() if phase == "Running"]


async def find_hook(target: TargetObject, cluster: Cluster) -> Observed | None:
    """The hook object as it is in the cluster now, None when it is not there."""
    resource = await cluster.resource(target.kind)
    try:
        observed = await read.get_observed(cluster.transport, resource, target.key.name, namespace=target.key.namespace)
    except NotFound:
        return None
    cluster.take_in(observed)
    return observed


def is_same_attempt(found: Observed, target: TargetObject) -> bool:
    """Was `found` made by this very attempt of the operation, before the controller was restarted?

    A hook whose outcome has been written down has lost our finalizer: that was another attempt.
    """
    made_by = (found.meta.annotations or {}).get(ATTEMPT)
    if found.meta.deletion_timestamp or HOOK_FINALIZER not in found.meta.finalizers:
        return False
    return made_by is not None and made_by == annotations_of(target.manifest()).get(ATTEMPT)


async def delete_hook(key: ObjectKey, kind: Kind, cluster: Cluster) -> None:
    """Delete a hook object and let go of it; nothing to do when it is not there."""
    resource = await cluster.resource(kind)
    with contextlib.suppress(NotFound):
        await write.delete(cluster.transport, resource, key.name, namespace=key.namespace, propagation="Background")
        await release_hook(key, resource, cluster)


async def release_hook(key: ObjectKey, resource: Resource, cluster: Cluster) -> None:
    """Take our finalizer off a hook: its outcome is known."""
    with contextlib.suppress(NotFound):
        for _ in range(ATTEMPTS):
            manifest = await read.get(cluster.transport, resource, key.name, namespace=key.namespace)
            metadata = manifest["metadata"]
            finalizers = metadata.get("finalizers") or []
            if HOOK_FINALIZER not in finalizers:
                return
            left = [name for name in finalizers if name != HOOK_FINALIZER]
            body = {"metadata": {"finalizers": left, "resourceVersion": metadata["resourceVersion"]}}
            with contextlib.suppress(Conflict):
                await write.patch(
                    cluster.transport, resource, key.name, body, patch_type="merge", namespace=key.namespace
                )
                return
