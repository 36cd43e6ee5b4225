"""Streams: what their callers are told, in which order, and what they are not."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson
import pytest

from tests.server.applications.made import NAMESPACE, an_app
from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.access.subject import Subject
from trimtab.model.keys import AppKey
from trimtab.server.applications import hub
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.channel import Interest
from trimtab.server.applications.hub import Hub
from trimtab.server.applications.labels import parse_selector
from trimtab.server.applications.projection import WHOLE, Projection, parse_fields
from trimtab.server.applications.selection import EVERYTHING, Selection
from trimtab.server.applications.views import Views

ADMIN = Subject(name="admin")
EVE = Subject(name="eve")
NAMES = parse_fields("result.type,result.application.metadata.name", "result.application")


class Scene:
    """A catalogue with a hub; `policy` is eve's."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.enforcer = enforcer("")
        views = Views(self.catalogue)
        self.hub = Hub(self.catalogue, views, namespace=NAMESPACE, rights=lambda: self.enforcer)

    def put(self, name: str, version: int, **parts: Any) -> None:
        self.catalogue.put(an_app(name, version, **parts))

    def drop(self, name: str, version: int) -> None:
        self.catalogue.drop(AppKey(NAMESPACE, name), version)

    def allow(self, policy: str) -> None:
        self.enforcer = enforcer(policy)
        self.hub.rights_changed()

    @contextlib.asynccontextmanager
    async def stream(
        self,
        who: Subject = ADMIN,
        *,
        selection: Selection = EVERYTHING,
        projection: Projection = WHOLE,
        since: int | None = None,
    ) -> AsyncIterator["Told"]:
        messages = self.hub.stream(Interest(projection, selection, who), since=since)
        told = Told(messages)
        try:
            yield told
        finally:
            await told.close()


class Told:
    """What a caller has read so far."""

    def __init__(self, messages: AsyncGenerator[bytes, None]) -> None:
        self._messages = messages
        self._next: asyncio.Future[bytes] | None = None

    async def next(self) -> tuple[str, str]:
        event = await self.event()
        return event["type"], event["application"]["metadata"]["name"]

    async def event(self) -> Any:
        upcoming = self._next or asyncio.ensure_future(anext(self._messages))
        self._next = None
        return orjson.loads(await asyncio.wait_for(upcoming, 5))

    async def nothing(self) -> bool:
        """Nothing is to be told at the moment."""
        self._next = self._next or asyncio.ensure_future(anext(self._messages))
        for _ in range(20):
            await asyncio.sleep(0)
        return not self._next.done()

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
        await self._messages.aclose()


def enforcer(policy: str) -> Enforcer:
    rules, problems = parse_policy({"policy.csv": policy})
    assert not problems
    return Enforcer(rules)


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_all_first_by_name_then_what_happens(scene: Scene) -> None:
    scene.put("b", 1)
    scene.put("a", 2)
    async with scene.stream() as told:
        assert [await told.next(), await told.next()] == [("ADDED", "a"), ("ADDED", "b")]
        assert await told.nothing()
        scene.put("b", 3)
        scene.put("c", 4)
        scene.drop("a", 5)
        assert [await told.next() for _ in range(3)] == [("MODIFIED", "b"), ("ADDED", "c"), ("DELETED", "a")]


async def test_the_newest_state_takes_the_place_of_older(scene: Scene) -> None:
    scene.put("a", 1)
    async with scene.stream() as told:
        await told.next()
        for version in range(2, 50):
            scene.put("a", version)
            scene.put("b", 100 + version)
        scene.put("gone", 200)
        scene.drop("gone", 201)
        assert (await told.event())["application"]["metadata"]["resourceVersion"] == "49"
        assert await told.next() == ("ADDED", "b")
        assert await told.nothing()


async def test_deleted_and_made_again_is_modified_for_who_did_not_see_it_go(scene: Scene) -> None:
    scene.put("a", 1)
    async with scene.stream() as told:
        await told.next()
        scene.drop("a", 2)
        scene.put("a", 3)
        assert await told.next() == ("MODIFIED", "a")


async def test_what_looks_the_same_is_not_told(scene: Scene) -> None:
    scene.put("a", 1)
    async with scene.stream(projection=NAMES) as told:
        assert await told.event() == {"type": "ADDED", "application": {"metadata": {"name": "a"}}}
        scene.put("a", 2)
        assert await told.nothing()
        scene.drop("a", 3)
        assert await told.event() == {"type": "DELETED", "application": {"metadata": {"name": "a"}}}


