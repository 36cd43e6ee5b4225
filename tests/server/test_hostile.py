"""Callers who mean harm, over raw sockets: no 5xx, no stack trace, no secret, no memory, and the server stays."""

import asyncio
import base64
import contextlib
import json
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from msgspec import Struct
from yarl import URL

from tests.engine.world import until
from tests.server.conforming import conforming
from tests.server.desk import Desk
from tests.server.target import HONEST, MEGABYTE, PATIENCE, Target
from trimtab.model.names import SECRET_TYPE_LABEL
from trimtab.server import asgi
from trimtab.server.api.not_yet import MISSING
from trimtab.server.connection import Limits
from trimtab.server.listening import Options
from trimtab.server.operation import AnyOperation
from trimtab.server.operations import OPERATIONS

SECRET = "mark3r-of-a-s3cret"
HASTY = Limits(head_seconds=0.2, stalled_seconds=0.2)
APPLICATIONS = "/api/v1/applications"


@pytest.fixture
async def started(empty_desk: Desk) -> Desk:
    """A desk full of secrets, its server not running yet."""
    await empty_desk.prepare()
    hidden = {"stringData": {"webhook.github.secret": SECRET, "dex.github.clientSecret": SECRET}}
    await empty_desk.patch("Secret", "argocd-secret", hidden, namespace=empty_desk.control)
    kinds: dict[str, dict[str, str]] = {
        "repository": {"url": empty_desk.repo.url, "password": SECRET, "sshPrivateKey": SECRET},
        "repo-creds": {"url": "https://git.example", "password": SECRET},
        "cluster": {"server": "https://c.example", "name": "c", "config": json.dumps({"bearerToken": SECRET})},
    }
    for kind, data in kinds.items():
        await empty_desk.installed("Secret", kind, data, **{SECRET_TYPE_LABEL: kind})
    await empty_desk.create(empty_desk.an_app(auto_sync=False))
    return empty_desk


@pytest.fixture
def options() -> Options:
    return Options(port=0, controller=False)


@pytest.fixture
async def target(started: Desk, options: Options, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Target]:
    said: list[str] = []
    caplog.set_level("INFO")
    await started.start(options=options)
    target = Target(started, await started.login("admin"), said)
    yield target
    await target.lives()
    for text in (*said, caplog.text):
        assert SECRET not in text
        assert base64.b64encode(SECRET.encode()).decode() not in text
        assert "Traceback" not in text


SERVED = [one for one in OPERATIONS if one.id not in {missing.id for missing in MISSING}]
NASTY = (
    ".", "..", "%2e", "%2e%2e", "%2F", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..", "%00", "a%00b", "%0a", "a%0d%0ax:y",
    "%07", "%7f", "%ff", "%c0%ae", "%", "%zz", "%F0%9F%92%A9", "%E2%80%AE", ";a=b", "'%20or%201", "$(id)", "{{7*7}}",
    "%252e%252e", "*", "x" * 300, "-1", "9" * 40, "file:%2F%2F%2Fetc%2Fpasswd",
)  # fmt: skip


@pytest.mark.parametrize("share", range(3))
@pytest.mark.parametrize("place", range(3))
async def test_names_in_paths(target: Target, place: int, share: int) -> None:
    """In each parameter of each path that has so many."""
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {target.token}"}) as session:
        for operation in SERVED:
            parts = operation.path.split("/")
            at = [number for number, part in enumerate(parts) if part.startswith("{")]
            if len(at) <= place:
                continue
            for value in NASTY[share::3]:
                filled = [value if n == at[place] else "x" if n in at else part for n, part in enumerate(parts)]
                await _sent(target, session, operation, "/".join(filled), b"{}")


async def _sent(target: Target, session: aiohttp.ClientSession, operation: AnyOperation, path: str, body: bytes) -> int:
    url = URL(f"{target.desk.running.url}{path}", encoded=True)
    data = None if operation.method == "GET" else body
    headers = {"content-type": "application/json"}
    sent = session.request(operation.method, url, data=data, headers=headers, allow_redirects=False)
    async with asyncio.timeout(PATIENCE), sent as response:
        text = await response.read()
        where = f"{operation.id} {path} {body[:100]!r}: {response.status} {text[:300]!r}"
        assert response.status < 500 or response.status in HONEST, where
        kind = response.headers.get("content-type", "")
        if response.status >= 400:
            conforming().check(operation.method, path, status=response.status, content_type=kind, body=text)
        target.said.append(f"{dict(response.headers)} {text.decode('latin-1')}")
        return response.status


BODIES = (
    b"", b"{", b"}", b"[]", b"null", b'"x"', b"1", b"1e999", b"NaN", b"{'a':1}", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"\xff":1}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":"\x00"}', b'{"a":1,"a":2}', b"\x00" * 100,
    b"\xef\xbb\xbf{}", b"-" * 1000, b"9" * 5000,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 10**30, "\0\r\n../..", [[None]], {"a": {"b": []}},
)  # fmt: skip
TAKING = [one for one in SERVED if one.body is not type(None)]
DEEP = b'{"a":' * 500 + b"1" + b"}" * 500


