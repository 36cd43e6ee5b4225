"""Reads: lists with selectors and paging, and watches from any resource version that history still holds."""

import asyncio
import base64
import binascii
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

import orjson
from msgspec import Struct

from trimtab.sandbox import faults
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import Test, field_test, label_test
from trimtab.sandbox.store import Collection, Event, Stored
from trimtab.sandbox.world import World


class Query(Struct, frozen=True):
    """What a list or watch asks for. Versions and counts are as in the API; "" and 0 when not given."""

    namespace: str = ""
    name: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0
    continue_: str = ""
    resource_version: str = ""
    bookmarks: bool = False
    initial_events: bool = False
    timeout: float = 0.0


class Page(Struct, frozen=True):
    items: list[Stored]
    version: int
    continue_: str = ""
    remaining: int = 0


def selection(resource: Resource, query: Query) -> Test | None:
    """One test for both selectors. Raises Fault."""
    tests = [
        test
        for test in (
            label_test(query.labels),
            field_test(query.fields, resource.storage, resource.selectable),
            field_test(f"metadata.name={query.name}", "") if query.name else None,
        )
        if test
    ]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda manifest: all(test(manifest) for test in tests)


def page(world: World, resource: Resource, query: Query) -> Page:
    """Raises Fault: 410 when the continue token is too old."""
    collection = world.store.collection(resource.storage)
    test = selection(resource, query)
    after, version = _token(query.continue_, world, collection)
    objects = collection.objects
    found: list[Stored] = []
    keys = collection.keys(query.namespace, after)
    for key in keys:
        stored = objects[key]
        if test is not None and not test(stored.manifest):
            continue
        found.append(stored)
        if query.limit and len(found) == query.limit:
            remaining = sum(1 for key in keys if test is None or test(objects[key].manifest))
            token = _make_token(found[-1], version) if remaining else ""
            return Page(found, version, token, 0 if test else remaining)
    return Page(found, version)


def _make_token(last: Stored, version: int) -> str:
    body = orjson.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": list(last.name)})
    return base64.urlsafe_b64encode(body).decode()


def _token(token: str, world: World, collection: Collection) -> tuple[tuple[str, str], int]:
    if not token:
        return ("", ""), world.store.version
    try:
        body = orjson.loads(base64.urlsafe_b64decode(token))
        namespace, name = body["start"]
        version = int(body["rv"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise faults.bad_request("continue key is not valid") from None
    if version < collection.expired_before:
        raise faults.Fault(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter.",
        )
    return (namespace, name), version


Encode = Callable[[Resource, Stored], bytes]
"""How a watch shows an object: its JSON as it is, or as a Table, or only its metadata."""


def whole(resource: Resource, stored: Stored) -> bytes:
    return resource.prefix + stored.tail


async def watch(world: World, resource: Resource, query: Query, encode: Encode) -> AsyncGenerator[bytes, None]:
    """Chunks of newline-ended events, until the time is up. A stale version yields one ERROR event."""
    collection = world.store.collection(resource.storage)
    test = selection(resource, query)
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    collection.subscribers.add(queue)
    try:
        try:
            yield b"".join(_opening(world, resource, collection, query, test, encode))
        except faults.Fault as fault:
            yield _line("ERROR", orjson.dumps(fault.status()))
            return
        async for chunk in _follow(world, resource, query, test, encode, queue):
            yield chunk
    finally:
        collection.subscribers.discard(queue)


def _opening(
    world: World, resource: Resource, collection: Collection, query: Query, test: Test | None, encode: Encode
) -> Iterator[bytes]:
    """What a watch begins with: the current objects, or the events since a version. Raises Fault."""
    if query.resource_version in ("", "0") or query.initial_events:
        for key in collection.keys(query.namespace):
            stored = collection.objects[key]
            if test is None or test(stored.manifest):
                yield _line("ADDED", encode(resource, stored))
        if query.initial_events and query.bookmarks:
            yield bookmark(resource, world.store.version, initial=True)
        return
    if not query.resource_version.isdecimal():
        raise faults.bad_request(f'resourceVersion: Invalid value: "{query.resource_version}"')
    version = int(query.resource_version)
    if not collection.expired_before <= version <= world.store.version:
        # A version from the future is one of an earlier run: whoever holds it has to begin anew, too.
        raise faults.expired(collection.expired_before + 1, version)
    for event in collection.since(version):
        line = _event_line(event, resource, query.namespace, test, encode)
        if line:
            yield line


async def _follow(
    world: World,
    resource: Resource,
    query: Query,
    test: Test | None,
    encode: Encode,
    queue: "asyncio.Queue[Event | None]",
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end = loop.time() + query.timeout if query.timeout else math.inf
    mark = loop.time() + world.settings.bookmark_seconds
    while True:
        events = await _next(queue, min(end, mark) - loop.time())
        lines = b"".join(
            _event_line(event, resource, query.namespace, test, encode) for event in events if event is not None
        )
        if lines:
            yield lines
        if None in events:
            return
        if not queue.empty():
            continue  # what came meanwhile has to go out before any bookmark says that it has
        over = loop.time() >= end
        if over or loop.time() >= mark:
            # A busy watch gets them, too: what it sees may be a small part of what happens.
            mark = loop.time() + world.settings.bookmark_seconds
            if query.bookmarks:
                yield bookmark(resource, world.store.version)
        if over:
            return


async def _next(queue: "asyncio.Queue[Event | None]", patience: float) -> list[Event | None]:
    """All that is there; waits for the first, but no longer than `patience` seconds. None: the sandbox stops."""
    try:
        events = [queue.get_nowait() if not queue.empty() else await asyncio.wait_for(queue.get(), patience)]
    except TimeoutError:
        return []
    while not queue.empty():
        events.append(queue.get_nowait())
    return events


def _event_line(event: Event, resource: Resource, namespace: str, test: Test | None, encode: Encode) -> bytes:
    """One event as this watch sees it: an object that starts or ceases to match is added or deleted for it."""
    if namespace and event.stored.name[0] != namespace:
        return b""
    kind: str = event.type
    if test is not None:
        now = event.type != "DELETED" and test(event.stored.manifest)
        before = event.before is not None and test(event.before.manifest)
        if not now and not before:
            return b""
        kind = "MODIFIED" if now and before else "ADDED" if now else "DELETED"
    return _line(kind, encode(resource, event.stored))


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), body)


def bookmark(resource: Resource, version: int, *, initial: bool = False) -> bytes:
    metadata: dict[str, object] = {"resourceVersion": str(version)}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return _line(
        "BOOKMARK",
        orjson.dumps({"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}),
    )
