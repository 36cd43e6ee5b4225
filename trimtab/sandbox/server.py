"""HTTP: each request is routed, answered, and its errors turned into Status objects."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from msgspec import Struct

from trimtab.model.keys import Manifest
from trimtab.sandbox import deleting, discovery, faults, openapi, printing, reading, requests, reviews, scaling, writing
from trimtab.sandbox.decoding import parse, parse_object
from trimtab.sandbox.faults import Fault
from trimtab.sandbox.reading import Page, Query
from trimtab.sandbox.requests import Form, Path
from trimtab.sandbox.resources import REVIEWS, Resource
from trimtab.sandbox.store import Stored
from trimtab.sandbox.world import World
from trimtab.sandbox.writing import Target, Written

_JSON = "application/json"
_LIMIT = 3 * 1024 * 1024
_AGGREGATED = "as=APIGroupDiscoveryList"
_PATCHES: dict[str, writing.PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_APPLY = ("application/apply-patch+yaml", "application/apply-patch+json")


class Call(Struct, frozen=True):
    """One request to a resource."""

    request: web.BaseRequest
    path: Path
    resource: Resource

    @property
    def target(self) -> Target:
        return Target(self.resource, self.path.namespace, self.path.name)


class Handler:
    """Answers requests from one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._methods: dict[str, Callable[[Call], Awaitable[web.StreamResponse]]] = {
            "GET": self._get,
            "POST": self._post,
            "PUT": self._put,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except Fault as fault:
            return _json(fault.status(), status=fault.code)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # a bug of the sandbox is a 500 that says so, not a dropped connection
            failure = Fault(500, "InternalError", f"Internal error occurred: {error!r}")
            request.protocol.logger.exception("sandbox: %s %s", request.method, request.path)
            return _json(failure.status(), status=500)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        path = requests.parse_path(request.path)
        if path is None:
            return self._meta(request)
        resource = self._world.registry.find(path.group, path.version, path.plural)
        if resource is None:
            if path.group and path.group not in discovery.groups(self._world.registry):
                return web.Response(text="404 page not found\n", status=404)
            return await self._review(request, path)
        if resource.namespaced and path.name and not path.namespace:
            raise faults.no_such_path()
        if path.subresource and path.subresource not in resource.subresources:
            raise faults.no_such_path()
        method = self._methods.get(request.method)
        if method is None:
            raise faults.method_not_allowed()
        return await method(Call(request, path, resource))

    def _meta(self, request: web.BaseRequest) -> web.Response:
        """Everything that is not about objects."""
        path, registry = request.path.rstrip("/"), self._world.registry
        if path in ("/healthz", "/readyz", "/livez"):
            return web.Response(text="ok")
        if path == "/version":
            return _json(version_info(self._world.settings.version))
        accept = request.headers.get("Accept", "")
        if path in ("/api", "/apis") and _AGGREGATED in accept:
            kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return _json(discovery.aggregated(registry, core=path == "/api"), kind=kind)
        if path.startswith("/openapi") and "json" not in accept and "*/*" not in accept and accept:
            raise faults.not_acceptable()
        found = self._document(path)
        if found is None:
            raise faults.no_such_path()
        return _json(found)

    def _document(self, path: str) -> dict[str, Any] | None:
        registry = self._world.registry
        match path.split("/")[1:]:
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
            case ["apis"]:
                return discovery.group_list(registry)
            case ["api", version]:
                return discovery.resource_list(registry, "", version)
            case ["apis", group]:
                return discovery.group(registry, group)
            case ["apis", group, version]:
                return discovery.resource_list(registry, group, version)
            case ["openapi", "v2"]:
                return openapi.swagger(registry)
            case ["openapi", "v3"]:
                return openapi.index(registry)
            case ["openapi", "v3", "api", version]:
                return openapi.document(registry, "", version)
            case ["openapi", "v3", "apis", group, version]:
                return openapi.document(registry, group, version)
            case _:
                return None

    async def _review(self, request: web.BaseRequest, path: Path) -> web.Response:
        kind = REVIEWS.get((f"{path.group}/{path.version}", path.plural))
        if kind is None:
            raise faults.no_such_path()
        if request.method != "POST":
            raise faults.method_not_allowed()
        return _json(reviews.answer(kind, await _body(request)), status=201)

    async def _get(self, call: Call) -> web.StreamResponse:
        form = requests.form_of(call.request.headers.get("Accept", ""))
        if requests.is_true(call.request.query.get("watch")):
            return await self._watch(call, form)
        if not call.path.name:
            return self._list(call, form)
        stored = writing.live_object(self._world, call.target)
        if call.path.subresource == "scale":
            return _json(scaling.scale_of(stored.manifest, call.resource))
        if call.path.subresource == "log":
            return web.Response(text="")
        return self._object(call, stored, form=form)

    def _list(self, call: Call, form: Form) -> web.Response:
        query = requests.query_of(call.request, call.path)
        found = reading.page(self._world, call.resource, query)
        if form == "whole":
            return _raw(_list_body(call.resource, found))
        meta = _list_meta(found)
        if form == "partial":
            items = [printing.partial(stored.manifest) for stored in found.items]
            listed = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
            return _json({**listed, "items": items})
        return _json({**self._table(call, found.items), "metadata": meta})

    def _table(self, call: Call, items: list[Stored]) -> dict[str, Any]:
        return printing.table(
            call.resource,
            (writing.at_version(stored.manifest, call.resource) for stored in items),
            now=self._world.clock.now(),
            include=call.request.query.get("includeObject", "Metadata"),
        )

    def _object(self, call: Call, stored: Stored, *, form: Form = "whole", status: int = 200) -> web.Response:
        if form == "table":
            meta = {"resourceVersion": stored.manifest["metadata"]["resourceVersion"]}
            return _json({**self._table(call, [stored]), "metadata": meta}, status=status)
        if form == "partial":
            return _json(printing.partial(stored.manifest), status=status)
        return _raw(call.resource.prefix + stored.tail, status=status)

    async def _watch(self, call: Call, form: Form) -> web.StreamResponse:
        query = requests.query_of(call.request, call.path)
        reading.selection(call.resource, query)  # a bad selector is an answer of its own, not an event
        response = web.StreamResponse(headers={"Content-Type": _JSON, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        await response.prepare(call.request)
        events = reading.watch(self._world, call.resource, query, self._encoder(call, form))
        # A client that goes away in the middle is the ordinary end of a watch.
        with contextlib.suppress(ConnectionError):
            async with contextlib.aclosing(events):
                async for chunk in events:
                    await response.write(chunk)
            await response.write_eof()
        return response

    def _encoder(self, call: Call, form: Form) -> reading.Encode:
        if form == "whole":
            return reading.whole
        if form == "partial":
            return lambda resource, stored: orjson.dumps(printing.partial(stored.manifest))
        return lambda resource, stored: orjson.dumps(self._table(call, [stored]))

    async def _post(self, call: Call) -> web.Response:
        path, body = call.path, await _body(call.request)
        options = requests.options_of(call.request, path)
        if path.name and path.subresource == "eviction":
            return self._evict(call, body)
        if path.name and path.subresource:
            return _json(reviews.answer_subresource(path.subresource, body), status=201)
        if path.name:
            raise faults.method_not_allowed()
        if call.resource.namespaced and not path.namespace:
            raise faults.bad_request("an empty namespace may not be set during creation")
        return self._written(call, writing.create(self._world, call.target, body, options))

    def _evict(self, call: Call, body: Manifest) -> web.Response:
        how = deleting.Preconditions(dry_run=requests.is_dry_run(call.request.query.get("dryRun")))
        deleting.delete(self._world, call.target, how)
        return _json(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, status=201
        )

    async def _put(self, call: Call) -> web.Response:
        if not call.path.name:
            raise faults.method_not_allowed()
        body = await _body(call.request)
        options = requests.options_of(call.request, call.path)
        if call.path.subresource == "scale":
            written = scaling.scale(self._world, call.target, body, options)
            return _json(scaling.scale_of(written.stored.manifest, call.resource))
        return self._written(call, writing.update(self._world, call.target, body, options))

    async def _patch(self, call: Call) -> web.Response:
        if not call.path.name:
            raise faults.method_not_allowed()
        kind = call.request.content_type
        raw = await _read(call.request)
        options = requests.options_of(call.request, call.path)
        if kind in _APPLY:
            if not call.request.query.get("fieldManager"):
                raise faults.no_manager()
            return self._written(call, writing.apply(self._world, call.target, parse_object(raw, kind), options))
        if kind not in _PATCHES or (kind.startswith("application/strategic") and call.resource.custom):
            known = (name for name in _PATCHES if not (call.resource.custom and "strategic" in name))
            raise faults.unsupported_patch([*known, _APPLY[0]])
        body = parse(raw, kind)
        if call.path.subresource == "scale":
            written = scaling.patch(self._world, call.target, body, options, _PATCHES[kind])
            return _json(scaling.scale_of(written.stored.manifest, call.resource))
        return self._written(call, writing.patch(self._world, call.target, body, options, _PATCHES[kind]))

    def _written(self, call: Call, written: Written) -> web.Response:
        form = requests.form_of(call.request.headers.get("Accept", ""))
        response = self._object(call, written.stored, form=form, status=201 if written.created else 200)
        for warning in written.warnings:
            text = warning.replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{text}"')
        return response

    async def _delete(self, call: Call) -> web.Response:
        how = _preconditions(call.request, await _read(call.request))
        if not call.path.name:
            return self._delete_collection(call, how)
        if call.path.subresource:
            raise faults.method_not_allowed()
        deleted = deleting.delete(self._world, call.target, how)
        if not deleted.gone or call.resource.qualified == "pods":
            return self._object(call, deleted.stored)
        return _json(_success(call.resource, deleted.stored))

    def _delete_collection(self, call: Call, how: deleting.Preconditions) -> web.Response:
        if call.resource.namespaced and not call.path.namespace:
            raise faults.method_not_allowed()
        query: Query = requests.query_of(call.request, call.path)
        found = reading.page(self._world, call.resource, query)
        for stored in found.items:
            namespace, name = stored.name
            deleting.delete(self._world, Target(call.resource, namespace, name), how)
        return _raw(_list_body(call.resource, found))


def _success(resource: Resource, stored: Stored) -> dict[str, Any]:
    meta = stored.manifest["metadata"]
    details = {"name": meta["name"], "group": resource.group, "kind": resource.plural, "uid": meta["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {name: value for name, value in details.items() if value},
    }


def _preconditions(request: web.BaseRequest, raw: bytes) -> deleting.Preconditions:
    body = parse_object(raw, request.content_type) if raw else {}
    given = body.get("preconditions") or {}
    propagation: Any = body.get("propagationPolicy") or request.query.get("propagationPolicy") or "Background"
    if body.get("orphanDependents"):
        propagation = "Orphan"
    if propagation not in ("Foreground", "Background", "Orphan"):
        raise faults.bad_request(f'propagationPolicy: Unsupported value: "{propagation}"')
    grace = body.get("gracePeriodSeconds")
    if grace is None and request.query.get("gracePeriodSeconds", "").isdecimal():
        grace = int(request.query["gracePeriodSeconds"])
    listed = body.get("dryRun") or [request.query.get("dryRun")]
    return deleting.Preconditions(
        propagation=propagation,
        uid=given.get("uid") or "",
        version=given.get("resourceVersion") or "",
        dry_run=requests.is_dry_run(listed[0]),
        grace=grace,
    )


async def _read(request: web.BaseRequest) -> bytes:
    if (request.content_length or 0) > _LIMIT:
        raise Fault(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_LIMIT}")
    return await request.read()


async def _body(request: web.BaseRequest) -> Manifest:
    return parse_object(await _read(request), request.content_type)


def _list_meta(found: Page) -> dict[str, Any]:
    meta: dict[str, Any] = {"resourceVersion": str(found.version)}
    if found.continue_:
        meta["continue"] = found.continue_
        if found.remaining:
            meta["remainingItemCount"] = found.remaining
    return meta


def _list_body(resource: Resource, found: Page) -> bytes:
    """A list's JSON, put together from the objects' own. Built-in kinds' items carry no kind of their own."""
    prefix = resource.prefix if resource.custom else b"{"
    items = b",".join([prefix + stored.tail for stored in found.items])
    head = orjson.dumps(
        {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": _list_meta(found)}
    )
    return b'%b,"items":[%b]}' % (head[:-1], items)


def version_info(version: str) -> dict[str, str]:
    major, minor, _ = version.removeprefix("v").split(".", 2)
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def _json(value: Any, *, status: int = 200, kind: str = _JSON) -> web.Response:
    return _raw(orjson.dumps(value), status=status, kind=kind)


def _raw(body: bytes, *, status: int = 200, kind: str = _JSON) -> web.Response:
    return web.Response(body=body, status=status, headers={"Content-Type": kind})
