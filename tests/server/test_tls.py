"""The certificate that the server shows: made and shared, given, changed while it listens, broken."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engine.world import until
from tests.server.desk import Desk
from tests.servers.authority import Authority
from trimtab.clock import StepClock, SystemClock
from trimtab.errors import Stalled
from trimtab.kube.credentials import ClientCertificate
from trimtab.server.auth.secrets import Secrets
from trimtab.server.configuration import Configuration
from trimtab.server.tls import READ_FILES, Pair, Tls, pair_in, runs_out, self_signed, tls_from_files, tls_from_secrets

CLOCK = SystemClock()
SECRETS = ("argocd-server-tls", "argocd-secret")


@contextlib.asynccontextmanager
async def listening(tls: Tls) -> AsyncIterator[int]:
    """A port where `tls` is shown."""
    writers: list[asyncio.StreamWriter] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while line := await reader.readline():
            writer.write(line)

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls.context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def replica(desk: Desk) -> AsyncIterator[Tls]:
    """What a server of the desk's control namespace shows."""
    configuration = Configuration(desk.transport, desk.discovery, namespace=desk.control)
    secrets = Secrets(desk.transport, desk.discovery, desk.control)
    async with configuration.following(), tls_from_secrets(configuration, secrets, clock=CLOCK) as tls:
        await configuration.ready()
        yield tls


async def shown_at(port: int) -> bytes:
    """The certificate that somebody sees who connects now, DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return shown


def der(pem: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem)


def pair(issued: ClientCertificate) -> Pair:
    return Pair(issued.certificate, issued.key)


async def give(desk: Desk, name: str, given: Pair) -> None:
    await desk.installed("Secret", name, {"tls.crt": given.certificate, "tls.key": given.key})


async def kept(desk: Desk) -> Pair | None:
    return pair_in(await Secrets(desk.transport, desk.discovery, desk.control).data("argocd-secret"))


async def shows(tls: Tls, wanted: Pair) -> None:
    async def look() -> bool:
        return tls.shown == wanted

    await until(look, bool)


@pytest.fixture
def given() -> Iterator[Pair]:
    yield pair(Authority().issue("server", "argocd.example.com"))


async def test_a_self_signed_one_is_good_for_the_names_inside_the_cluster() -> None:
    tls = Tls(self_signed("argocd", now=CLOCK.now()))
    client = ssl.create_default_context(cadata=tls.shown.certificate)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.set_alpn_protocols(["h2", "http/1.1"])
    async with listening(tls) as port:
        for name in ("localhost", "argocd-server", "argocd-server.argocd", "argocd-server.argocd.svc"):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
            connection = writer.get_extra_info("ssl_object")
            assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")
            writer.transport.abort()
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="argocd.example.com")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_old_tls_is_refused() -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    async with listening(Tls(self_signed("argocd", now=CLOCK.now()))) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)


async def test_replicas_share_the_one_that_is_made(empty_desk: Desk) -> None:
    await empty_desk.prepare()
    async with replica(empty_desk) as one, replica(empty_desk) as other:
        made = await until(lambda: kept(empty_desk), bool)
        assert made is not None
        await shows(one, made)
        await shows(other, made)
        data = await Secrets(empty_desk.transport, empty_desk.discovery, empty_desk.control).data("argocd-secret")
        assert {"admin.password", "server.secretkey", "tls.crt", "tls.key"} <= set(data)
    async with replica(empty_desk) as later:
        await shows(later, made)


async def test_a_given_one_is_shown_to_whoever_connects_next(empty_desk: Desk, given: Pair) -> None:
    async with replica(empty_desk) as tls, listening(tls) as port:
        made = await until(lambda: kept(empty_desk), bool)
        assert made is not None
        await shows(tls, made)
        assert await shown_at(port) == der(made.certificate)
        connected = ssl.create_default_context(cadata=made.certificate)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=connected, server_hostname="localhost")
        await give(empty_desk, "argocd-server-tls", given)
        await shows(tls, given)
        assert await shown_at(port) == der(given.certificate)
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"
        writer.transport.abort()
        await empty_desk.delete("Secret", "argocd-server-tls", namespace=empty_desk.control)
        await shows(tls, made)


async def test_a_broken_one_is_told_of_once_and_the_last_good_one_stays(
    empty_desk: Desk, given: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    await give(empty_desk, "argocd-server-tls", given)
    async with replica(empty_desk) as tls:
        await shows(tls, given)
        stranger = pair(Authority().issue("server", "argocd.example.com"))
        await give(empty_desk, "argocd-server-tls", Pair(given.certificate, stranger.key))

        async def said() -> int:
            return caplog.text.count("Secret argocd-server-tls")

        await until(said, bool)
        await empty_desk.installed("ConfigMap", "argocd-cm", {"url": "https://argocd.example.com"})
        await give(empty_desk, "argocd-secret", stranger)
        await give(empty_desk, "argocd-server-tls", stranger)
        await shows(tls, stranger)
        assert await said() == 1
    assert "PRIVATE" not in caplog.text
    assert "PRIVATE" not in repr(given)


async def test_a_broken_one_at_the_start_does_not_keep_the_server_from_starting(empty_desk: Desk) -> None:
    await give(empty_desk, "argocd-server-tls", Pair("rubbish", "more rubbish"))
    async with replica(empty_desk) as tls:
        made = await until(lambda: kept(empty_desk), bool)
        assert made is not None
        await shows(tls, made)


async def test_one_that_runs_out_is_made_anew_unless_a_person_made_it(empty_desk: Desk) -> None:
    old = self_signed(empty_desk.control, now=CLOCK.now() - dt.timedelta(days=340))
    await give(empty_desk, "argocd-secret", old)
    async with replica(empty_desk) as tls:
        made = await until(lambda: kept(empty_desk), lambda pair: pair != old)
        assert made is not None
        await shows(tls, made)
    persons = pair(Authority().issue("server", "argocd.example.com"))
    assert not runs_out(persons, now=CLOCK.now())
    assert not runs_out(Pair("rubbish", ""), now=CLOCK.now())


async def test_files(tmp_path: Path, given: Pair) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    with pytest.raises(Stalled, match="cannot be read"):
        async with tls_from_files(certificate, key, clock=CLOCK):
            pass
    certificate.write_text(given.certificate)
    key.write_text(given.key)
    clock = StepClock()
    async with tls_from_files(certificate, key, clock=clock) as tls, listening(tls) as port:
        assert await shown_at(port) == der(given.certificate)
        renewed = self_signed("argocd", now=CLOCK.now())
        certificate.write_text(renewed.certificate)
        for text, shown in (("half", given), (renewed.key, renewed)):
            key.write_text(text)
            await asyncio.sleep(0)
            clock.step(READ_FILES)
            await asyncio.sleep(0)
            assert await shown_at(port) == der(shown.certificate)
