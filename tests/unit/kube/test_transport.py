"""Requests over the wire: credentials, retries, deadlines, against a server that misbehaves as told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from tests.clocks import SwiftClock
from tests.servers.scripted import Cut, Reply, Scripted, Silence, Stream, status
from trimtab.errors import Stalled
from trimtab.kube.config import ClusterConfig, Impersonation
from trimtab.kube.credentials import Basic, BearerToken, TokenFile
from trimtab.kube.errors import NO_ROLES, NotFound, ServerError, TooManyRequests, Unauthorized, Unreachable
from trimtab.kube.transport import CONNECTIONS, Transport

OK = Reply(b'{"ok":true}')


Connect = Callable[..., "asyncio.Future[Transport]"]


@pytest.fixture
async def connect(server: Scripted, clock: SwiftClock) -> AsyncIterator[Connect]:
    """`await connect(credentials=…)`: a transport to the server."""
    async with AsyncExitStack() as stack:

        async def connected(**settings: object) -> Transport:
            config = msgspec.structs.replace(ClusterConfig(server=server.url, name="test"), **settings)
            return await stack.enter_async_context(Transport(config, clock=clock))

        yield lambda **settings: asyncio.ensure_future(connected(**settings))


async def test_an_answer_is_its_body(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", OK)
    transport = await connect(server=f"{server.url}/", credentials=BearerToken("t0p"))
    assert await transport.request("GET", "/x", query={"a": "b c&d", "e": "f=g"}) == OK.body
    (got,) = server.requests
    assert got.query == {"a": "b c&d", "e": "f=g"}
    assert got.headers["Authorization"] == "Bearer t0p"
    assert got.headers["Accept-Encoding"] == "identity"
    assert "Content-Type" not in got.headers


async def test_a_server_may_live_below_a_path(server: Scripted, connect: Connect) -> None:
    server.answer("GET /k8s/clusters/c-1/version", OK)
    transport = await connect(server=f"{server.url}/k8s/clusters/c-1")
    assert await transport.request("GET", "/version") == OK.body


async def test_names_with_colons_and_percents_arrive_as_they_are(server: Scripted, connect: Connect) -> None:
    server.answer("GET /roles/system:node%2Fx", OK)
    transport = await connect()
    with pytest.raises(NotFound):
        await transport.request("GET", "/roles/system:node%2Fx")
    assert server.requests[0].target == "/roles/system:node%2Fx"


async def test_basic_credentials_and_impersonation(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", OK)
    acting = Impersonation(user="ann", groups=("dev", "ops"), uid="7", extra={"scopes/x": ("a", "b")})
    transport = await connect(credentials=Basic("me", "pw"), impersonate=acting)
    await transport.request("GET", "/x")
    headers = server.requests[0].headers
    assert headers["Authorization"] == "Basic bWU6cHc="
    assert (headers["Impersonate-User"], headers["Impersonate-Uid"]) == ("ann", "7")
    assert headers.getall("Impersonate-Group") == ["dev", "ops"]  # type: ignore[attr-defined]
    assert headers.getall("Impersonate-Extra-scopes%2Fx") == ["a", "b"]  # type: ignore[attr-defined]


async def test_a_busy_server_is_asked_again_when_it_says(server: Scripted, connect: Connect, clock: SwiftClock) -> None:
    busy = Reply.json({"reason": "TooManyRequests"}, 429, Retry_After="3")
    server.answer("POST /x", busy, busy, OK)
    transport = await connect()
    assert await transport.request("POST", "/x", body=b"{}") == OK.body
    assert all(3 < wait < 4 for wait in clock.waits)
    assert (transport.stats.requests["post"], transport.stats.retries) == (3, 2)


async def test_a_server_that_has_not_read_its_roles_is_asked_again(server: Scripted, connect: Connect) -> None:
    starting = Reply.json({"reason": "Forbidden", "message": f"ann is forbidden: RBAC: [{NO_ROLES}]"}, 403)
    server.answer("POST /x", starting, starting, OK)
    transport = await connect()
    assert await transport.request("POST", "/x", body=b"{}") == OK.body
    assert transport.stats.retries == 2


async def test_a_server_that_is_busy_for_too_long_says_when(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", Reply.json({"reason": "TooManyRequests"}, 429, Retry_After="90"))
    with pytest.raises(TooManyRequests) as caught:
        await (await connect()).request("GET", "/x", timeout=30)
    assert caught.value.after == 90


@pytest.mark.parametrize("trouble", [status(500, "InternalError"), status(503, "ServiceUnavailable"), Cut()])
async def test_what_may_be_sent_twice_is(
    server: Scripted, connect: Connect, clock: SwiftClock, trouble: Reply | Cut
) -> None:
    server.answer("PATCH /x", trouble, trouble, OK)
    transport = await connect()
    sent = transport.request("PATCH", "/x", body=b"{}", content_type="application/apply-patch+yaml")
    assert await sent == OK.body
    assert len(clock.waits) == 2


@pytest.mark.parametrize(
    "trouble, error", [(status(500, "InternalError"), ServerError), (Cut(), Unreachable)], ids=["500", "cut"]
)
async def test_a_create_is_not_sent_twice(
    server: Scripted, connect: Connect, trouble: Reply | Cut, error: type[Exception]
) -> None:
    server.answer("POST /x", trouble, OK)
    with pytest.raises(error, match="create ConfigMap shop/a"):
        await (await connect()).request("POST", "/x", body=b"{}", verb="create", subject="ConfigMap shop/a")
    assert len(server.requests) == 1


async def test_a_refused_connection_is_tried_again_even_for_a_create(connect: Connect, clock: SwiftClock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        transport = await connect(server=f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable, match=f"create x: .*127.0.0.1:{port}"):
            await transport.request("POST", "/x", body=b"{}", verb="create", subject="x")
    assert len(clock.waits) == 4


async def test_errors_of_the_request_are_not_tried_again(server: Scripted, connect: Connect) -> None:
    with pytest.raises(NotFound):
        await (await connect()).request("GET", "/nothing")
    assert len(server.requests) == 1


async def test_a_redirect_is_no_answer_and_credentials_do_not_follow_it(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", Reply(b"", 302, {"Location": f"{server.url}/login"}))
    with pytest.raises(Stalled, match="302"):
        await (await connect(credentials=BearerToken("t"))).request("GET", "/x")
    assert len(server.requests) == 1


async def test_a_silent_server_meets_the_deadline(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", Silence())
    with pytest.raises(Unreachable, match=r"get /x: no answer from http://127.0.0.1:\d+ within 0.05 s"):
        await (await connect()).request("GET", "/x", timeout=0.05)


async def test_a_renewed_token_is_tried_after_a_401(server: Scripted, connect: Connect, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    server.answer("GET /x", OK, status(401, "Unauthorized"), OK)
    transport = await connect(credentials=TokenFile(token))
    await transport.request("GET", "/x")
    token.write_text("new\n")
    await transport.request("GET", "/x")
    assert [got.headers["Authorization"] for got in server.requests] == ["Bearer old", "Bearer old", "Bearer new"]


async def test_a_401_with_nothing_new_is_final(server: Scripted, connect: Connect, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    server.answer("GET /x", status(401, "Unauthorized"))
    for credentials in (TokenFile(token), BearerToken("t")):
        server.requests.clear()
        with pytest.raises(Unauthorized):
            await (await connect(credentials=credentials)).request("GET", "/x")
        assert len(server.requests) == 1


async def test_large_answers_may_come_compressed_from_afar(server: Scripted, connect: Connect) -> None:
    server.answer("GET /x", OK)
    await (await connect(compression=True)).request("GET", "/x")
    assert server.requests[0].headers["Accept-Encoding"] == "gzip"


async def test_a_proxy_carries_the_request(server: Scripted, connect: Connect) -> None:
    server.answer("GET /version", OK)
    transport = await connect(server="http://kubernetes.invalid:6443", proxy_url=server.url)
    assert await transport.request("GET", "/version") == OK.body
    assert server.requests[0].target == "http://kubernetes.invalid:6443/version"


async def test_the_environment_chooses_no_proxy_and_no_credentials(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answer("GET /x", OK)
    assert await (await connect()).request("GET", "/x") == OK.body


async def test_requests_beyond_the_limit_wait_for_a_connection(server: Scripted, connect: Connect) -> None:
    server.answer("GET /slow", Silence())
    transport = await connect()
    waiting = [asyncio.ensure_future(transport.request("GET", "/slow", timeout=5)) for _ in range(CONNECTIONS + 9)]
    assert len(await server.until("GET /slow", CONNECTIONS)) == CONNECTIONS
    waiting.pop(0).cancel()
    assert len(await server.until("GET /slow", CONNECTIONS + 1)) == CONNECTIONS + 1
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_dead_peer_is_noticed_though_nothing_is_sent(server: Scripted, connect: Connect) -> None:
    server.answer("WATCH /x", Stream([b"hello"]))
    transport = await connect()
    async with transport.stream("/x", query={"watch": "true"}) as stream:
        assert await stream.read(within=5) == b"hello"
        assert stream._response.connection is not None
        assert stream._response.connection.transport is not None
        connected = stream._response.connection.transport.get_extra_info("socket")
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, interval, count = (connected.getsockopt(socket.IPPROTO_TCP, option) for option in options)
        assert idle + interval * count <= 60


@pytest.mark.parametrize("server", ["https://[::1", "https://host:port", "https://"], ids=["bracket", "port", "empty"])
def test_a_malformed_url_is_named_by_its_cluster(server: str) -> None:
    with pytest.raises(Stalled, match="cluster prod: the server's URL is malformed"):
        Transport(ClusterConfig(server=server, name="prod"))


async def test_a_password_in_the_url_is_no_part_of_an_error(connect: Connect) -> None:
    transport = await connect(server="http://ann:s3cr3t@127.0.0.1:9")
    with pytest.raises(Unreachable) as caught:
        await transport.request("GET", "/x")
    assert "s3cr3t" not in f"{caught.value} {transport!r}"


async def test_no_secret_in_a_repr(connect: Connect) -> None:
    transport = await connect(credentials=BearerToken("s3cr3t"), ca="-----BEGIN CERTIFICATE-----")
    assert "s3cr3t" not in repr(transport)
    assert "BEGIN" not in repr(transport.config)
