"""What the ConfigMaps, Secrets and AppProjects of the control namespace say, followed live."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from msgspec import Struct

from trimtab.access.enforcer import Enforcer, Rules
from trimtab.kube import read
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent

FOLLOWED = (("", "ConfigMap"), ("", "Secret"), (GROUP, "AppProject"))


class Kept(Struct):
    """The objects of one kind by name, and whether all of them were seen once."""

    objects: dict[str, Manifest]
    listed: asyncio.Event


class Configuration:
    """`config_map("argocd-cm")` and the like give what is in force; listeners hear of every change."""

    def __init__(self, transport: Transport, discovery: Discovery, *, namespace: str) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._kept = {kind: Kept({}, asyncio.Event()) for _, kind in FOLLOWED}
        self._listeners: list[Callable[[], None]] = []
        self.enforcer = Enforcer(Rules())

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def object(self, kind: str, name: str) -> Manifest | None:
        """A ConfigMap, Secret or AppProject of the control namespace, by name."""
        return self._kept[kind].objects.get(name)

    def objects(self, kind: str) -> Mapping[str, Manifest]:
        """All of a kind, by name."""
        return self._kept[kind].objects

    def config_map(self, name: str) -> Mapping[str, str]:
        """Its data; {} where there is none."""
        return (self.object("ConfigMap", name) or {}).get("data") or {}

    def secret(self, name: str) -> Mapping[str, bytes]:
        """Its data, decoded; {} where there is none."""
        data = (self.object("Secret", name) or {}).get("data") or {}
        return {key: base64.b64decode(value) for key, value in data.items()}

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the objects until the context ends; entered once all were seen."""
        tasks = [asyncio.create_task(self._follow(*one), name=f"configuration {one[1]}") for one in FOLLOWED]
        try:
            await asyncio.gather(*(kept.listed.wait() for kept in self._kept.values()))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, group: str, kind: str) -> None:
        resource = await self._discovery.find(group, kind)
        async for events in watch(self._transport, resource, namespace=self._namespace):
            for event in events:
                self._take(kind, event)
            if self._kept[kind].listed.is_set():
                for listener in self._listeners:
                    listener()

    def _take(self, kind: str, event: WatchEvent) -> None:
        kept = self._kept[kind]
        match event:
            case Upserted(observed):
                kept.objects[observed.key.name] = read.decode_manifest(observed.raw, kind)
            case Removed(last):
                kept.objects.pop(last.key.name, None)
            case Listed(keys):
                there = {key.name for key in keys}
                kept.objects = {name: one for name, one in kept.objects.items() if name in there}
                kept.listed.set()
