"""Answering a list: what is selected and may be seen, in order, a page of it, projected."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from trimtab.access.enforcer import Judge
from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import Block
from trimtab.server.applications.catalogue import RANKED, Place, beyond, place
from trimtab.server.applications.filters import Filters, selection_of
from trimtab.server.applications.paging import Mark, decode_mark, encode_mark, fingerprint
from trimtab.server.applications.pieces import gzipped, in_blocks, plain
from trimtab.server.applications.projection import Projection, parse_fields
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.applications.stored import Stored
from trimtab.server.failures import bad_request
from trimtab.server.reply import Pieces, Raw

AT_ONCE = 250
"""Applications that are looked at before others get their turn."""

Sort = Literal[
    "name", "-name", "namespace", "-namespace", "project", "-project", "createdAt", "-createdAt",
    "sync", "-sync", "health", "-health", "cluster", "-cluster",
]  # fmt: skip
"""`-` reverses. `sync` and `health` go from good to bad."""


class ListQuery(Filters, frozen=True):
    """`limit` 0: all. `continue` is what the page before gave."""

    sort: Sort = "name"
    limit: Annotated[int, Meta(ge=0)] = 0
    continue_: str = field(default="", name="continue")


class ListMeta(Struct, frozen=True, rename="camel", omit_defaults=True):
    """`continue_` and `remaining_item_count` are there when there is a next page."""

    resource_version: str = ""
    continue_: str = field(default="", name="continue")
    remaining_item_count: int = 0


class Page(Struct, frozen=True):
    blocks: Sequence[Block]
    meta: ListMeta


async def listing(store: ApplicationStore, query: ListQuery, judge: Judge, *, compress: bool) -> Raw | Pieces:
    """The list that a caller may see. Raises Failure (400) for parameters that make no sense."""
    view = store.views.of(fields_of(query.fields, "items"))
    page = await _page(store, query, judge)
    head = b'{"metadata":' + msgspec.json.encode(page.meta) + b',"items":'
    if not page.blocks:
        return Raw(body=head + b"null}")
    made = gzipped if compress else plain
    return Pieces(pieces=await made(head + b"[", page.blocks, view, b"]}"), gzipped=compress)


def fields_of(text: str, prefix: str) -> Projection:
    """`parse_fields` for callers. Raises Failure (400)."""
    try:
        return parse_fields(text, prefix)
    except ValueError as error:
        raise bad_request(f"fields: {error}") from error


async def _page(store: ApplicationStore, query: ListQuery, judge: Judge) -> Page:
    tests = selection_of(query).tests()
    last = _last(query)
    if judge.nothing:
        return Page((), ListMeta(store.resource_version))
    if not tests and judge.everything:
        return _unfiltered(store, query, last)

    def passes(app: Stored) -> bool:
        header = app.header
        return all(test(header) for test in tests) and judge(app.rbac_name(store.namespace))

    return await _filtered(store, query, _Filter(last, passes))


def _unfiltered(store: ApplicationStore, query: ListQuery, last: Place | None) -> Page:
    """Nobody has to look at each application."""
    if query.sort == "name" and not query.limit and last is None:
        return Page(store.catalogue.blocks.snapshot(), ListMeta(store.resource_version))
    places = _places(store, query, last)
    end = query.limit or len(places)
    return _made(store, query, chosen=_apps(store, places[:end]), remaining=len(places) - min(end, len(places)))


class _Filter(Struct, frozen=True):
    last: Place | None
    passes: Callable[[Stored], bool]


async def _filtered(store: ApplicationStore, query: ListQuery, wanted: _Filter) -> Page:
    places = _places(store, query, wanted.last)
    chosen: list[Stored] = []
    remaining = 0
    for at in range(0, len(places), AT_ONCE):
        found = [app for app in _apps(store, places[at : at + AT_ONCE]) if wanted.passes(app)]
        room = query.limit - len(chosen) if query.limit else len(found)
        chosen += found[:room]
        remaining += len(found[room:])
        await asyncio.sleep(0)
    return _made(store, query, chosen=chosen, remaining=remaining)


def _places(store: ApplicationStore, query: ListQuery, last: Place | None) -> list[Place]:
    order = store.catalogue.order(query.sort.removeprefix("-"))
    return beyond(order, last, descending=query.sort.startswith("-"))


def _apps(store: ApplicationStore, places: list[Place]) -> list[Stored]:
    found = (store.catalogue.get(AppKey(namespace, name)) for _, name, namespace in places)
    return [app for app in found if app is not None]


def _made(store: ApplicationStore, query: ListQuery, *, chosen: list[Stored], remaining: int) -> Page:
    meta = ListMeta(store.resource_version)
    if remaining and chosen:
        mark = Mark(_fingerprint(query), place(chosen[-1], query.sort.removeprefix("-")))
        meta = ListMeta(store.resource_version, encode_mark(mark), remaining)
    return Page(in_blocks(chosen), meta)


def _last(query: ListQuery) -> Place | None:
    if not query.continue_:
        return None
    ranked = query.sort.removeprefix("-") in RANKED
    try:
        return decode_mark(query.continue_, _fingerprint(query), ranked=ranked)
    except ValueError as error:
        raise bad_request(str(error)) from error


def _fingerprint(query: ListQuery) -> str:
    """What may change from page to page is not in it."""
    free = ("limit", "continue_", "fields", "refresh", "resource_version")
    return fingerprint({name: value for name, value in msgspec.structs.asdict(query).items() if name not in free})
