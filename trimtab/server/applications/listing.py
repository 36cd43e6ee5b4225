"""Answering a list: what is selected and may be seen, in order, a page of it, projected."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from trimtab.access.enforcer import Judge
from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import Block
from trimtab.server.applications.catalogue import RANKED, SORTS, Place, beyond, place
from trimtab.server.applications.filters import Filters, selection_of
from trimtab.server.applications.paging import Mark, decode_mark, encode_mark, fingerprint
from trimtab.server.applications.pieces import gzipped, in_blocks, plain
from trimtab.server.applications.projection import Projection, parse_fields
from trimtab.server.applications.selection import EVERYTHING
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.applications.stored import Stored
from trimtab.server.failures import bad_request
from trimtab.server.reply import Pieces, Raw

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
    selection = selection_of(query)
    last = _last(query)
    # Of one moment: what changes while the blocks are sifted is for a stream that begins at this resourceVersion.
    blocks, meta = store.catalogue.blocks.snapshot(), ListMeta(store.resource_version)
    unfiltered = judge.everything and selection == EVERYTHING
    if not unfiltered:
        blocks = [] if judge.nothing else await store.sieves.of(selection, judge).sift(blocks)
    if query.sort == "name" and not query.limit and last is None:
        return Page(blocks, meta)
    if unfiltered:
        places = beyond(store.catalogue.order(_key(query)), last, at=_itself, descending=_descends(query))
        end = min(query.limit or len(places), len(places))
        return _made(query, meta, chosen=_apps(store, places[:end]), remaining=len(places) - end)
    apps = _after(last, query, blocks)
    end = min(query.limit or len(apps), len(apps))
    return _made(query, meta, chosen=apps[:end], remaining=len(apps) - end)


def _after(last: Place | None, query: ListQuery, blocks: Sequence[Block]) -> list[Stored]:
    """What has passed the filters, as it was then. Blocks are sorted by name, and stay so among equals."""
    at = partial(place, sort=_key(query))
    apps = [app for block in blocks for app in block.apps]
    value = SORTS[_key(query)]
    if _key(query) != "name":
        apps.sort(key=lambda app: value(app.header))
    return beyond(apps, last, at=at, descending=_descends(query))


def _apps(store: ApplicationStore, places: list[Place]) -> list[Stored]:
    found = (store.catalogue.get(AppKey(namespace, name)) for _, name, namespace in places)
    return [app for app in found if app is not None]


def _itself(one: Place) -> Place:
    return one


def _key(query: ListQuery) -> str:
    return query.sort.removeprefix("-")


def _descends(query: ListQuery) -> bool:
    return query.sort.startswith("-")


def _made(query: ListQuery, meta: ListMeta, *, chosen: list[Stored], remaining: int) -> Page:
    if remaining and chosen:
        mark = Mark(_fingerprint(query), place(chosen[-1], _key(query)))
        meta = ListMeta(meta.resource_version, encode_mark(mark), remaining)
    return Page(in_blocks(chosen), meta)


def _last(query: ListQuery) -> Place | None:
    if not query.continue_:
        return None
    ranked = _key(query) in RANKED
    try:
        return decode_mark(query.continue_, _fingerprint(query), ranked=ranked)
    except ValueError as error:
        raise bad_request(str(error)) from error


def _fingerprint(query: ListQuery) -> str:
    """What may change from page to page is not in it."""
    free = ("limit", "continue_", "fields", "refresh", "resource_version")
    return fingerprint({name: value for name, value in msgspec.structs.asdict(query).items() if name not in free})
