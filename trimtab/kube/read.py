"""Reading objects: one, or all of a kind page by page."""

from collections.abc import AsyncIterator

import msgspec

from trimtab.kube.decode import ListMeta, ObjectDecoder
from trimtab.kube.errors import Gone, ServerError
from trimtab.kube.resource import Resource
from trimtab.kube.transport import JSON, Transport
from trimtab.model.keys import Manifest
from trimtab.model.observed import Observed

PAGE_SIZE = 500
LIST_SECONDS = 60.0
"""Deadline of one page."""

METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{JSON}"

_MANIFEST = msgspec.json.Decoder(Manifest)


class Page(msgspec.Struct, frozen=True):
    """A part of a list. `resource_version` is that of the whole list: watch from there.

    `first`: what came before (of an expired listing) no longer counts. `last`: the list is complete.
    """

    objects: list[Observed]
    resource_version: str
    first: bool
    last: bool


async def get(
    transport: Transport, resource: Resource, name: str, *, namespace: str = "", subresource: str = ""
) -> Manifest:
    """One object. Raises `NotFound` and other `ApiError`s."""
    return decode_manifest(
        await get_raw(transport, resource, name, namespace=namespace, subresource=subresource), f"get {name}"
    )


async def get_raw(
    transport: Transport, resource: Resource, name: str, *, namespace: str = "", subresource: str = ""
) -> bytes:
    """One object as its JSON."""
    return await transport.request(
        "GET",
        resource.object(name, namespace=namespace, subresource=subresource),
        verb="get",
        subject=str(resource.key(name, namespace=namespace)),
    )


async def get_observed(transport: Transport, resource: Resource, name: str, *, namespace: str = "") -> Observed:
    """One object as a watch would yield it."""
    return observe(resource, await get_raw(transport, resource, name, namespace=namespace))


def observe(resource: Resource, raw: bytes) -> Observed:
    """What a read or a write answered, as a watch would yield it. Raises `ServerError` when it is no object."""
    try:
        # The server ends single objects, not those in lists and events, with a new line.
        return ObjectDecoder(resource).observed(raw.rstrip(b"\n"))
    except msgspec.DecodeError as error:
        raise ServerError(f"{resource.kind}: the answer is no object ({error})") from error


def decode_manifest(raw: bytes, doing: str) -> Manifest:
    """The object in an answer. Raises `ServerError` when it is none."""
    try:
        return _MANIFEST.decode(raw)
    except msgspec.DecodeError as error:
        raise ServerError(f"{doing}: the answer is no object ({error})") from error


async def pages(
    transport: Transport,
    resource: Resource,
    *,
    namespace: str = "",
    label_selector: str = "",
    field_selector: str = "",
    metadata_only: bool = False,
    limit: int = PAGE_SIZE,
) -> AsyncIterator[Page]:
    """All objects of a kind, `limit` at a time.

    When the continue token expires in the middle (the list took longer than the server keeps history), the listing
    starts over without paging: drop what came before a page whose `first` is True.
    """
    decoder = ObjectDecoder(resource)
    query = {"limit": str(limit), "labelSelector": label_selector, "fieldSelector": field_selector}
    query = {name: value for name, value in query.items() if value}
    token, first = "", True
    while True:
        page = {**query, "continue": token} if token else query
        try:
            meta, objects = await _page(transport, decoder, page, namespace=namespace, metadata_only=metadata_only)
        except Gone:
            if not token:
                raise
            token, first = "", True
            query.pop("limit", None)
            continue
        token = meta.continue_
        yield Page(objects=objects, resource_version=meta.resource_version, first=first, last=not token)
        first = False
        if not token:
            return


async def list_observed(
    transport: Transport,
    resource: Resource,
    *,
    namespace: str = "",
    label_selector: str = "",
    field_selector: str = "",
    metadata_only: bool = False,
) -> list[Observed]:
    """All objects of a kind at once. `metadata_only`: `raw` is a PartialObjectMetadata."""
    found: list[Observed] = []
    async for page in pages(
        transport,
        resource,
        namespace=namespace,
        label_selector=label_selector,
        field_selector=field_selector,
        metadata_only=metadata_only,
    ):
        if page.first:
            found.clear()
        found += page.objects
    return found


async def _page(
    transport: Transport, decoder: ObjectDecoder, query: dict[str, str], *, namespace: str, metadata_only: bool
) -> tuple[ListMeta, list[Observed]]:
    resource = decoder.resource
    answer = await transport.request(
        "GET",
        resource.collection(namespace),
        query=query,
        accept=METADATA_LIST if metadata_only else JSON,
        timeout=LIST_SECONDS,
        verb="list",
        subject=str(resource.kind) + (f" in {namespace}" if namespace else ""),
    )
    return decoder.page(answer)
