"""What every call meets: limits, refusals, headers, compression, the audit log, streams. One server, made-up nouns."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from starlette.requests import Request

from trimtab.access.enforcer import Enforcer, Rules
from trimtab.access.subject import Subject
from trimtab.clock import SystemClock
from trimtab.errors import Stalled
from trimtab.server import bodies
from trimtab.server.asgi import Server
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, unimplemented
from trimtab.server.listening import Options, listening
from trimtab.server.operation import AnyOperation, Body, Method, Needs, NoQuery, Operation, Permission, Query
from trimtab.server.reply import Json, Raw, Redirect, Reply, Stream
from trimtab.server.served import Served

ADMIN = Subject(name="admin")


class Wish(Body, frozen=True):
    name: str
    count: int = 1


class Filter(Query, frozen=True):
    deep_search: bool = False
    projects: tuple[str, ...] = ()
    limit: int = 0


async def echo(call: Call[Filter, Wish]) -> Json:
    call.require("applications", "create", "default/x")
    return Json(value={"name": call.body.name, "count": call.body.count})


async def query(call: Call[Filter, None]) -> Json:
    call.require("applications", "get", "default/x")
    return Json(value=call.query)


async def forgetful(call: Call[NoQuery, None]) -> Json:
    return Json(value="a secret")


async def defect(call: Call[NoQuery, None]) -> Json:
    raise RuntimeError("password=hunter2")


async def stalled(call: Call[NoQuery, None]) -> Json:
    raise Stalled("the branch main does not exist")


async def large(call: Call[NoQuery, None]) -> Raw:
    return Raw(body=b"[" + b"1," * 5000 + b"1]")


async def away(call: Call[NoQuery, None]) -> Redirect:
    return Redirect(location="/login", cookies=("a=b; Path=/", "c=d"))


async def missing(call: Call[NoQuery, None]) -> Reply:
    raise unimplemented("chart repositories")


async def anything(call: Call[NoQuery, Any]) -> Json:
    return Json(value={})


async def held(call: Call[NoQuery, bytes]) -> Json:
    ARRIVED.release()
    await GO_ON.wait()
    return Json(value={})


NOTHING = type(None)
CLOSED = asyncio.Event()
ARRIVED, GO_ON = asyncio.Semaphore(0), asyncio.Event()


async def counting(call: Call[NoQuery, None]) -> Stream:
    async def messages() -> AsyncGenerator[bytes, None]:
        try:
            for number in range(3):
                yield json.dumps({"n": number}).encode()
            if "endless" in call.request.query_params:
                await asyncio.Event().wait()
            if "broken" in call.request.query_params:
                raise Failure(Code.PERMISSION_DENIED, "permission denied")
        finally:
            CLOSED.set()

    return Stream(messages=messages())


def line(
    path: str, handler: Any, method: Method = "GET", needs: Permission = "public", body: Any = NOTHING
) -> AnyOperation:
    query_type = Filter if handler in (echo, query) else NoQuery
    return Operation(
        method=method, path=path, id=path, handler=handler, needs=needs, query=query_type, body=body, reply=None,
        summary="", streams=handler is counting, largest_body=1000,
    )  # fmt: skip


OPERATIONS = (
    line("/echo", echo, "POST", Needs("applications", "create"), Wish),
    line("/query", query, "GET", Needs("applications", "get")),
    line("/forgetful", forgetful, "GET", Needs("applications", "get")),
    line("/defect", defect),
    line("/stalled", stalled),
    line("/large", large),
    line("/away", away),
    line("/missing", missing),
    line("/stream", counting),
    line("/bare", anything, "POST"),
    line("/raw", anything, "POST", body=bytes),
    line("/held", held, "POST", body=bytes),
)


async def by_header(request: Request, served: Served) -> Subject:
    name = request.headers.get("authorization", "").removeprefix("Bearer ") or request.cookies.get("who", "")
    if not name:
        raise Failure(Code.UNAUTHENTICATED, "no session information")
    return Subject(name=name)


class _Configuration:
    enforcer = Enforcer(Rules())


class _Ready(Served):
    def waiting_for(self) -> tuple[str, ...]:
        return ()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    unused = dict.fromkeys(Served.__struct_fields__)
    there = {"clock": SystemClock(), "configuration": _Configuration(), "applications": _Configuration()}
    bag = _Ready(**cast(Any, {**unused, **there, "calls": Counter()}))
    server = Server(bag, OPERATIONS, identify=by_header)
    async with (
        listening(server, Options(port=0)) as url,
        aiohttp.ClientSession(url, headers={"authorization": "Bearer admin"}) as session,
    ):
        yield session


async def failed(response: aiohttp.ClientResponse) -> tuple[int, int, str]:
    """Status, code and message; the two copies of the message agree."""
    body = await response.json()
    assert body["error"] == body["message"]
    return response.status, body["code"], body["message"]


async def test_a_call(client: aiohttp.ClientSession) -> None:
    async with client.post("/echo", json={"name": "x", "count": 2}) as response:
        assert (response.status, await response.json()) == (200, {"name": "x", "count": 2})
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "server" not in response.headers


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"name": ', "truncated"),
        (b'{"name": 1}', "name"),
        (b'{"name": "x", "coutn": 2}', "coutn"),
        (b"[]", "array"),
        (b"{}", "name"),
        (b"", "name"),
        (b'{"name": "\xff"}', "utf-8"),
        (b"[" * 900, "object"),
    ],
)
async def test_bad_bodies(client: aiohttp.ClientSession, body: bytes, said: str) -> None:
    async with client.post("/echo", data=body, headers={"content-type": "application/json"}) as response:
        status, code, message = await failed(response)
        assert (status, code) == (400, 3)
        assert said in message.lower()


async def test_a_body_that_is_too_large(client: aiohttp.ClientSession) -> None:
    async with client.post("/echo", json={"name": "x" * 2000}) as response:
        assert (await failed(response))[:2] == (413, 8)

    async def endless() -> AsyncGenerator[bytes, None]:
        for _ in range(100):
            yield b"x" * 100

    async with client.post("/echo", data=endless(), headers={"content-type": "application/json"}) as response:
        assert (await failed(response))[:2] == (413, 8)


async def test_another_content_type(client: aiohttp.ClientSession) -> None:
    async with client.post("/echo", data={"name": "x"}) as response:
        assert (await failed(response))[:2] == (415, 3)
    utf8 = {"content-type": "application/json; charset=utf-8"}
    async with client.post("/echo", data=b'{"name": "x"}', headers=utf8) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("deepSearch=true&projects=a&projects=b&limit=5", {"deepSearch": True, "projects": ["a", "b"], "limit": 5}),
        ("deepSearch=&limit=&other=1", {"deepSearch": False, "projects": [], "limit": 0}),
    ],
)
async def test_query_parameters(client: aiohttp.ClientSession, text: str, seen: dict[str, Any]) -> None:
    async with client.get(f"/query?{text}") as response:
        assert await response.json() == seen


async def test_a_query_parameter_of_the_wrong_type(client: aiohttp.ClientSession) -> None:
    async with client.get("/query?limit=many") as response:
        status, _, message = await failed(response)
        assert status == 400
        assert "limit" in message


async def test_a_handler_that_asks_for_no_right_gives_nothing_away(client: aiohttp.ClientSession) -> None:
    async with client.get("/forgetful") as response:
        assert await failed(response) == (403, 7, "permission denied")


async def test_a_defect_says_nothing_of_itself(client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture) -> None:
    async with client.get("/defect") as response:
        text = await response.text()
        assert response.status == 500
        assert "hunter2" not in text and "Traceback" not in text
    assert "a defect in Trimtab" in caplog.text


async def test_errors_of_the_engine(client: aiohttp.ClientSession) -> None:
    async with client.get("/stalled") as response:
        assert await failed(response) == (400, 9, "the branch main does not exist")
    async with client.get("/missing") as response:
        assert await failed(response) == (501, 12, "chart repositories is not supported yet")
    async with client.get("/nowhere") as response:
        assert (await failed(response))[:2] == (404, 5)


async def test_nobody(client: aiohttp.ClientSession) -> None:
    async with client.get("/query", headers={"authorization": ""}) as response:
        assert await failed(response) == (401, 16, "no session information")
    async with client.get("/large", headers={"authorization": ""}) as response:
        assert response.status == 200, "what is public needs nobody"


async def test_somebody_without_the_right(client: aiohttp.ClientSession) -> None:
    async with client.get("/query", headers={"authorization": "Bearer eve"}) as response:
        assert await failed(response) == (403, 7, "permission denied: applications, get, default/x, sub: eve")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({}, 200),
    ],
)
async def test_pages_of_other_sites(client: aiohttp.ClientSession, headers: dict[str, str], status: int) -> None:
    cookie = {"authorization": "", "cookie": "who=admin"}
    async with client.post("/echo", json={"name": "x"}, headers={**cookie, **headers}) as response:
        assert response.status == status
    async with client.post("/echo", json={"name": "x"}, headers=headers) as response:
        assert response.status == 200, "a bearer token is not sent by a browser on its own"


async def test_a_form_in_the_name_of_somebody_with_an_old_browser(client: aiohttp.ClientSession) -> None:
    cookie = {"authorization": "", "cookie": "who=admin; argocd.token=a.b.c"}
    for path in ("/bare", "/raw", "/echo"):
        async with client.post(path, data={"name": "x"}, headers=cookie) as response:
            assert (await failed(response))[:2] == (415, 3), path
        async with client.post(path, json={"name": "x"}, headers=cookie) as response:
            assert response.status == 200, path
    async with client.post("/raw", data=b"x", headers={"authorization": ""}) as response:
        assert response.status == 200, "whoever sends no cookie of ours acts in nobody's name"


async def test_bodies_are_held_within_bounds(client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 2500)
    monkeypatch.setattr(bodies, "MOST_OF_STRANGERS", 1500)

    async def post(authorization: str) -> int:
        async with client.post("/held", data=b"x" * 800, headers={"authorization": authorization}) as response:
            return response.status

    async def arrived(authorization: str) -> asyncio.Task[int]:
        posting = asyncio.create_task(post(authorization))
        await ARRIVED.acquire()
        return posting

    waiting = [await arrived("")]
    assert await post("") == 429, "strangers leave room for others"
    waiting += [await arrived("Bearer ada"), await arrived("Bearer eve")]
    assert await post("Bearer ada") == 429
    GO_ON.set()
    assert await asyncio.gather(*waiting) == [200, 200, 200]
    assert await post("") == 200, "what was held is given back"


async def test_large_replies_are_compressed(client: aiohttp.ClientSession) -> None:
    async with client.get("/large") as response:
        assert response.headers["content-encoding"] == "gzip"
        assert int(response.headers["content-length"]) < 1000
        assert len(await response.json()) == 5001
    async with client.get("/large", headers={"accept-encoding": "identity"}) as response:
        assert "content-encoding" not in response.headers
    async with client.head("/large", headers={"accept-encoding": "identity"}) as response:
        assert (response.headers["content-length"], await response.read()) == ("10003", b"")


async def test_a_redirect_with_cookies(client: aiohttp.ClientSession) -> None:
    async with client.get("/away", allow_redirects=False) as response:
        assert (response.status, response.headers["location"]) == (303, "/login")
        assert response.headers.getall("set-cookie") == ["a=b; Path=/", "c=d"]


async def test_writes_are_audited(client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trimtab.audit")
    async with client.post("/echo", json={"name": "hunter2"}) as response:
        assert response.status == 200
    async with client.post("/echo", json={"name": "x"}, headers={"authorization": "Bearer eve"}) as response:
        assert response.status == 403
    async with client.get("/query") as response:
        assert response.status == 200
    lines = [json.loads(record.message) for record in caplog.records if record.name == "trimtab.audit"]
    assert [(one["who"], one["allowed"], one["operation"], one["from"]) for one in lines] == [
        ("admin", True, "/echo", "127.0.0.1"),
        ("eve", False, "/echo", "127.0.0.1"),
    ]
    assert "hunter2" not in caplog.text


async def test_a_stream_of_lines(client: aiohttp.ClientSession) -> None:
    async with client.get("/stream") as response:
        assert response.content_type == "application/json"
        assert await response.text() == '{"result":{"n": 0}}\n{"result":{"n": 1}}\n{"result":{"n": 2}}\n'


async def test_a_stream_of_events(client: aiohttp.ClientSession) -> None:
    async with client.get("/stream?broken=1", headers={"accept": "text/event-stream"}) as response:
        assert response.content_type == "text/event-stream"
        opening, *events, last = (await response.text()).strip().split("\n\n")
        assert opening == ":", "proxies hold the head back until something follows it"
        assert events == [f'data: {{"result":{{"n": {n}}}}}' for n in range(3)]
        error = json.loads(last.removeprefix("data: "))["error"]
        assert (error["grpc_code"], error["http_code"], error["message"]) == (7, 403, "permission denied")


async def test_a_stream_is_closed_when_the_caller_goes(client: aiohttp.ClientSession) -> None:
    CLOSED.clear()
    async with client.get("/stream?endless=1") as response:
        await response.content.readline()
        response.close()
    await asyncio.wait_for(CLOSED.wait(), 5)