def _bodies(operation: AnyOperation) -> Iterator[bytes]:
    yield from BODIES
    yield b'{"unknown-field":1}'
    kind: Any = operation.body
    if isinstance(kind, type) and issubclass(kind, Struct):
        for field in msgspec.structs.fields(kind):
            yield b'{"%s":%s}' % (field.encode_name.encode(), DEEP)
            for value in VALUES:
                yield json.dumps({field.encode_name: value}).encode()


@pytest.mark.parametrize("operation", TAKING, ids=lambda one: one.id)
async def test_bodies(target: Target, operation: AnyOperation) -> None:
    """Malformed, deep, of other types, field by field."""
    path = "/".join("x" if part.startswith("{") else part for part in operation.path.split("/"))
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {target.token}"}) as session:
        for body in _bodies(operation):
            await _sent(target, session, operation, path, body)


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("path", [APPLICATIONS, "/api/v1/session", "/api/webhook"])
async def test_sixty_megabytes(target: Target, path: str) -> None:
    before = memory()
    kind = "content-type: application/json"
    announced = target.head("POST", path, kind, f"content-length: {60 * MEGABYTE}", close=False)
    assert await target.refused(announced, once=True) == 413
    assert await target.refused(announced, *([b"x" * MEGABYTE] * 60), once=True) == 413
    chunk = b"%x\r\n%s\r\n" % (MEGABYTE, b"x" * MEGABYTE)
    chunked = target.head("POST", path, kind, "transfer-encoding: chunked", close=False)
    assert await target.refused(chunked, *([chunk] * 60), once=True) == 413
    assert memory() - before < 60 * MEGABYTE


