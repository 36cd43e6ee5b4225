"""What the ConfigMaps, Secrets and AppProjects of the control namespace say, followed live."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from msgspec import Struct

from trimtab.access.enforcer import Enforcer
from trimtab.controller.events import Recorder
from trimtab.errors import Retry, TrimtabError
from trimtab.kube import read
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.appproject import AppProject
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent
from trimtab.server.auth.secrets import secret_data
from trimtab.server.rights import POLICY_MAP, Rights

log = logging.getLogger(__name__)
FOLLOW_AGAIN = 3.0
FOLLOWED = (("", "ConfigMap"), ("", "Secret"), (GROUP, "AppProject"))


class Kept(Struct):
    """The objects of one kind by name, and whether all of them were seen once."""

    objects: dict[str, Manifest]
    listed: asyncio.Event
    trouble: str = ""

    def noted(self, broken: Retry | None) -> None:
        self.trouble = broken.message if broken else ""


class Configuration:
    """`config_map("argocd-cm")` and the like give what is in force; listeners hear of every change."""

    def __init__(
        self, transport: Transport, discovery: Discovery, *, namespace: str, recorder: Recorder | None = None
    ) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._kept = {kind: Kept({}, asyncio.Event()) for _, kind in FOLLOWED}
        self._listeners: list[Callable[[], None]] = []
        self._recorder = recorder
        self._problems: dict[str, tuple[str, ...]] = {}
        self.rights = Rights()

    @property
    def enforcer(self) -> Enforcer:
        """The rights as they are now."""
        return self.rights.enforcer

    @property
    def projects(self) -> Mapping[str, AppProject]:
        """The projects that can be read, by name."""
        return self.rights.projects

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def object(self, kind: str, name: str) -> Manifest | None:
        """A ConfigMap, Secret or AppProject of the control namespace, by name."""
        return self._kept[kind].objects.get(name)

    def objects(self, kind: str) -> Mapping[str, Manifest]:
        """All of a kind, by name."""
        return self._kept[kind].objects

    def troubles(self) -> dict[str, str]:
        """Kinds that cannot be followed at the moment, and why; what is known of them may be old."""
        return {kind: kept.trouble for kind, kept in self._kept.items() if kept.trouble}

    def config_map(self, name: str) -> Mapping[str, str]:
        """Its data; {} where there is none."""
        return (self.object("ConfigMap", name) or {}).get("data") or {}

    def secret(self, name: str) -> Mapping[str, bytes]:
        """Its data, decoded; {} where there is none."""
        return secret_data(self.object("Secret", name))

    def waiting_for(self) -> tuple[str, ...]:
        """The kinds that were not seen yet."""
        return tuple(kind for kind, kept in self._kept.items() if not kept.listed.is_set())

    def problems(self) -> dict[str, tuple[str, ...]]:
        """What is wrong in the configuration, by the ConfigMap or Secret that it is written in."""
        return dict(self._problems)

    def tell(self, name: str, problems: tuple[str, ...]) -> None:
        """What is wrong in the ConfigMap `name`, () for nothing: news go to the log and become an Event."""
        if problems == self._problems.get(name, ()):
            return
        self._problems = {**self._problems, name: problems}
        if not problems:
            del self._problems[name]
            log.info("%s is whole again", name)
            return
        message = f"{'; '.join(problems)}; the last good configuration is in force, less what this one takes away"
        log.error("%s: %s", name, message)
        found = self.object("ConfigMap", name) or {"metadata": {}}
        if self._recorder is not None:
            involved = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "namespace": self._namespace}
            involved["uid"] = found["metadata"].get("uid", "")
            self._recorder.emit_about(involved, "InvalidConfiguration", message, kind="Warning")

    async def ready(self) -> None:
        """Return when all kinds were seen once."""
        await asyncio.gather(*(kept.listed.wait() for kept in self._kept.values()))

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the objects until the context ends."""
        tasks = [asyncio.create_task(self._follow(*one), name=f"configuration {one[1]}") for one in FOLLOWED]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, group: str, kind: str) -> None:
        """For ever; what cannot be read is a trouble to tell of, and tried again."""
        kept = self._kept[kind]
        while True:
            try:
                await self._watch(group, kind)
            except TrimtabError as error:
                log.warning("%ss of %s cannot be followed: %s", kind, self._namespace, error.message)
                kept.trouble = error.message
                await self._transport.clock.sleep(FOLLOW_AGAIN)

    async def _watch(self, group: str, kind: str) -> None:
        kept = self._kept[kind]
        resource = await self._discovery.find(group, kind)
        async for events in watch(self._transport, resource, namespace=self._namespace, report=kept.noted):
            kept.trouble = ""
            for event in events:
                self._take(kind, event)
            # A ConfigMap that refers to a Secret is not broken because the Secrets come later.
            if not self.waiting_for():
                self._changed()

    def _changed(self) -> None:
        self.rights.update(self.object("ConfigMap", POLICY_MAP), self.objects("AppProject"))
        self.tell(POLICY_MAP, self.rights.problems)
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
