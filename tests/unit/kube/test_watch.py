"""Watches over the wire: what is told, and from where they go on, whatever the server does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Self

import pytest

from tests.clocks import SwiftClock
from tests.servers.scripted import (
    Cut,
    Ends,
    Received,
    Reply,
    Scripted,
    Stream,
    bookmark,
    config_map,
    event,
    listing,
    status,
)
from trimtab.errors import Retry
from trimtab.kube import watch as watching
from trimtab.kube.errors import Forbidden, NotFound, ServerError, Unauthorized, Unreachable
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent

LIST, WATCH, STREAMLIST = (f"{verb} /api/v1/configmaps" for verb in ("GET", "WATCH", "STREAMLIST"))
UNSERVED = status(422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is on")
EXPIRED = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
TOO_LARGE = {
    "kind": "Status",
    "code": 504,
    "reason": "Timeout",
    "message": "Too large resource version",
    "details": {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]},
}


class Watcher:
    """A running watch, read word by word: `+a` upserted, `-a` removed, `=a,b` listed."""

    def __init__(self, transport: Transport, resource: Resource, **settings: str) -> None:
        self.troubles: list[Retry | None] = []
        self._events = watch(transport, resource, report=self.troubles.append, **settings)  # type: ignore[arg-type]
        self._words: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._events.aclose()

    async def read(self, count: int, *, patience: float = 5) -> str:
        """The next `count` words."""
        while len(self._words) < count:
            async with asyncio.timeout(patience):
                batch = await anext(self._events)
            assert batch, "an empty batch"
            self._words += [word_of(told) for told in batch]
        words, self._words = self._words[:count], self._words[count:]
        return " ".join(words)


def word_of(told: WatchEvent) -> str:
    match told:
        case Upserted(observed):
            return f"+{observed.key.name}"
        case Removed(last):
            return f"-{last.key.name}"
        case Listed(keys):
            return f"={','.join(sorted(key.name for key in keys))}"


@pytest.fixture
async def watcher(transport: Transport, config_maps: Resource) -> AsyncIterator[Watcher]:
    async with Watcher(transport, config_maps) as running:
        yield running


def added(name: str, version: int) -> bytes:
    return event("ADDED", config_map(name, version))


def deleted(name: str, version: int) -> bytes:
    return event("DELETED", config_map(name, version))


def versions(requests: list[Received]) -> list[str | None]:
    return [request.query.get("resourceVersion") for request in requests]


async def test_a_list_streamed_then_changes_on_the_same_connection(server: Scripted, watcher: Watcher) -> None:
    initial = [added("a", 3), added("b", 2), bookmark(5, initial_end=True)]
    server.answer(STREAMLIST, Stream([*initial, added("c", 6), deleted("a", 7)]))
    assert await watcher.read(5) == "+a +b =a,b +c -a"
    (got,) = server.requests
    assert got.query["resourceVersionMatch"] == "NotOlderThan"
    assert got.query["allowWatchBookmarks"] == "true"
    assert 300 <= int(got.query["timeoutSeconds"]) <= 600
    assert "resourceVersion" not in got.query


async def test_changes_during_a_streamed_list_count(server: Scripted, watcher: Watcher) -> None:
    initial = [added("a", 3), added("b", 2), deleted("a", 6), added("c", 7), bookmark(8, initial_end=True)]
    server.answer(STREAMLIST, Stream(initial))
    assert await watcher.read(5) == "+a +b -a +c =b,c"


@pytest.mark.parametrize("refusal", [UNSERVED, status(400, "BadRequest"), status(403, "Forbidden")])
async def test_a_server_without_streamed_lists_is_listed_page_by_page(
    server: Scripted, watcher: Watcher, refusal: Reply
) -> None:
    server.answer(STREAMLIST, refusal)
    pages = listing([config_map("a")], version=5, more="t"), listing([config_map("b")], version=5)
    server.answer(LIST, *pages)
    server.answer(WATCH, Stream([added("c", 6)]))
    assert await watcher.read(4) == "+a +b =a,b +c"
    assert versions(server.got(WATCH)) == ["5"]
    assert watcher.troubles == []


async def test_a_server_that_refused_to_stream_lists_is_not_asked_again(
    server: Scripted, transport: Transport, config_maps: Resource
) -> None:
    server.answer(STREAMLIST, UNSERVED)
    server.answer(LIST, listing([], version=5))
    for _ in range(3):
        async with Watcher(transport, config_maps) as watcher:
            assert await watcher.read(1) == "="
    assert len(server.got(STREAMLIST)) == 1


async def test_a_server_that_does_not_mark_the_end_is_listed(server: Scripted, watcher: Watcher) -> None:
    server.answer(STREAMLIST, Stream([added("a", 3) + bookmark(4)]))
    server.answer(LIST, listing([config_map("b")], version=5))
    assert await watcher.read(2) == "+b =b"


async def test_a_server_that_falls_silent_before_the_end_is_listed(
    server: Scripted, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "INITIAL_IDLE_SECONDS", 0.05)
    server.answer(STREAMLIST, Stream([added("a", 3)]))
    server.answer(LIST, listing([config_map("a")], version=5))
    assert await watcher.read(3) == "+a +a =a"


async def test_a_streamed_list_that_breaks_starts_over(server: Scripted, watcher: Watcher) -> None:
    broken = Stream([added("gone", 3)], ends=Ends.CUT)
    server.answer(STREAMLIST, broken, Stream([added("b", 4), bookmark(5, initial_end=True)]))
    assert await watcher.read(3) == "+gone +b =b"
    assert [type(one) for one in watcher.troubles] == [Unreachable, type(None)]


@pytest.fixture
def listed(server: Scripted) -> Scripted:
    """A server that has listed `a` at version 5, page by page."""
    server.answer(STREAMLIST, UNSERVED)
    server.answer(LIST, listing([config_map("a")], version=5))
    return server


@pytest.mark.parametrize("ends", [Ends.CUT, Ends.PROPERLY])
async def test_a_watch_that_ends_goes_on_from_its_last_event(listed: Scripted, watcher: Watcher, ends: Ends) -> None:
    listed.answer(WATCH, Stream([added("b", 6), deleted("a", 7)], ends=ends), Stream([added("c", 8)]))
    assert await watcher.read(5) == "+a =a +b -a +c"
    assert versions(listed.got(WATCH)) == ["5", "7"]
    assert len(listed.got(LIST)) == 1


async def test_a_half_event_at_the_end_is_told_once_it_comes_whole(listed: Scripted, watcher: Watcher) -> None:
    listed.answer(WATCH, Stream([added("b", 6), added("c", 7)[:50]], ends=Ends.CUT), Stream([added("c", 7)]))
    assert await watcher.read(4) == "+a =a +b +c"
    assert versions(listed.got(WATCH)) == ["5", "6"]


async def test_a_bookmark_is_where_to_go_on(listed: Scripted, watcher: Watcher) -> None:
    listed.answer(WATCH, Stream([bookmark(90)], ends=Ends.PROPERLY), Stream([added("b", 91)]))
    assert await watcher.read(3) == "+a =a +b"
    assert versions(listed.got(WATCH)) == ["5", "90"]


@pytest.mark.parametrize(
    "expired",
    [Reply.json(EXPIRED, 410), Stream([event("ERROR", EXPIRED)]), Reply.json(TOO_LARGE, 504)],
    ids=["HTTP", "event", "from the future"],
)
async def test_an_expired_version_is_listed_again(listed: Scripted, watcher: Watcher, expired: Reply | Stream) -> None:
    listed.answer(LIST, listing([config_map("a")], version=5), listing([config_map("b")], version=50))
    listed.answer(WATCH, expired, Stream([deleted("b", 51)]))
    assert await watcher.read(5) == "+a =a +b =b -b"
    assert versions(listed.got(WATCH)) == ["5", "50"]


async def test_events_before_the_expiry_are_told(listed: Scripted, watcher: Watcher) -> None:
    listed.answer(LIST, listing([config_map("a")], version=5), listing([], version=50))
    listed.answer(WATCH, Stream([deleted("a", 6), event("ERROR", EXPIRED)]), Stream([]))
    assert await watcher.read(4) == "+a =a -a ="


async def test_a_server_that_is_down_is_waited_for_ever_longer(
    listed: Scripted, watcher: Watcher, clock: SwiftClock
) -> None:
    listed.answer(WATCH, *[Cut()] * 3, status(503, "ServiceUnavailable"), Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert [type(one) for one in watcher.troubles] == [Unreachable] * 3 + [ServerError, type(None)]
    assert all(full / 2 <= wait <= full for wait, full in zip(clock.waits, (0.25, 0.5, 1, 2), strict=True))


async def test_a_server_that_asks_for_patience_gets_it(listed: Scripted, watcher: Watcher, clock: SwiftClock) -> None:
    busy = Reply.json({"reason": "TooManyRequests"}, 429, Retry_After="17")
    listed.answer(WATCH, busy, Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert clock.waits == [17]


async def test_a_watch_that_ends_at_once_is_not_repeated_at_once(
    listed: Scripted, watcher: Watcher, clock: SwiftClock
) -> None:
    listed.answer(WATCH, Stream([], ends=Ends.PROPERLY), Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert len(clock.waits) == 1


async def test_a_watch_that_is_silent_but_open_is_mended(listed: Scripted, watcher: Watcher) -> None:
    listed.answer(WATCH, Cut(), Stream([]))
    assert await watcher.read(2) == "+a =a"
    with pytest.raises(TimeoutError):
        await watcher.read(1, patience=0.3)
    assert [type(one) for one in watcher.troubles] == [Unreachable, type(None)]


async def test_nonsense_is_not_taken_for_events(listed: Scripted, watcher: Watcher) -> None:
    listed.answer(WATCH, Reply(b"<html>log in</html>\n"), Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert isinstance(watcher.troubles[0], ServerError)


@pytest.mark.parametrize(
    "refusal, error",
    [
        (status(403, "Forbidden"), Forbidden),
        (status(404, "NotFound"), NotFound),
        (status(401, "Unauthorized"), Unauthorized),
    ],
)
async def test_what_waiting_cannot_mend_is_raised(
    listed: Scripted, watcher: Watcher, refusal: Reply, error: type[Exception]
) -> None:
    listed.answer(WATCH, refusal)
    assert await watcher.read(2) == "+a =a"
    with pytest.raises(error, match="watch v1/ConfigMap"):
        await watcher.read(1)


async def test_a_server_that_has_just_started_may_refuse_for_a_moment(listed: Scripted, watcher: Watcher) -> None:
    refusals = status(403, "Forbidden"), status(404, "NotFound"), status(401, "Unauthorized")
    listed.answer(WATCH, Cut(), *refusals, Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"


async def test_also_one_that_was_away_for_long(listed: Scripted, watcher: Watcher) -> None:
    away = 20 * [Cut()]
    listed.answer(WATCH, *away, status(403, "Forbidden"), status(403, "Forbidden"), Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert len(watcher.troubles) >= len(away)


async def test_a_kind_that_never_could_be_listed_is_refused_at_once(
    server: Scripted, watcher: Watcher, clock: SwiftClock
) -> None:
    server.answer(STREAMLIST, status(403, "Forbidden"))
    server.answer(LIST, status(403, "Forbidden"))
    with pytest.raises(Forbidden):
        await watcher.read(1)
    assert clock.waits == []


async def test_selectors_namespace_and_metadata(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer("STREAMLIST /api/v1/namespaces/shop/configmaps", Stream([bookmark(5, initial_end=True)]))
    events = watch(transport, config_maps, namespace="shop", label_selector="a=b", metadata_only=True)
    async with aclosing(events):
        (event,) = await anext(events)
        assert isinstance(event, Listed)
        assert (event.keys, event.resource_version != "") == (frozenset(), True)
    (got,) = server.requests
    assert got.query["labelSelector"] == "a=b"
    assert got.headers["Accept"].startswith("application/json;as=PartialObjectMetadata;")


async def test_a_watch_that_the_server_does_not_end_is_given_up(
    listed: Scripted, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LEAST_SECONDS", 0)
    monkeypatch.setattr(watching, "MOST_SECONDS", 0)
    monkeypatch.setattr(watching, "GRACE_SECONDS", 0.0)
    listed.answer(WATCH, Stream([]), Stream([added("b", 6)]))
    assert await watcher.read(3) == "+a =a +b"
    assert isinstance(watcher.troubles[0], Unreachable)


async def test_closing_a_watch_closes_its_connection(
    listed: Scripted, transport: Transport, config_maps: Resource
) -> None:
    listed.answer(WATCH, Stream([added("b", 6)]))
    async with Watcher(transport, config_maps) as watcher:
        await watcher.read(3)
        assert open_streams(transport) == 1
    assert open_streams(transport) == 0


def open_streams(transport: Transport) -> int:
    assert transport._streams is not None
    assert transport._streams.connector is not None
    return len(transport._streams.connector._acquired)
