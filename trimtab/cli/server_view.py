"""What Git declares for an application, and what runs, as a server tells it; Secrets come masked."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from trimtab.apply.dry_run import predicted_differences
from trimtab.cli.engine import BUILT_IN
from trimtab.cli.server_client import Refusal, ServerClient
from trimtab.cli.view import KubeFacts
from trimtab.compare.comparison import Item, Verdict
from trimtab.compare.prepare import Scope
from trimtab.errors import TrimtabError
from trimtab.live.entry import Entry, entry_of
from trimtab.model.application import Application
from trimtab.model.keys import Kind, Manifest, ObjectKey
from trimtab.model.observed import ObjectMeta, Observed
from trimtab.model.target import Target


class ServerView:
    """Satisfies `cli.view.View`."""

    def __init__(self, client: ServerClient, app: Application) -> None:
        self._client = client
        self._name = app.metadata.name
        self._live: dict[ObjectKey, Entry] | None = None

    async def targets(self, revision: str = "") -> tuple[Target, ...]:
        """As the server renders them now."""
        query = [("noCache", "true"), *([("revision", revision)] if revision else [])]
        answer = await self._client.get("applications", self._name, "manifests", query=query)
        manifests = [json.loads(text) for text in answer.get("manifests") or []]
        return tuple(Target(manifest, f"manifest {number}") for number, manifest in enumerate(manifests, 1))

    async def facts(self) -> KubeFacts:
        """The server renders by itself; a folder on this machine is rendered without knowing the cluster."""
        return KubeFacts()

    async def scopes(self, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scope]:
        """By what runs, else as Kubernetes has it; what is known from neither has a namespace."""
        seen: dict[tuple[str, str], Scope] = {
            (key.group, key.kind): "Namespaced" if key.namespace else "Cluster" for key in await self._entries()
        }
        return {kind: seen.get(kind) or BUILT_IN.get(kind, "Namespaced") for kind in kinds}

    async def entries(self, kinds: Mapping[ObjectKey, Kind]) -> dict[ObjectKey, Entry]:
        """All at once; where Git cannot be read, which that needs, one by one."""
        try:
            return {key: entry for key, entry in (await self._entries()).items() if key in kinds}
        except TrimtabError:
            read_ = await asyncio.gather(*(self._one(key, kind) for key, kind in kinds.items()))
            return {entry.key: entry for entry in read_ if entry is not None}

    async def confirm(self, suspects: Iterable[Item]) -> dict[ObjectKey, Verdict]:
        """The server has a dry run made of each."""
        return {item.key: await self._settled(item) for item in suspects}

    async def _settled(self, item: Item) -> Verdict:
        if item.target is None or item.live is None:
            return replace(item.verdict, suspected=False)
        query = [("targetManifests", json.dumps(item.target.manifest()))]
        answer = await self._client.get("applications", self._name, "server-side-diff", query=query)
        for one in answer.get("items") or []:
            if key_of_item(one) == item.key:
                predicted = json.loads(one.get("predictedLiveState") or "null")
                if not one.get("modified") or not predicted:
                    return replace(item.verdict, suspected=False, differences=())
                found = predicted_differences(predicted, item.live.manifest(), item.verdict)
                return replace(item.verdict, suspected=False, differences=found)
        return replace(item.verdict, suspected=False)

    async def _one(self, key: ObjectKey, kind: Kind) -> Entry | None:
        named = {"group": key.group, "version": kind.version, "kind": key.kind}
        query = [*named.items(), ("namespace", key.namespace), ("resourceName", key.name)]
        try:
            answer = await self._client.get("applications", self._name, "resource", query=query)
        except Refusal as refusal:
            if refusal.status in (400, 404):
                return None
            raise
        return _packed(key, json.loads(answer["manifest"]))

    async def _entries(self) -> dict[ObjectKey, Entry]:
        if self._live is None:
            answer = await self._client.get("applications", self._name, "managed-resources")
            found = [_entry(one) for one in answer.get("items") or []]
            self._live = {entry.key: entry for entry in found if entry is not None}
        return self._live


def key_of_item(one: Mapping[str, Any]) -> ObjectKey:
    """Which object an item of a reply is about."""
    return ObjectKey(one.get("group", ""), one["kind"], one.get("namespace", ""), one["name"])


def _entry(one: Mapping[str, Any]) -> Entry | None:
    live = json.loads(one.get("liveState") or "null")
    return _packed(key_of_item(one), live) if live else None


def _packed(key: ObjectKey, live: Manifest) -> Entry:
    meta = msgspec.convert(live.get("metadata") or {}, ObjectMeta)
    return entry_of(Observed(key=key, meta=meta, raw=msgspec.json.encode(live)))
