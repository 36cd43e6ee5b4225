"""Filters and rights: decided once for each block, and again for the block that changes, or by other rights."""

from typing import Any, cast

import msgspec
import orjson
import pytest

from tests.server.applications.made import NAMESPACE, an_app
from tests.server.applications.test_hub import EVE, enforcer
from trimtab.access.enforcer import Judge
from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import MOST
from trimtab.server.applications.listing import ListQuery, listing
from trimtab.server.applications.selection import EVERYTHING, Selection
from trimtab.server.applications.sieve import MOST as MOST_SIEVES
from trimtab.server.applications.sieve import Sieve
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.reply import Pieces

COUNT = 4 * MOST


class Counting:
    """A judge of eve's that counts what it is asked."""

    everything = nothing = False

    def __init__(self, policy: str) -> None:
        self._judge = enforcer(policy).judge(EVE, "applications", "get")
        self.asked = 0

    def __call__(self, object_: str) -> bool:
        self.asked += 1
        return self._judge(object_)


@pytest.fixture
def store() -> ApplicationStore:
    nobody = enforcer("")
    made = ApplicationStore(cast(Any, None), cast(Any, None), namespace=NAMESPACE, rights=lambda: nobody)
    for n in range(COUNT):
        project = "shop" if n % 2 else "default"
        made.catalogue.put(an_app(f"app-{n:04}", n + 1, spec={"project": project}))
    return made


async def body(store: ApplicationStore, judge: Judge, **query: Any) -> Any:
    reply = await listing(store, msgspec.convert(query, ListQuery), judge, compress=False)
    return orjson.loads(b"".join(reply.pieces) if isinstance(reply, Pieces) else reply.body)


async def names(store: ApplicationStore, judge: Judge, **query: Any) -> list[str]:
    return [app["metadata"]["name"] for app in (await body(store, judge, **query))["items"] or []]


async def test_only_what_changes_is_judged_anew(store: ApplicationStore) -> None:
    judge = Counting("p, eve, applications, get, shop/*, allow")
    first = await names(store, judge)
    assert (len(first), judge.asked) == (COUNT / 2, COUNT)
    assert await names(store, judge, limit=3) == first[:3]
    assert judge.asked == COUNT
    store.catalogue.put(an_app("app-0001", 9999))
    assert await names(store, judge) == first[1:]
    assert COUNT < judge.asked <= COUNT + MOST


async def test_pages_of_what_a_caller_may_see(store: ApplicationStore) -> None:
    judge = Counting("p, eve, applications, get, shop/*, allow")
    for sort in ("name", "-name", "project", "-createdAt"):
        seen: list[str] = []
        token = ""
        while not seen or token:
            page = await body(store, judge, limit=100, sort=sort, **{"continue": token})
            seen += [app["metadata"]["name"] for app in page["items"]]
            token = page["metadata"].get("continue", "")
            assert page["metadata"].get("remainingItemCount", 0) == COUNT / 2 - len(seen)
        assert len(seen) == len(set(seen)) == COUNT / 2, sort


async def test_nothing_and_everything(store: ApplicationStore) -> None:
    assert await names(store, enforcer("").judge(EVE, "applications", "get")) == []
    everything = enforcer("p, eve, applications, get, */*, allow").judge(EVE, "applications", "get")
    assert len(await names(store, everything)) == COUNT
    assert await names(store, everything, search="APP-0007") == ["app-0007"]


async def test_an_application_that_moves_while_a_list_is_made(store: ApplicationStore) -> None:
    """It is told as it was when it was judged, or not at all."""

    class Moving(Counting):
        def __call__(self, object_: str) -> bool:
            if self.asked == MOST + 1:
                store.catalogue.put(an_app("app-0001", 9999, labels={"secret": "yes"}))
                store.catalogue.drop(AppKey(NAMESPACE, "app-0003"), 10000)
            return super().__call__(object_)

    for query in ({}, {"limit": 10}, {"sort": "-project"}):
        known = store.resource_version
        found = await body(store, Moving("p, eve, applications, get, shop/*, allow"), **query)
        assert "secret" not in orjson.dumps(found).decode()
        assert found["metadata"]["resourceVersion"] == known


async def test_a_block_of_which_everything_passes_is_itself_and_is_let_go(store: ApplicationStore) -> None:
    judge = Counting("p, eve, applications, get, */*, allow")
    sieve = Sieve(EVERYTHING, judge, namespace=NAMESPACE)
    blocks = store.catalogue.blocks.snapshot()
    assert await sieve.sift(blocks) == blocks
    del blocks
    for n in range(COUNT):
        store.catalogue.put(an_app(f"app-{n:04}", 10_000 + n))
    assert len(sieve._passed) == 0


async def test_other_rights_are_another_sieve(store: ApplicationStore) -> None:
    first, second = (Counting("p, eve, applications, get, shop/*, allow") for _ in range(2))
    assert store.sieves.of(EVERYTHING, first) is store.sieves.of(EVERYTHING, first)
    assert store.sieves.of(EVERYTHING, first) is not store.sieves.of(EVERYTHING, second)
    kept = store.sieves.of(EVERYTHING, first)
    for n in range(MOST_SIEVES):
        store.sieves.of(Selection(name=f"x{n}"), first)
    assert store.sieves.of(EVERYTHING, first) is not kept
