"""A target sent to the API server: server-side apply under our field manager, or a dry run of the same."""

from trimtab.apply.cluster import Cluster
from trimtab.compare.prepare import TargetObject
from trimtab.kube import write
from trimtab.kube.resource import Resource
from trimtab.model.names import FIELD_MANAGER


async def send(target: TargetObject, resource: Resource, cluster: Cluster, *, dry_run: bool = False) -> bytes:
    """The object as it is (with `dry_run`: would be) afterwards. Conflicts are ours: what Git says counts.

    Raises `ApiError`.
    """
    return await write.apply_raw(
        cluster.transport,
        resource,
        target.body,
        name=target.key.name,
        namespace=target.key.namespace,
        field_manager=FIELD_MANAGER,
        force=True,
        dry_run=dry_run,
    )
