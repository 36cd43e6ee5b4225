"""The logs of Pods: read from a kubelet's words, on a server that says what the test wrote down, and on the sandbox."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from tests.engine.world import until
from tests.server.desk import Desk
from tests.server.live.looking import only, path
from tests.server.live.test_objects import allow
from tests.servers.scripted import Ends, Scripted, Stream, status
from trimtab.errors import TrimtabError
from trimtab.kube.config import ClusterConfig
from trimtab.kube.transport import Transport
from trimtab.model.keys import ObjectKey
from trimtab.server.failures import Failure
from trimtab.server.live.log_lines import LONGEST_LINE, Choice, Line, LineReader
from trimtab.server.live.log_merge import merged
from trimtab.server.live.logs import Source, lines


def said(*words: str, at: int = 0) -> bytes:
    """Lines as a kubelet writes them, a second apart."""
    return b"".join(f"2026-11-23T12:00:{at + n:02d}.5Z {word}\n".encode() for n, word in enumerate(words))


def pod(name: str = "web") -> ObjectKey:
    return ObjectKey("", "Pod", "shop", name)


def log_of(name: str = "web") -> str:
    return f"GET /api/v1/namespaces/shop/pods/{name}/log"


async def read(server: Scripted, source: Source) -> list[tuple[str, str]]:
    config = ClusterConfig(name="scripted", server=server.url)
    async with Transport(config) as transport, aclosing(lines(transport, source)) as found:
        return [(line.pod, line.content) async for line in found]


def test_lines_are_cut_where_they_end() -> None:
    reader = LineReader("web")
    whole = said("one", "tw\u00f6 words", "")
    parts = [whole[:10], whole[10:45], whole[45:]]
    found = [line for part in parts for line in reader.feed(part)]
    assert [line.content for line in found] == ["one", "tw\u00f6 words", ""]
    assert [line.time for line in found] == [f"2026-11-23T12:00:0{n}.5Z" for n in range(3)]
    assert reader.end() == []
    assert [line.content for line in (*reader.feed(b"unable to read"), *reader.end())] == ["unable to read"]
    assert found[1].at - found[0].at == 1.0


def test_what_is_no_line() -> None:
    reader = LineReader("web")
    found = reader.feed(said("one")[:-1] + b"x" * LONGEST_LINE)
    found += reader.feed(b"y\n\xff\xfe no text\n")
    assert [line.content[:3] for line in found] == ["one", "y", "\ufffd\ufffd "]
    assert len({line.time for line in found}) == 1, "what has no time belongs to the line before"


@pytest.mark.parametrize(
    ("wanted", "match_case", "shown"),
    [
        ("", False, ["An Error", "fine"]),
        ("error", False, ["An Error"]),
        ("error", True, []),
        ("Error", True, ["An Error"]),
        ("!error", False, ["fine"]),
        ("!error", True, ["An Error", "fine"]),
        ("!", False, ["An Error", "fine"]),
    ],
)
def test_lines_are_chosen(wanted: str, match_case: bool, shown: list[str]) -> None:
    choice = Choice(wanted=wanted, match_case=match_case)
    given = [Line(0.0, "", "web", content) for content in ("An Error", "fine")]
    assert [line.content for line in given if choice.shows(line)] == shown


async def test_one_pod() -> None:
    async with Scripted() as server:
        server.answer(log_of(), Stream([said("one", "two")[:20], said("one", "two")[20:]], Ends.PROPERLY))
        source = Source((pod(),), {"timestamps": "true", "tailLines": "5"})
        assert await read(server, source) == [("web", "one"), ("web", "two")]
        (request,) = server.got(log_of())
        assert request.query == {"timestamps": "true", "tailLines": "5"}


async def test_many_pods_by_time() -> None:
    async with Scripted() as server:
        server.answer(log_of("a"), Stream([said("first"), said("third", at=2)], Ends.PROPERLY))
        server.answer(log_of("b"), Stream([said("second", at=1), said("fourth", at=3)], Ends.PROPERLY))
        server.answer(log_of("c"), Stream([], Ends.PROPERLY))
        found = await read(server, Source((pod("a"), pod("b"), pod("c"))))
        assert [content for _, content in found] == ["first", "second", "third", "fourth"]


async def test_until_a_moment() -> None:
    async with Scripted() as server:
        server.answer(log_of(), Stream([said("one", "two", "three")], Ends.NEVER))
        until = LineReader("").feed(said("x", at=1))[0].at
        assert await read(server, Source((pod(),), choice=Choice(until=until), follow=True)) == [
            ("web", "one"),
            ("web", "two"),
        ]


async def test_a_pod_whose_log_cannot_be_read() -> None:
    async with Scripted() as server:
        refusal = status(400, "BadRequest", "container web is waiting to start: ContainerCreating")
        server.answer(log_of("a"), refusal)
        server.answer(log_of("b"), Stream([said("one")], Ends.PROPERLY))
        with pytest.raises(TrimtabError, match="waiting to start"):
            await read(server, Source((pod("a"),)))
        found = await read(server, Source((pod("a"), pod("b"))))
        assert len(found) == 2
        assert "waiting to start" in found[0][1]


async def test_a_log_that_breaks_off() -> None:
    async with Scripted() as server:
        server.answer(log_of(), Stream([said("one")], Ends.CUT))
        with pytest.raises((TrimtabError, Failure)):
            await read(server, Source((pod(),)))


async def test_a_quiet_pod_does_not_hold_the_others_up() -> None:
    asked = asyncio.Event()

    async def quiet() -> AsyncGenerator[list[Line]]:
        asked.set()
        await asyncio.Event().wait()
        yield []

    async def loud() -> AsyncGenerator[list[Line]]:
        for n in range(300):
            yield [Line(float(n), "", "loud", str(n))]

    found: list[str] = []
    async with aclosing(merged([quiet(), loud()], patience=0.01)) as stream, asyncio.timeout(5):
        async for line in stream:
            found.append(line.content)
            if len(found) == 300:
                break
    assert asked.is_set()
    assert found == [str(n) for n in range(300)]


async def test_a_stream_says_that_it_ends(shop: Desk) -> None:
    live = await only(shop, "Pod")
    name = live["metadata"]["name"]
    queries: tuple[tuple[str, dict[str, Any]], ...] = (
        (f"pods/{name}/logs", {}),
        ("logs", {"podName": name, "namespace": shop.place, "container": "web"}),
        ("logs", {"group": "apps", "kind": "Deployment", "resourceName": "web", "tailLines": 10}),
        ("logs", {}),
    )
    for rest, query in queries:
        answer = await shop.call("GET", path(shop, rest), **query)
        assert answer.status == 200, answer.body
        # The sandbox's containers have nothing to say.
        assert answer.body["result"]["last"] is True
        assert answer.body["result"]["content"] == ""


async def test_a_file(shop: Desk) -> None:
    session = await shop.session("admin")
    async with session.get(path(shop, "logs"), params={"download": "true", "follow": "true"}) as response:
        assert response.status == 200
        assert response.headers["content-disposition"] == f'attachment; filename="{shop.named()}.log"'
        assert (response.content_type, await response.read()) == ("text/plain", b"")


async def test_what_a_kubelet_tells_reaches_the_caller(shop: Desk) -> None:
    live = await only(shop, "Pod")
    name = live["metadata"]["name"]
    async with Scripted() as kubelet, Transport(ClusterConfig(name="kubelet", server=kubelet.url)) as to_kubelet:
        told = f"GET /api/v1/namespaces/{shop.place}/pods/{name}/log"
        kubelet.answer(told, Stream([said("one"), said("two", "three", at=1)], Ends.PROPERLY))
        home = shop.running.served.world.clusters.home.transport
        to_server = home.stream

        def routed(path: str, **asked: Any) -> Any:
            return (to_kubelet.stream if path.endswith("/log") else to_server)(path, **asked)

        home.stream = routed  # type: ignore[method-assign]
        session = await shop.session("admin")
        asked = {"filter": "!two", "tailLines": "7", "sinceTime.seconds": "1700000000", "previous": "true"}
        async with session.get(path(shop, "logs"), params=asked) as response:
            entries = [orjson.loads(line)["result"] for line in (await response.read()).splitlines()]
        async with session.get(path(shop, "logs"), params={"download": "true"}) as response:
            assert await response.text() == "one\ntwo\nthree\n"
        first, _ = kubelet.got(told)
    assert [(one["content"], one["podName"], one["last"]) for one in entries] == [
        ("one", name, False),
        ("three", name, False),
        ("", "", True),
    ]
    assert entries[0]["timeStamp"] == entries[0]["timeStampStr"] == "2026-11-23T12:00:00.5Z"
    assert first.query == {
        "timestamps": "true",
        "tailLines": "7",
        "sinceTime": "2023-11-14T22:13:20.000000000Z",
        "previous": "true",
    }


async def test_logs_have_their_own_right(shop: Desk) -> None:
    live = await only(shop, "Pod")
    await allow(shop)
    for rest in ("logs", f"pods/{live['metadata']['name']}/logs"):
        refused = await shop.call("GET", path(shop, rest), who="eve")
        assert refused.failure == (403, 7, f"permission denied: logs, get, default/{shop.named()}, sub: eve")
    await allow(shop, "p, eve, logs, get, default/*, allow")
    answer = await until(lambda: shop.call("GET", path(shop, "logs"), who="eve"), lambda seen: seen.status == 200)
    assert answer.body["result"]["last"] is True


async def test_pods_that_are_not_the_applications(shop: Desk) -> None:
    spec = {"containers": [{"name": "main", "image": "registry.example/x:1"}]}
    await shop.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone"}, "spec": spec})
    for name in ("lone", "nothing", "a%2Fb", "a" * 300):
        answer = await shop.call("GET", path(shop, f"pods/{name}/logs"))
        assert answer.failure[0] in (400, 404), name


SENSELESS: tuple[dict[str, str], ...] = (
    {"tailLines": "-1"},
    {"tailLines": "x"},
    {"sinceSeconds": "-1"},
    {"sinceTime.seconds": "9" * 15},
    {"sinceTime.seconds": "1", "sinceSeconds": "1"},
    {"sinceTime.seconds": "1", "sinceTime.nanos": "-1"},
    {"untilTime": "yesterday"},
    {"container": "../x"},
    {"filter": "x" * 2000},
    {"kind": "Deployment"},
    {"kind": "Deployment", "group": "apps", "resourceName": "nothing"},
    {"kind": "ConfigMap", "resourceName": "settings"},
    {"namespace": "a/b"},
    {"follow": "perhaps"},
)


async def test_questions_that_make_no_sense(shop: Desk) -> None:
    for query in SENSELESS:
        answer = await shop.call("GET", path(shop, "logs"), **query)
        assert answer.failure[:2] == (400, 3), query


async def test_too_many_pods(shop: Desk) -> None:
    await shop.installed("ConfigMap", "argocd-cm", {"server.maxPodLogsToRender": "0"})
    answer = await until(lambda: shop.call("GET", path(shop, "logs")), lambda seen: seen.status != 200)
    assert answer.failure[:2] == (400, 3)
