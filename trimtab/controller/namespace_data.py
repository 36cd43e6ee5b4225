"""ConfigMaps and Secrets of the control namespace: read, and changed without losing anybody else's change."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from trimtab.errors import Retry
from trimtab.kube import read, write
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import AlreadyExists, NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER

ATTEMPTS = 10
"""Each that fails means that somebody else's write went through."""

Kind = Literal["ConfigMap", "Secret"]
Data = Mapping[str, str]
Change = Callable[[Data], Mapping[str, str | None]]
"""From what `data` holds to what is to be different; None takes a key away. It may be asked again."""


class NamespaceData(Struct, frozen=True):
    """The objects as the API server has them this moment; values of Secrets are base64."""

    transport: Transport
    discovery: Discovery
    namespace: str

    async def read_object(self, kind: Kind, name: str) -> Manifest | None:
        """None where there is none. Raises ApiError."""
        try:
            return await read.get(self.transport, await self._resource(kind), name, namespace=self.namespace)
        except NotFound:
            return None

    async def change_data(self, kind: Kind, name: str, change: Change) -> Manifest | None:
        """Write what is different, on top of no other state than was read; the object is made where there is none.

        What it is afterwards; None: nothing is different. Raises what `change` raises, ApiError, Retry.
        """
        resource = await self._resource(kind)
        for _ in range(ATTEMPTS):
            live = await self.read_object(kind, name)
            different = change((live or {}).get("data") or {})
            if not different:
                return None
            try:
                if live is None:
                    return await self._create(resource, name, different)
                return await self._patch(resource, live, different)
            except (AlreadyExists, StaleConflict):
                continue
            except NotFound:
                if live is None:
                    raise
        raise Retry(f"{kind} {name} is being written by others all the time; try again", reason="Conflict")

    async def _resource(self, kind: Kind) -> Resource:
        return await self.discovery.find("", kind)

    async def _create(self, resource: Resource, name: str, data: Mapping[str, str | None]) -> Manifest:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
        manifest = {
            "apiVersion": "v1",
            "kind": resource.kind.kind,
            **({"type": "Opaque"} if resource.kind.kind == "Secret" else {}),
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "data": {key: value for key, value in data.items() if value is not None},
        }
        return await write.create(self.transport, resource, manifest, field_manager=FIELD_MANAGER)

    async def _patch(self, resource: Resource, live: Manifest, data: Mapping[str, str | None]) -> Manifest:
        metadata = live["metadata"]
        return await write.patch(
            self.transport,
            resource,
            metadata["name"],
            {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "data": dict(data)},
            patch_type="merge",
            namespace=self.namespace,
            field_manager=FIELD_MANAGER,
        )
