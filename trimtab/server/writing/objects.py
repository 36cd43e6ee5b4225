"""The one place of the API that writes Applications and AppProjects: read, decide, put over exactly that state."""

from collections.abc import Callable

from trimtab.kube import read, write
from trimtab.kube.errors import NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.model.keys import Kind, Manifest
from trimtab.model.names import GROUP, VERSION
from trimtab.server.failures import Code, Failure
from trimtab.server.served import Served

APPLICATION = Resource(Kind(GROUP, VERSION, "Application"), "applications", True)
PROJECT = Resource(Kind(GROUP, VERSION, "AppProject"), "appprojects", True)
FIELD_MANAGER = "argocd-server"
ATTEMPTS = 10

Decide = Callable[[Manifest], Manifest | None]


async def find(served: Served, resource: Resource, name: str) -> Manifest | None:
    """The object as the API server has it now; None where there is none. `name` has been checked."""
    try:
        return await read.get(served.transport, resource, name, namespace=served.namespace)
    except NotFound:
        return None


async def create(served: Served, resource: Resource, manifest: Manifest) -> Manifest:
    """Raises `AlreadyExists`, `Invalid` and other `ApiError`s."""
    return await write.create(served.transport, resource, manifest, field_manager=FIELD_MANAGER)


async def put(served: Served, resource: Resource, manifest: Manifest) -> Manifest:
    """Replace the object, in the state that its resourceVersion names. Raises `StaleConflict` and other `ApiError`s."""
    return await write.replace(
        served.transport, resource, manifest, field_manager=FIELD_MANAGER, field_validation="Ignore"
    )


async def change(served: Served, resource: Resource, current: Manifest, decide: Decide) -> Manifest:
    """Put what `decide` makes of the object (first `current`, then newer states of it); None leaves it as it is.

    Raises Failure (409) where others are quicker again and again; whatever `decide` raises; `ApiError`s.
    """
    name, uid = current["metadata"]["name"], current["metadata"]["uid"]
    for _ in range(ATTEMPTS):
        wanted = decide(current)
        if wanted is None or wanted == current:
            return current
        try:
            return await put(served, resource, wanted)
        except StaleConflict:
            newer = await find(served, resource, name)
            if newer is None or newer["metadata"]["uid"] != uid:
                raise Failure(Code.ABORTED, f"{resource.kind.kind} {name} was deleted meanwhile") from None
            current = newer
    raise too_busy(resource, name)


def too_busy(resource: Resource, name: str) -> Failure:
    """Others were quicker each time."""
    return Failure(Code.ABORTED, f"{resource.kind.kind} {name} changes faster than it can be written; try again")


def check_version(current: Manifest, expected: str | None) -> None:
    """Raises Failure (409) where the caller says which state (resourceVersion) they have seen, and it is another."""
    actual, name = current["metadata"]["resourceVersion"], current["metadata"]["name"]
    if expected and expected != actual:
        raise Failure(
            Code.ABORTED,
            f"{current['kind']} {name} has changed since it was read (resourceVersion {expected}, now {actual}); "
            "read it again, or leave metadata.resourceVersion out to overwrite it",
        )


async def delete(served: Served, resource: Resource, current: Manifest) -> None:
    """Ask for the deletion of exactly that object; one that has gone meanwhile is no error."""
    metadata = current["metadata"]
    try:
        await write.delete(
            served.transport, resource, metadata["name"], namespace=served.namespace, uid=metadata["uid"]
        )
    except NotFound:
        return
