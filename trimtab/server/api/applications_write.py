"""Applications made, changed and deleted."""

from typing import Any

import msgspec
import orjson

from trimtab.model.application import ApplicationSpec
from trimtab.model.cascade import FINALIZERS, cascades, with_cascade
from trimtab.model.keys import AppKey, Manifest
from trimtab.server.applications.body import served
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, denied
from trimtab.server.operation import Body, Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json, Raw
from trimtab.server.writing import objects
from trimtab.server.writing.application import ApplicationBody, Wanted, check_name, project_of, read_wanted
from trimtab.server.writing.body import AnApplicationSpec, MetadataBody, Nothing, WrittenApplication
from trimtab.server.writing.change import Named, change, make
from trimtab.server.writing.objects import APPLICATION
from trimtab.server.writing.patched import patched


class Created(Query, frozen=True):
    upsert: bool = False
    validate: bool = True


class Updated(Query, frozen=True):
    validate: bool = True
    app_namespace: str = ""
    project: str = ""


class Deleted(Query, frozen=True):
    cascade: bool = True
    propagation_policy: str = ""
    app_namespace: str = ""
    project: str = ""


class PatchBody(Body, frozen=True):
    """`patch` is JSON in a string; `patchType` is json (RFC 6902; the default) or merge (RFC 7386)."""

    name: str | None = None
    patch: str | None = None
    patch_type: str | None = None
    app_namespace: str | None = None
    project: str | None = None


async def create(call: Call[Created, ApplicationBody]) -> Raw:
    """Make an Application; one that is there already is given back as it is, or (`upsert`) changed."""
    metadata, spec = call.body.metadata, call.body.spec
    check_name(metadata.name)
    call.require("applications", "create", f"{project_of(spec)}/{metadata.name}")
    key = AppKey(metadata.namespace or call.served.namespace, metadata.name)
    if not call.served.applications.follows(key.namespace):
        raise denied(f"namespace '{key.namespace}' is not permitted")
    wanted = read_wanted(key, metadata, spec)
    return reply(await make(call, wanted, upsert=call.query.upsert, validate=call.query.validate))


async def update(call: Call[Updated, ApplicationBody]) -> Raw:
    """Replace spec, labels, annotations and finalizers; status, operation and the rest stay as they are."""
    metadata, query = call.body.metadata, call.query
    namespace = query.app_namespace or metadata.namespace
    named = Named(
        call, call.params["application.metadata.name"], action="update", namespace=namespace, project=query.project
    )
    return reply(await change(call, named, lambda now: _read(now, metadata, call.body.spec), validate=query.validate))


async def update_spec(call: Call[Updated, dict[str, Any]]) -> Json:
    """Replace the spec; the reply is the spec, too."""
    query = call.query
    named = Named(call, call.params["name"], action="update", namespace=query.app_namespace, project=query.project)
    changed = await change(call, named, lambda now: _read(now, _metadata(now), call.body), validate=query.validate)
    return Json(value=changed["spec"])


async def patch(call: Call[NoQuery, PatchBody]) -> Raw:
    """Patch spec, labels, annotations and finalizers; what a patch says of the rest is not heeded."""
    body = call.body
    named = Named(call, call.params["name"], action="update", namespace=body.app_namespace, project=body.project)

    def intent(now: Manifest) -> Wanted:
        wanted = patched(now, body.patch or "", patch_type=body.patch_type or "")
        return _read(now, _metadata(wanted), wanted.get("spec"))

    return reply(await change(call, named, intent, validate=True))


async def delete(call: Call[Deleted, None]) -> Json:
    """Delete an Application and, unless `cascade` is false, what it deployed."""
    query = call.query
    named = Named(call, call.params["name"], action="delete", namespace=query.app_namespace, project=query.project)
    current = await named.read()
    wanted = _finalizer(query)

    def decide(now: Manifest) -> Manifest | None:
        named.check(now)
        known = now["metadata"].get("finalizers") or []
        if wanted is None and cascades(known):
            return None
        finalizers = with_cascade(known, FINALIZERS["foreground"] if wanted is None else wanted)
        return None if finalizers == known else {**now, "metadata": {**now["metadata"], "finalizers": finalizers}}

    await objects.delete(call.served, APPLICATION, await objects.change(call.served, APPLICATION, current, decide))
    return Json(value=Nothing())


def reply(manifest: Manifest) -> Raw:
    """An Application as the API server returned it, in the form that reads have."""
    return Raw(body=served(orjson.dumps(manifest)))


def _read(now: Manifest, metadata: MetadataBody, spec: object) -> Wanted:
    """Raises Failure (400), also where the Application would be renamed or moved to another namespace."""
    name, namespace = now["metadata"]["name"], now["metadata"]["namespace"]
    if metadata.name not in ("", name) or metadata.namespace not in (None, "", namespace):
        raise bad_request(f"metadata names another Application than {name}; it cannot be renamed or moved")
    if not isinstance(spec, dict):
        raise bad_request("spec: expected an object")
    return read_wanted(AppKey(namespace, name), metadata, spec, known=now.get("spec"))


def _metadata(manifest: Manifest) -> MetadataBody:
    try:
        return msgspec.convert(manifest.get("metadata"), MetadataBody)
    except msgspec.ValidationError as error:
        raise bad_request(f"metadata: {error}") from error


def _finalizer(query: Deleted) -> str | None:
    """The finalizer that cascades, "" for none, None for whichever the Application has. Raises Failure (400)."""
    policy = query.propagation_policy
    if not query.cascade:
        if policy:
            raise bad_request("cannot set propagation policy when cascading is disabled")
        return ""
    if not policy:
        return None
    for order, finalizer in FINALIZERS.items():
        if policy == order:
            return finalizer
    raise bad_request(f"invalid propagation policy: {policy}; use {' or '.join(FINALIZERS)}")


_PATH = "/api/v1/applications"
OPERATIONS = (
    Operation(
        method="POST",
        path=_PATH,
        id="ApplicationService_Create",
        handler=create,
        needs=Needs("applications", "create"),
        query=Created,
        body=ApplicationBody,
        reply=WrittenApplication,
        summary="Create an Application",
    ),
    Operation(
        method="PUT",
        path=_PATH + "/{application.metadata.name}",
        id="ApplicationService_Update",
        handler=update,
        needs=Needs("applications", "update"),
        query=Updated,
        body=ApplicationBody,
        reply=WrittenApplication,
        summary="Replace spec, labels, annotations and finalizers of an Application",
    ),
    Operation(
        method="PUT",
        path=_PATH + "/{name}/spec",
        id="ApplicationService_UpdateSpec",
        handler=update_spec,
        needs=Needs("applications", "update"),
        query=Updated,
        body=AnApplicationSpec,
        reply=ApplicationSpec,
        summary="Replace the spec of an Application",
    ),
    Operation(
        method="PATCH",
        path=_PATH + "/{name}",
        id="ApplicationService_Patch",
        handler=patch,
        needs=Needs("applications", "update"),
        query=NoQuery,
        body=PatchBody,
        reply=WrittenApplication,
        summary="Patch an Application",
    ),
    Operation(
        method="DELETE",
        path=_PATH + "/{name}",
        id="ApplicationService_Delete",
        handler=delete,
        needs=Needs("applications", "delete"),
        query=Deleted,
        body=type(None),
        reply=Nothing,
        summary="Delete an Application",
    ),
)
