"""Changing the ConfigMaps of the control namespace without losing anybody else's change."""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.errors import Retry
from trimtab.kube import read, write
from trimtab.kube.errors import AlreadyExists, NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER
from trimtab.server.auth.settled import settled
from trimtab.server.served import Served

ATTEMPTS = 10
Change = Callable[[Mapping[str, str]], Mapping[str, str | None]]
"""From what it holds to what is to be different; None takes a key away. It may be asked again."""


async def change_config_map(served: Served, name: str, change: Change) -> None:
    """Write what is different, on top of no other state than was read; it is made where there is none.

    Returns when the server knows of it itself. Raises what `change` raises, ApiError, Retry.
    """
    resource = await served.discovery.find("", "ConfigMap")
    for _ in range(ATTEMPTS):
        live = await _read(served, resource, name)
        different = change((live or {}).get("data") or {})
        if not different:
            return
        try:
            written = await _written(served, resource, name, live=live, data=different)
        except (AlreadyExists, StaleConflict, NotFound):
            continue
        await settled(served.configuration, written)
        return
    raise Retry(f"ConfigMap {name} is being written by others all the time; try again", reason="Conflict")


async def _read(served: Served, resource: Resource, name: str) -> Manifest | None:
    try:
        return await read.get(served.transport, resource, name, namespace=served.namespace)
    except NotFound:
        return None


async def _written(
    served: Served, resource: Resource, name: str, *, live: Manifest | None, data: Mapping[str, str | None]
) -> Manifest:
    if live is None:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
        metadata = {"name": name, "namespace": served.namespace, "labels": labels}
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        return await write.create(served.transport, resource, made, field_manager=FIELD_MANAGER)
    body: dict[str, Any] = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]}, "data": dict(data)}
    return await write.patch(
        served.transport,
        resource,
        name,
        body,
        patch_type="merge",
        namespace=served.namespace,
        field_manager=FIELD_MANAGER,
    )
