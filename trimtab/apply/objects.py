"""One object written, removed, or waited for. Every answer goes into the watch cache at once."""

import contextlib

from trimtab.apply.cluster import Cluster
from trimtab.apply.send import send
from trimtab.compare.prepare import TargetObject
from trimtab.compare.takeover import taken_over
from trimtab.errors import Retry, Wait
from trimtab.kube import read, write
from trimtab.kube.errors import AlreadyExists, Conflict, NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.write import Propagation
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.names import FIELD_MANAGER
from trimtab.model.observed import Observed
from trimtab.model.tracking import owner_of

ATTEMPTS = 3


async def apply_object(target: TargetObject, cluster: Cluster, *, takeover: bool = False) -> Observed:
    """Server-side apply of `target`; conflicts are ours (what Git says counts). Raises `ApiError`, `UnknownKind`."""
    resource = await cluster.resource(target.kind)
    if takeover:
        await take_over(target.key, resource, cluster)
    observed = read.observe(resource, await send(target, resource, cluster))
    cluster.take_in(observed)
    return observed


async def take_over(key: ObjectKey, resource: Resource, cluster: Cluster) -> None:
    """Move what a client-side apply owns to our field manager, against the very state that was read."""
    for _ in range(ATTEMPTS):
        manifest = await read.get(cluster.transport, resource, key.name, namespace=key.namespace)
        metadata = manifest["metadata"]
        moved = taken_over(metadata.get("managedFields") or [])
        if moved is None:
            return
        operations = [
            {"op": "replace", "path": "/metadata/managedFields", "value": moved},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        with contextlib.suppress(Conflict):
            await write.patch(
                cluster.transport,
                resource,
                key.name,
                operations,
                patch_type="json",
                namespace=key.namespace,
                field_manager=FIELD_MANAGER,
            )
            return
    raise Retry(f"{key}: changes too fast to take over its fields; it is tried again", reason="Conflict")


async def remove_tracked(
    key: ObjectKey, kind: Kind, cluster: Cluster, *, instance: str, propagation: Propagation = "Foreground"
) -> bool:
    """Delete `key` if it is still tracked to `instance`; False when there is nothing (any more) that is.

    The object that is deleted is the very one that was looked at: a change in between makes us look again.
    """
    resource = await cluster.resource(kind)
    for _ in range(ATTEMPTS):
        try:
            manifest = await read.get(cluster.transport, resource, key.name, namespace=key.namespace)
        except NotFound:
            return False
        metadata = manifest["metadata"]
        if owner_of(key, metadata.get("annotations")) != instance:
            return False
        if metadata.get("deletionTimestamp"):
            return True
        try:
            await write.delete(
                cluster.transport,
                resource,
                key.name,
                namespace=key.namespace,
                propagation=propagation,
                uid=metadata["uid"],
                resource_version=metadata["resourceVersion"],
            )
        except NotFound:
            return False
        except Conflict:
            continue
        return True
    raise Retry(f"{key}: changes too fast to be deleted; it is tried again", reason="Conflict")


async def create_namespace(name: str, cluster: Cluster) -> bool:
    """Create the namespace; False when it exists."""
    kind = Kind(group="", version="v1", kind="Namespace")
    resource = await cluster.discovery.find("", "Namespace")
    manifest = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    try:
        await write.create(cluster.transport, resource, manifest, field_manager=FIELD_MANAGER)
    except AlreadyExists:
        return False
    return True


async def wait_established(name: str, cluster: Cluster) -> None:
    """Return when the API server serves the objects of a CRD. Raises Wait after some seconds."""
    resource = await cluster.discovery.find("apiextensions.k8s.io", "CustomResourceDefinition")
    key = resource.key(name)
    for _ in range(40):
        manifest = await read.get(cluster.transport, resource, name)
        conditions = (manifest.get("status") or {}).get("conditions") or []
        if any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
            cluster.discovery.invalidate()
            return
        await cluster.changed(frozenset((key,)), timeout=0.25)
    raise Wait(f"{key} is not established after 10 s; look at its status conditions", reason="NotEstablished")
