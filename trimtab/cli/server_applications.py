"""The Applications of a server, by Argo CD's API: with the rights that the server gives its user."""

import contextlib
from collections.abc import Callable
from typing import Any

from trimtab.cli.applications import app_of
from trimtab.cli.contexts import Context, name_of
from trimtab.cli.flags import DEFAULT_NAMESPACE
from trimtab.cli.operations import check_free
from trimtab.cli.server_client import Query, Refusal, ServerClient
from trimtab.cli.server_view import ServerView
from trimtab.clock import Clock, SystemClock
from trimtab.errors import Retry, Stalled
from trimtab.model.application import Application, HistoryEntry, SyncOperation
from trimtab.model.cascade import CascadeOrder
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import GROUP, VERSION
from trimtab.model.roundtrip import encode

KIND: Manifest = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Application"}
NOT_FOUND, DENIED = 404, 403
ASKED_SECONDS = 2.0
"""By then the server has written down what is asked for."""


class ServerApplications:
    """Satisfies `cli.applications.Applications`. The server knows its own namespace; another one is named to it."""

    def __init__(self, context: Context) -> None:
        self.clock: Clock = SystemClock()
        self._client = ServerClient(context)

    async def get(self, key: AppKey) -> Manifest:
        """One that its user may not see is one that does not exist."""
        found = await self.find(key)
        if found is None:
            where = name_of(self._client.context.server)
            raise Stalled(f"no Application {key.name} at {where}; `trimtab app list` shows which there are")
        return found

    async def find(self, key: AppKey) -> Manifest | None:
        try:
            return _named(await self._client.get("applications", key.name, query=_namespaced(key.namespace)))
        except Refusal as refusal:
            if refusal.status in (NOT_FOUND, DENIED):
                return None
            raise

    async def list(self, *, namespace: str, selector: str = "") -> list[Manifest]:
        query = [*_namespaced(namespace), *([("selector", selector)] if selector else [])]
        answer = await self._client.get("applications", query=query)
        items = [_named(item) for item in answer.get("items") or []]
        return sorted(items, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))

    async def create(self, manifest: Manifest) -> Manifest:
        return _named(await self._client.send("POST", "applications", body=manifest))

    async def replace(self, manifest: Manifest) -> Manifest:
        name = manifest["metadata"]["name"]
        return _named(await self._client.send("PUT", "applications", name, body=manifest))

    async def ask_for_sync(self, key: AppKey, decide: Callable[[Application], SyncOperation]) -> None:
        """The server looks again whether another operation runs."""
        app = app_of(await self.get(key))
        check_free(key, app)
        wanted: dict[str, Any] = encode(decide(app))
        body = {
            "name": key.name,
            "strategy": wanted.pop("syncStrategy", None),
            "syncOptions": {"items": wanted.pop("syncOptions", [])},
            **wanted,
        }
        await self._client.send("POST", "applications", key.name, "sync", body=body)

    async def ask_for_rollback(
        self, key: AppKey, choose: Callable[[Application], HistoryEntry], *, prune: bool
    ) -> None:
        app = app_of(await self.get(key))
        check_free(key, app)
        entry = choose(app)
        body = {"name": key.name, "id": entry.id, "prune": prune}
        await self._client.send("POST", "applications", key.name, "rollback", body=body)

    async def ask_for_refresh(self, key: AppKey, kind: str) -> None:
        """The server would wait for the controller; we look by ourselves whether it is done."""
        with contextlib.suppress(Retry):
            query = [*_namespaced(key.namespace), ("refresh", kind)]
            await self._client.get("applications", key.name, query=query, seconds=ASKED_SECONDS)

    async def delete(self, key: AppKey, *, uid: str, cascade: CascadeOrder | None) -> None:
        raw = await self.find(key)
        if raw is None:
            return
        if raw["metadata"].get("uid") != uid:
            raise Stalled(f"Application {key} was replaced by another one meanwhile; look at it again")
        query = [*_namespaced(key.namespace), ("cascade", "true" if cascade else "false")]
        query += [("propagationPolicy", cascade)] if cascade else []
        await self._client.send("DELETE", "applications", key.name, query=query)

    def view(self, app: Application) -> ServerView:
        return ServerView(self._client, app)


def _namespaced(namespace: str) -> Query:
    """The server knows its own namespace: what is the command line's default was not said by anybody."""
    return [("appNamespace", namespace)] if namespace not in ("", DEFAULT_NAMESPACE) else []


def _named(item: Manifest) -> Manifest:
    """The server leaves out what kind of object it is, and says nothing in many words where nothing is known."""
    status = {name: value for name, value in (item.get("status") or {}).items() if value != {}}
    if not (status.get("sync") or {}).get("status"):
        status.pop("sync", None)
    return {**KIND, **{name: value for name, value in item.items() if name != "status"}, "status": status}
