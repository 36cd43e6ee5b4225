"""The cluster as set-up sees it: what is there, what an apply would change, and the apply itself."""

import base64
import contextlib
from collections.abc import Mapping
from typing import Any

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.environment.remains import only_keys
from trimtab.kube import read, write
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.credentials import secret_text
from trimtab.model.keys import Manifest, key_of

VOLATILE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
"""What an apply that changes nothing may yet show differently."""


class Cluster:
    """One cluster. Every method raises `ApiError`s."""

    def __init__(self, transport: Transport, *, namespace: str) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)
        self.namespace = namespace

    async def get(self, kind: str, name: str, *, group: str = "", namespace: str | None = None) -> Manifest | None:
        """The object, in the control namespace unless another is given; None where there is none."""
        with contextlib.suppress(NotFound, UnknownKind):
            resource = await self.discovery.find(group, kind)
            where = (self.namespace if namespace is None else namespace) if resource.namespaced else ""
            return await read.get(self.transport, resource, name, namespace=where)
        return None

    async def find_all(self, kind: str, *, group: str = "", namespace: str = "", selector: str = "") -> list[Manifest]:
        """All of a kind, in all namespaces unless one is given; [] where the kind is not known."""
        with contextlib.suppress(UnknownKind, NotFound):
            resource = await self.discovery.find(group, kind)
            listed = await read.list_observed(self.transport, resource, namespace=namespace, label_selector=selector)
            return [read.decode_manifest(one.raw, kind) for one in listed]
        return []

    async def secret(self, name: str) -> dict[str, str]:
        """What a Secret of the control namespace holds, decoded; {} where there is none."""
        return secret_text(await self.get("Secret", name) or {})

    async def config_map(self, name: str) -> Mapping[str, str]:
        """What a ConfigMap of the control namespace holds; {} where there is none."""
        return (await self.get("ConfigMap", name) or {}).get("data") or {}

    async def identity(self) -> str:
        """What tells this cluster from every other: the uid of its namespace kube-system."""
        found = await self.get("Namespace", "kube-system") or {"metadata": {}}
        return str(found["metadata"].get("uid", ""))

    async def everything(self) -> list[Manifest]:
        """All objects in the control namespace, of every kind that can be listed and deleted."""
        found: dict[tuple[str, str], Manifest] = {}
        for resource in await self.discovery.resources():
            if resource.namespaced and {"list", "delete"} <= resource.verbs and "/" not in resource.plural:
                for manifest in await self._listed(resource):
                    # A kind may be served by several groups and versions: the object is the same.
                    found.setdefault((manifest["metadata"]["uid"], manifest["kind"]), manifest)
        return list(found.values())

    async def _listed(self, resource: Resource) -> list[Manifest]:
        """All of one kind in the control namespace; [] where its definition has just gone."""
        try:
            listed = await read.list_observed(self.transport, resource, namespace=self.namespace)
        except NotFound:
            return []
        typed = {"apiVersion": resource.kind.api_version, "kind": resource.kind.kind}
        return [{**typed, **read.decode_manifest(one.raw, resource.kind.kind)} for one in listed]

    async def relinquish(self, manifest: Manifest) -> None:
        """Have our fields taken out of a ConfigMap or Secret that stays others'."""
        metadata = {key: manifest["metadata"][key] for key in ("name", "namespace")}
        empty = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
        left = await self._apply(await self._resource(manifest), empty, dry_run=False)
        # What a rotation has patched is not of the apply.
        if patched := only_keys(left, names.FIELD_MANAGER):
            await self.merge(manifest["kind"], metadata["name"], {"data": dict.fromkeys(patched)})

    async def difference(self, manifest: Manifest) -> Line:
        """What `apply` would do, as the API server says."""
        subject = shown(manifest)
        try:
            resource = await self._resource(manifest)
        except UnknownKind:
            return Line("create", subject)
        live = await self._live(resource, manifest)
        if live is None:
            return Line("create", subject)
        after = await self._apply(resource, manifest, dry_run=True)
        if _settled(live) == _settled(after):
            return Line("keep", subject)
        return Line("change", subject, note=", ".join(changed_paths(_settled(live), _settled(after))))

    async def apply(self, manifest: Manifest) -> Line:
        """Server-side apply, where it changes anything."""
        line = await self.difference(manifest)
        if line.action != "keep":
            await self._apply(await self._resource(manifest), manifest, dry_run=False)
            if manifest["kind"] == "CustomResourceDefinition":
                self.discovery.invalidate()
        return line

    async def merge(self, kind: str, name: str, body: Manifest, *, group: str = "") -> None:
        """A merge patch of an object of the control namespace."""
        resource = await self.discovery.find(group, kind)
        await write.patch(
            self.transport,
            resource,
            name,
            body,
            patch_type="merge",
            namespace=self.namespace,
            field_manager=names.FIELD_MANAGER,
        )

    async def change_secret(self, name: str, values: Mapping[str, str | None]) -> None:
        """Set keys of a Secret of the control namespace; None takes one out."""
        data = {key: None if one is None else base64.b64encode(one.encode()).decode() for key, one in values.items()}
        await self.merge("Secret", name, {"data": data})

    async def delete(self, kind: str, name: str, *, group: str = "", namespace: str | None = None) -> bool:
        """Ask for the deletion; False where there is nothing to delete."""
        with contextlib.suppress(NotFound, UnknownKind):
            resource = await self.discovery.find(group, kind)
            where = (self.namespace if namespace is None else namespace) if resource.namespaced else ""
            await write.delete(self.transport, resource, name, namespace=where)
            return True
        return False

    async def _resource(self, manifest: Manifest) -> Resource:
        group, _, version = str(manifest["apiVersion"]).rpartition("/")
        return await self.discovery.find(group, manifest["kind"], version=version)

    async def _live(self, resource: Resource, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        with contextlib.suppress(NotFound):
            return await read.get(self.transport, resource, metadata["name"], namespace=metadata.get("namespace", ""))
        return None

    async def _apply(self, resource: Resource, manifest: Manifest, *, dry_run: bool) -> Manifest:
        return await write.apply(
            self.transport, resource, manifest, field_manager=names.FIELD_MANAGER, force=True, dry_run=dry_run
        )


def shown(manifest: Manifest) -> str:
    """`ConfigMap argocd-cm`: set-up's objects are in one namespace, which needs no repeating."""
    return f"{manifest['kind']} {key_of(manifest).name}"


def changed_paths(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two objects differ, without the values, which may be secret: `data.url`, `spec.rules`."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [path] if before != after else []
    keys = [key for key in (*before, *(key for key in after if key not in before)) if before.get(key) != after.get(key)]
    found = [changed_paths(before.get(key), after.get(key), f"{path}.{key}".lstrip(".")) for key in keys]
    return [one for below in found for one in below]


def _settled(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in VOLATILE}
    rest = {key: value for key, value in manifest.items() if key != "status"}
    return {**rest, "metadata": metadata}