HEADS = (
    (b"GET  HTTP/1.1\r\n\r\n", 400),
    (b"\x00\x01\x02\x03\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"GET healthz HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    (b"GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n", 400),
    (b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\na b: c\r\n\r\n", 400),
    (b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", 400),
    (b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 9e9\r\n\r\n", 400),
    (b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", 400),
    (b"POST /api/v1/session HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n", 400),
    (b"BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    (b"PROPFIND /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 405),
    (b"TRACE /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 405),
    (b"OPTIONS /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 405),
    (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 100_000 + b"\r\n\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", 431),
    (b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 2_000_000, 431),
    (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 400),
    (b"GET /" + b"a" * 1_000_000, 431),
    (b"GET /" + b"a/" * 4_000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
)


@pytest.mark.parametrize(("sent", "status"), HEADS, ids=lambda value: str(value)[:40])
async def test_what_is_hardly_http(target: Target, sent: bytes, status: int) -> None:
    assert await target.refused(sent) == status


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"-1\r\nx\r\n", b"5\r\nab\r\n0\r\n\r\n", b"f" * 40 + b"\r\n"])
async def test_bad_chunks(target: Target, chunks: bytes) -> None:
    head = target.head("POST", APPLICATIONS, "content-type: application/json", "transfer-encoding: chunked")
    assert (await target.raw(head, chunks)).status == 400


async def test_old_and_odd_clients(target: Target) -> None:
    for sent, status in (
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"HEAD /healthz HTTP/1.0\r\n\r\n", 200),
        (b"\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET http://evil.example/healthz HTTP/1.0\r\n\r\n", 200),
        (target.head("GET", "/healthz", "upgrade: h2c", "connection: upgrade"), 200),
    ):
        assert (await target.raw(sent)).status == status, sent


async def test_requests_sent_ahead(target: Target) -> None:
    reply = await target.raw(target.head(close=False) * 20 + target.head("GET", "/nowhere"))
    assert reply.body.count(b"HTTP/1.1 200") == 19
    assert b"404" in reply.body


async def test_who_hangs_up_behind_a_request_sent_ahead(target: Target) -> None:
    """The stream is over, although another request was waiting behind it."""
    hub = target.desk.running.served.applications.hub

    async def open_streams() -> int:
        return hub.channels

    async with target.connected() as (reader, writer):
        stream = target.head("GET", "/api/v1/stream/applications", close=False)
        writer.write(stream + target.head(close=False))
        await reader.readuntil(b"}\n")
        assert await open_streams() == 1
    await until(open_streams, lambda count: count == 0)


class TestSlow:
    """Who sends or takes too little at a time."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(port=0, controller=False, limits=HASTY)

    @pytest.mark.parametrize("sent", [b"", b"\r\n", b"G", b"GET /healthz HTTP/1.1\r\nhost: x\r\n"])
    async def test_heads(self, target: Target, sent: bytes) -> None:
        assert await target.refused(sent) == 408

    async def test_a_second_head(self, target: Target) -> None:
        reply = await target.raw(target.head(close=False), b"GET /hea")
        assert reply.status == 200
        assert b"408" in reply.body

    async def test_bodies(self, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asgi, "BODY_SECONDS", 0.2)
        head = target.head("POST", APPLICATIONS, "content-type: application/json", "content-length: 10")
        assert await target.refused(head, b"{") == 408

    async def test_who_takes_nothing_of_a_long_list(self, target: Target) -> None:
        desk = target.desk
        for number in range(40):
            app = desk.an_app(f"large{number}", auto_sync=False)
            app["metadata"]["annotations"] = {"example.com/a": "x" * 250_000}
            await desk.create(app)
        catalogue = desk.running.served.applications.catalogue

        async def listed() -> int:
            return len(catalogue)

        await until(listed, lambda count: count == 41)
        url = URL(desk.running.url)
        loop = asyncio.get_running_loop()
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, (str(url.host), url.port or 0))
            await loop.sock_sendall(deaf, target.head("GET", f"{APPLICATIONS}"))
            await target.lives()
            # The rest is thrown away: it ends before the list does.
            await asyncio.sleep(1)
            received = 0
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(PATIENCE):
                    while chunk := await loop.sock_recv(deaf, MEGABYTE):
                        received += len(chunk)
            assert received < 40 * 250_000


async def test_redirects_stay_here(target: Target) -> None:
    evil = "%0d%0aset-cookie:%20evil=1%0d%0a"
    for path in (
        f"/auth/login?return_url={evil}", "/auth/login?return_url=//evil.example", f"/login?return_url={evil}",
        f"/auth/callback?state={evil}&code={evil}", f"/api/dex/callback?error={evil}", "//evil.example/%2e%2e",
        "/auth/logout", f"/?{evil}", "/\\evil.example",
    ):  # fmt: skip
        sent = target.head(
            "GET", path, "x-forwarded-host: evil.example", "x-forwarded-proto: gopher", "forwarded: host=evil.example"
        )
        reply = await target.raw(sent.replace(b"host: x", b"host: evil.example", 1))
        lines = reply.head.lower().split("\r\n")
        assert not any(line.startswith("set-cookie: evil") for line in lines), reply.head
        location = next((line for line in lines if line.startswith("location:")), "")
        assert "evil" not in location, reply.head


@pytest.mark.parametrize("host", ["", "evil.example", "a b", "x:99999999", "[::1", "\xff", "x" * 5000, "x\tx", "a@b"])
async def test_hosts(target: Target, host: str) -> None:
    sent = target.head().replace(b"host: x", b"host: " + host.encode("latin-1"), 1)
    assert (await target.raw(sent)).status in (200, 400)


JUNK = ("=", ";;;", "argocd.token=", "argocd.token=a.b.c", "\xff\xfe", "a=" + "b" * 30_000, 'x="', "argocd.token-0=x")


@pytest.mark.parametrize("name", ["cookie", "accept-encoding", "accept", "authorization", "origin", "sec-fetch-site"])
async def test_headers_with_junk(target: Target, name: str) -> None:
    for value in (
        *JUNK,
        "gzip;q=0",
        "*;q=zzz",
        "null",
        "Bearer",
        "Bearer \x01",
        "Basic eDp4",
        "http://[",
        "javascript:",
    ):
        for method, path in (
            ("GET", APPLICATIONS),
            ("POST", APPLICATIONS),
            ("GET", "/"),
            ("DELETE", "/api/v1/session"),
        ):
            lines = [
                f"{method} {path} HTTP/1.1",
                "host: x",
                "connection: close",
                "content-length: 0",
                f"{name}: {value}",
            ]
            await target.raw(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


async def test_gzip_that_is_not_wanted(target: Target) -> None:
    head = target.head("GET", "/api/openapi.json", "accept-encoding: br, gzip;q=0")
    assert "content-encoding" not in (await target.raw(head)).head


@pytest.mark.parametrize(("trusted", "seen"), [("10.9.9.9", "127.0.0.1"), ("127.0.0.1", "6.6.6.6")])
async def test_who_says_to_be_elsewhere(
    started: Desk, caplog: pytest.LogCaptureFixture, trusted: str, seen: str
) -> None:
    caplog.set_level("INFO", "trimtab.audit")
    await started.start(options=Options(port=0, controller=False, trusted_proxies=trusted))
    target = Target(started, await started.login("admin"), [])
    caplog.clear()
    for value in ("6.6.6.6", "junk", "", ",,,", "\xff", "1.1.1.1, " * 500, "::1", "a:b:c"):
        lines = target.head("POST", APPLICATIONS, f"x-forwarded-for: {value}", "content-length: 0")
        assert (await target.raw(lines)).status in (400, 415)
    audited = [json.loads(one.message) for one in caplog.records if one.name == "trimtab.audit"]
    assert audited[0]["from"] == seen
    assert trusted == "127.0.0.1" or {line["from"] for line in audited} == {seen}
