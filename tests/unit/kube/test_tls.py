"""Whom we trust, and how we show who we are, in real handshakes."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.clocks import SwiftClock
from tests.servers.authority import Authority
from tests.servers.gate import ConnectProxy
from tests.servers.scripted import Reply, Scripted
from trimtab.errors import Stalled
from trimtab.kube.config import ClusterConfig
from trimtab.kube.credentials import ClientCertificate
from trimtab.kube.errors import Untrusted
from trimtab.kube.transport import Transport

OURS = Authority()


async def answer_of(server: Scripted, **settings: object) -> bytes:
    server.answer("GET /x", Reply(b"{}"))
    config = ClusterConfig(server=server.url, name="test", **settings)  # type: ignore[arg-type]
    async with Transport(config, clock=SwiftClock()) as transport:
        return await transport.request("GET", "/x")


async def test_the_clusters_authority_is_trusted(tmp_path: Path) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "127.0.0.1")) as server:
        assert await answer_of(server, ca=OURS.pem) == b"{}"


@pytest.mark.parametrize("ca", [Authority().pem, None], ids=["another authority", "the system's"])
async def test_no_other_authority_is(tmp_path: Path, ca: str | None) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "127.0.0.1")) as server:
        with pytest.raises(Untrusted, match=r"get /x: .*CERTIFICATE_VERIFY_FAILED.*check the cluster's certificate"):
            await answer_of(server, ca=ca)
        assert server.requests == []


async def test_a_certificate_for_another_host_is_refused_unless_that_name_is_given(tmp_path: Path) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "api.example.com")) as server:
        with pytest.raises(Untrusted):
            await answer_of(server, ca=OURS.pem)
        assert await answer_of(server, ca=OURS.pem, tls_server_name="api.example.com") == b"{}"


async def test_insecure_trusts_anybody(tmp_path: Path) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "api.example.com")) as server:
        assert await answer_of(server, insecure=True) == b"{}"


async def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "127.0.0.1", ask_client=True)) as server:
        assert await answer_of(server, ca=OURS.pem, certificate=OURS.issue("ann")) == b"{}"


async def test_a_proxy_carries_the_handshake_with_the_server_behind_it(tmp_path: Path) -> None:
    async with Scripted(tls=OURS.server(tmp_path, "api.example.com")) as server, ConnectProxy(server.port) as proxy:
        server.answer("GET /x", Reply(b"{}"))
        config = ClusterConfig(
            server="https://api.example.com:6443", ca=OURS.pem, proxy_url=f"http://127.0.0.1:{proxy.port}", name="test"
        )
        async with Transport(config, clock=SwiftClock()) as transport:
            assert await transport.request("GET", "/x") == b"{}"
        assert proxy.asked == ["api.example.com:6443"]
        assert server.requests[0].headers["Host"] == "api.example.com:6443"


@pytest.mark.parametrize(
    "certificate",
    [
        ClientCertificate("nonsense", "nonsense"),
        ClientCertificate(OURS.issue("ann").certificate, OURS.issue("bob").key),
        ClientCertificate(OURS.pem, ""),
    ],
    ids=["no PEM", "another's key", "no key"],
)
async def test_an_unusable_client_certificate_is_named(certificate: ClientCertificate) -> None:
    config = ClusterConfig(server="https://127.0.0.1:1", ca=OURS.pem, certificate=certificate, name="prod")
    with pytest.raises(Stalled, match="cluster prod: client certificate and key cannot be used"):
        await Transport(config).__aenter__()


async def test_an_authority_that_is_no_certificate_is_named() -> None:
    with pytest.raises(Stalled, match="cluster prod: the certificate authority is not PEM"):
        await Transport(ClusterConfig(server="https://127.0.0.1:1", ca="nonsense", name="prod")).__aenter__()


def hung_up(listener: socket.socket, context: ssl.SSLContext, asked: Callable[[], object]) -> bool:
    """Take a request and say nothing more, not even farewell: does the caller hang up?"""
    accepted, _ = listener.accept()
    with accepted, accepted.dup() as below, context.wrap_socket(accepted, server_side=True) as connection:
        connection.recv(1)
        asked()
        below.settimeout(5)
        try:
            while below.recv(1000):
                pass
        except TimeoutError:
            return False
        return True


async def test_who_gives_up_a_request_waits_for_no_farewell(tmp_path: Path) -> None:
    asked = asyncio.Event()
    heard = partial(asyncio.get_running_loop().call_soon_threadsafe, asked.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(hung_up, listener, OURS.server(tmp_path, "127.0.0.1"), heard))
        config = ClusterConfig(server=f"https://127.0.0.1:{listener.getsockname()[1]}", name="test", ca=OURS.pem)
        async with Transport(config) as transport:
            asking = asyncio.create_task(transport.request("GET", "/x"))
            await asked.wait()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert await serving