async def test_from_a_resource_version_on(scene: Scene) -> None:
    scene.put("old", 1)
    scene.put("changed", 2)
    scene.put("gone", 3)
    scene.put("changed", 5)
    scene.put("new", 6)
    scene.drop("gone", 7)
    async with scene.stream(since=4) as told:
        first = [await told.next() for _ in range(3)]
        assert first == [("MODIFIED", "changed"), ("ADDED", "new"), ("DELETED", "gone")]
        scene.put("old", 8)
        assert await told.next() == ("MODIFIED", "old")
        assert await told.nothing()


async def test_changes_while_the_first_ones_are_told(scene: Scene) -> None:
    for n, name in enumerate("abcd"):
        scene.put(name, n + 1)
    async with scene.stream() as told:
        assert await told.next() == ("ADDED", "a")
        scene.put("a", 10)
        scene.put("c", 11)
        scene.drop("d", 12)
        scene.put("e", 13)
        assert await told.next() == ("ADDED", "b")
        assert (await told.event())["application"]["metadata"]["resourceVersion"] == "11"
        assert [await told.next(), await told.next()] == [("MODIFIED", "a"), ("ADDED", "e")]
        assert await told.nothing()


async def test_what_leaves_the_selection_is_gone(scene: Scene) -> None:
    web = Selection(labels=parse_selector("team=web"))
    scene.put("a", 1, labels={"team": "web"})
    scene.put("b", 2)
    async with scene.stream(selection=web) as told:
        assert await told.next() == ("ADDED", "a")
        scene.put("a", 3, labels={"team": "api", "secret": "new"})
        event = await told.event()
        assert (event["type"], event["application"]["metadata"]["labels"]) == ("DELETED", {"team": "web"})
        scene.put("b", 4, labels={"team": "web"})
        assert await told.next() == ("ADDED", "b")


async def test_rights_given_and_taken(scene: Scene) -> None:
    scene.put("a", 1)
    scene.put("b", 2, spec={"project": "shop"})
    async with scene.stream(EVE) as told:
        assert await told.nothing()
        scene.allow("p, eve, applications, get, default/*, allow")
        assert await told.next() == ("ADDED", "a")
        scene.put("b", 3, spec={"project": "shop"})
        assert await told.nothing()
        scene.allow("p, eve, applications, get, shop/*, allow")
        assert sorted([await told.next(), await told.next()]) == [("ADDED", "b"), ("DELETED", "a")]
        scene.put("b", 4, spec={"project": "default"})
        event = await told.event()
        assert (event["type"], event["application"]["spec"]["project"]) == ("DELETED", "shop")


async def test_nothing_is_told_of_what_is_lost_before_its_turn(scene: Scene) -> None:
    for n, name in enumerate("abc"):
        scene.put(name, n + 1)
    scene.allow("p, eve, applications, get, default/*, allow")
    async with scene.stream(EVE) as told:
        assert await told.next() == ("ADDED", "a")
        scene.allow("p, eve, applications, get, default/a, allow")
        assert await told.nothing()
        scene.put("b", 9)
        assert await told.nothing()
        scene.put("a", 10)
        assert await told.next() == ("MODIFIED", "a")


async def test_changed_rights_and_a_change_at_once(scene: Scene) -> None:
    scene.put("a", 1)
    scene.allow("p, eve, applications, get, default/*, allow")
    async with scene.stream(EVE) as told:
        await told.next()
        scene.allow("")
        scene.put("a", 2, labels={"secret": "new"})
        event = await told.event()
        assert (event["type"], event["application"]["metadata"]["labels"]) == ("DELETED", {})
        scene.allow("p, eve, applications, get, default/*, allow")
        assert await told.next() == ("ADDED", "a")


async def test_many_streams_share_what_they_are_told(scene: Scene) -> None:
    scene.put("a", 1)
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(scene.stream(projection=NAMES)) for _ in range(50)]
        for told in streams:
            await told.next()
        scene.put("b", 2)
        assert {await told.next() for told in streams} == {("ADDED", "b")}
        assert scene.hub.channels == 1
    assert scene.hub.channels == 0


async def test_there_is_an_end_to_different_streams(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_CHANNELS", 1)
    scene.put("a", 1)
    async with scene.stream() as told:
        await told.next()
        assert scene.hub.has_room(Interest(WHOLE, EVERYTHING, ADMIN))
        assert not scene.hub.has_room(Interest(NAMES, EVERYTHING, ADMIN))
    assert scene.hub.has_room(Interest(NAMES, EVERYTHING, ADMIN))
