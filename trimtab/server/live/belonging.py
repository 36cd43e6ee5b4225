"""Does an object belong to an application? Only what does can be read and changed through it."""

import orjson
from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.discovery import UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.observed import Observed
from trimtab.model.tracking import owner_of
from trimtab.server.failures import Failure, bad_request
from trimtab.server.live.looks import looks_of
from trimtab.server.live.subject import Looked

MOST_GENERATIONS = 10


class Member(Struct, frozen=True):
    """A live object of an application, as it is now."""

    key: ObjectKey
    resource: Resource
    observed: Observed

    @property
    def manifest(self) -> Manifest:
        """Decoded, each time."""
        manifest: Manifest = orjson.loads(self.observed.raw)
        return manifest


async def member(subject: Looked, key: ObjectKey, *, version: str = "") -> Member:
    """The object `key`. Raises Failure (400) where it is not part of the application, or not there."""
    limits = await subject.served.world.projects.limits(subject.app)
    if limits.object_refusal(key):
        raise absent(subject, key)
    try:
        resource = await subject.cluster.discovery.find(key.group, key.kind, version=version)
        if resource.namespaced != bool(key.namespace):
            raise absent(subject, key)
        observed = await read.get_observed(subject.cluster.transport, resource, key.name, namespace=key.namespace)
    except (NotFound, UnknownKind):
        raise absent(subject, key) from None
    if not await _belongs(subject, observed):
        raise absent(subject, key)
    return Member(key, resource, observed)


def absent(subject: Looked, key: ObjectKey) -> Failure:
    """What is not there and what is another's are one and the same."""
    return bad_request(f"{key.kind} {key.group} {key.name} not found as part of application {subject.name}")


async def _belongs(subject: Looked, observed: Observed) -> bool:
    """Up the ownerReferences, to an object of the application's own; the tree knows of other ties."""
    now: Observed | None = observed
    for _ in range(MOST_GENERATIONS):
        if now is None:
            break
        if _is_root(subject, now):
            return True
        now = await _owner(subject, now)
    async with looks_of(subject.served).view(subject) as view:
        grown = await view.grown()
    known = grown.members.get(observed.key) or grown.orphans.get(observed.key)
    return known is not None and known.kin.uid == observed.meta.uid


def _is_root(subject: Looked, observed: Observed) -> bool:
    """What is tracked to another application is that one's, whatever the status says."""
    tracked = owner_of(observed.key, observed.meta.annotations)
    if tracked:
        return tracked == subject.instance
    reported = subject.app.status.resources
    return any(ObjectKey(one.group, one.kind, one.namespace, one.name) == observed.key for one in reported)


async def _owner(subject: Looked, observed: Observed) -> Observed | None:
    """The owner that controls the object, or the first one."""
    owners = sorted(observed.meta.owner_references, key=lambda owner: not owner.controller)
    if not owners:
        return None
    group, _, version = owners[0].api_version.rpartition("/")
    cluster = subject.cluster
    try:
        resource = await cluster.discovery.find(group, owners[0].kind, version=version)
        namespace = observed.key.namespace if resource.namespaced else ""
        owner = await read.get_observed(cluster.transport, resource, owners[0].name, namespace=namespace)
    except Stalled:
        return None
    return owner if owner.meta.uid == owners[0].uid else None
