"""The Applications of the control namespace: followed by a watch, written by merge patches."""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from trimtab.kube import read, write
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.application import Application
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import FIELD_MANAGER, GROUP, REFRESH, SKIP_RECONCILE
from trimtab.model.observed import Listed, Observed, Removed, Upserted

log = logging.getLogger(__name__)
_DECODER = msgspec.json.Decoder(Application)

OnEvent = Callable[[AppKey], None]
OnGone = Callable[[Application], None]


class Applications:
    """All Applications, decoded. `on_event` hears of those that need a pass: our own status writes do not. `on_gone`
    hears of those that are not there any more, as they were last.
    """

    def __init__(
        self, transport: Transport, discovery: Discovery, *, namespace: str, on_event: OnEvent, on_gone: OnGone
    ) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._on_event = on_event
        self._on_gone = on_gone
        self._known: dict[AppKey, Application] = {}
        self._broken: dict[AppKey, str] = {}

    def get(self, key: AppKey) -> Application | None:
        return self._known.get(key)

    def keys(self) -> list[AppKey]:
        return list(self._known)

    def forget(self) -> None:
        """Know nothing again: `follow` will tell of all of them as of new ones."""
        self._known.clear()
        self._broken.clear()

    async def follow(self) -> None:
        """Keep up with the API server, for ever. Raises `UnknownKind` when the CRD is not installed."""
        resource = await self._resource()
        async for events in watch(self._transport, resource, namespace=self._namespace):
            for event in events:
                match event:
                    case Upserted(observed):
                        self._take(observed)
                    case Removed(last):
                        self._drop(AppKey(last.key.namespace, last.key.name))
                    case Listed(keys):
                        present = {AppKey(k.namespace, k.name) for k in keys}
                        for key in [k for k in self._known if k not in present]:
                            self._drop(key)

    async def patch(self, app: Application, body: dict[str, Any]) -> Application:
        """Merge-patch `app`, and not another of that name, and remember the answer. Raises `ApiError`."""
        key = AppKey(app.metadata.namespace, app.metadata.name)
        body = {**body, "metadata": {"uid": app.metadata.uid, **(body.get("metadata") or {})}}
        resource = await self._resource()
        answer = await write.patch(
            self._transport,
            resource,
            key.name,
            body,
            patch_type="merge",
            namespace=key.namespace,
            field_manager=FIELD_MANAGER,
        )
        patched = _convert(answer)
        self._learn(key, patched, own=frozenset((*body, *(body.get("metadata") or {}))))
        return patched

    async def read(self, app: Application) -> Application:
        """`app` as it is now, for when the watch is too slow. Raises `ApiError`; `NotFound` for another of its name."""
        key, resource = AppKey(app.metadata.namespace, app.metadata.name), await self._resource()
        now = msgspec.convert(await read.get(self._transport, resource, key.name, namespace=key.namespace), Application)
        if now.metadata.uid != app.metadata.uid:
            raise NotFound(f"Application {key} was deleted, and made anew", status=404)
        self._learn(key, now)
        return now

    def _learn(self, key: AppKey, app: Application, *, own: frozenset[str] = frozenset()) -> None:
        """Remember an answer. It may hold what others changed before the watch told of it: that calls for a pass.

        `own`: the fields that we have just written ourselves.
        """
        known = self._known.get(key)
        if known is None or _version(app) <= _version(known):
            return
        self._known[key] = app
        if _changed_by_others(known, app, own):
            self._on_event(key)

    async def _resource(self) -> Resource:
        return await self._discovery.find(GROUP, "Application")

    def _take(self, observed: Observed) -> None:
        key = AppKey(observed.key.namespace, observed.key.name)
        try:
            app = _decode(observed.raw)
        except msgspec.ValidationError as error:
            self._reject(key, str(error))
            return
        self._broken.pop(key, None)
        known = self._known.get(key)
        if known is not None and _version(app) <= _version(known):
            return
        self._known[key] = app
        if known is None or _calls_for_a_pass(known, app):
            self._on_event(key)

    def _reject(self, key: AppKey, problem: str) -> None:
        """Said once: the object is left alone until it changes."""
        if self._broken.get(key) != problem:
            log.error("Application %s is not valid and is left alone: %s; correct the object", key, problem)
        self._broken[key] = problem

    def _drop(self, key: AppKey) -> None:
        if (last := self._known.pop(key, None)) is not None:
            self._on_gone(last)
            self._on_event(key)


def _decode(raw: bytes) -> Application:
    try:
        return _DECODER.decode(raw)
    except msgspec.ValidationError:
        return _convert(orjson.loads(raw))


def _convert(manifest: Manifest) -> Application:
    """Raises ValidationError. A status that cannot be read (a newer version knows more words) is written anew."""
    try:
        return msgspec.convert(manifest, Application)
    except msgspec.ValidationError as error:
        app = msgspec.convert({**manifest, "status": {}}, Application)
        log.warning("the status of Application %s is written anew: %s", app.metadata.name, error)
        return app


def _version(app: Application) -> int:
    return int(app.metadata.resource_version or 0)


def _calls_for_a_pass(before: Application, after: Application) -> bool:
    return (
        before.spec != after.spec
        or (after.operation is not None and before.operation != after.operation)
        or _asks(after) != _asks(before)
        or before.metadata.deletion_timestamp != after.metadata.deletion_timestamp
        or before.metadata.finalizers != after.metadata.finalizers
        or _phase(before) != _phase(after)
    )


def _changed_by_others(before: Application, after: Application, own: frozenset[str]) -> bool:
    """As `_calls_for_a_pass`, for the answer to a write of ours."""
    asked_anew = REFRESH in (after.metadata.annotations or {}) and _asks(after) != _asks(before)
    stopped = _phase(after) == "Terminating" != _phase(before)
    return (
        before.spec != after.spec
        or before.metadata.deletion_timestamp != after.metadata.deletion_timestamp
        or ("finalizers" not in own and before.metadata.finalizers != after.metadata.finalizers)
        or ("operation" not in own and after.operation is not None and before.operation != after.operation)
        or asked_anew
        or stopped
    )


def _asks(app: Application) -> tuple[str | None, str | None]:
    annotations = app.metadata.annotations or {}
    return (annotations.get(REFRESH), annotations.get(SKIP_RECONCILE))


def _phase(app: Application) -> str:
    return app.status.operation_state.phase if app.status.operation_state else ""
