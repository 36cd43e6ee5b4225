"""The certificate that the server shows: one that was given, or a self-signed one that all replicas share.

Given are files, or (as with Argo CD) Secret argocd-server-tls, or `tls.crt` and `tls.key` in argocd-secret. Where none
is given, one is made and kept in argocd-secret. A change is shown to whoever connects next; a broken one is not.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import ssl
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from trimtab.clock import Clock
from trimtab.errors import Stalled, TrimtabError
from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.auth.secrets import Secrets
from trimtab.server.configuration import Configuration

log = logging.getLogger(__name__)
SERVER_TLS = "argocd-server-tls"
CERTIFICATE, KEY = "tls.crt", "tls.key"
SERVICE = "argocd-server"
ORGANIZATION = "Trimtab"
REPLACED = (ORGANIZATION, "Argo CD")
"""Whose self-signed certificates are made anew before they run out: those that no person has made."""
VALID_DAYS, LEFT_DAYS = 365, 30
LOOK_AGAIN = 24 * 3600.0
READ_FILES = 30.0


class Pair(Struct, frozen=True):
    """A certificate (with its chain) and its private key, PEM."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Pair(…)"


class Tls:
    """`context` is the listener's; what it shows may change while it listens."""

    def __init__(self, pair: Pair) -> None:
        self.context = new_context(pair)
        self.context.sni_callback = self._show
        self.shown = pair
        self._now = self.context
        self._refused: Pair | None = None

    def offer(self, pair: Pair, where: str) -> bool:
        """Show `pair` from now on; False when it cannot be used: then nothing changes, and the log says so once."""
        if pair == self.shown or pair == self._refused:
            return pair == self.shown
        try:
            self._now = new_context(pair)
        except Stalled as error:
            log.error("%s: %s; the last good certificate is shown", where, error.message)
            self._refused = pair
            return False
        self.shown, self._refused = pair, None
        return True

    def _show(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._now


def new_context(pair: Pair) -> ssl.SSLContext:
    """TLS 1.2 and newer, HTTP/1.1. Raises Stalled when the pair cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    # OpenSSL's binding in Python loads from files only.
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder:
        path = Path(folder) / "server.pem"
        path.touch(mode=0o600)
        path.write_text(f"{pair.certificate}\n{pair.key}\n")
        try:
            # An encrypted key must not ask for its password on a terminal.
            context.load_cert_chain(path, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise Stalled(
                "the certificate and its key cannot be used; check that both are PEM, unencrypted and belong together",
                reason="InvalidCertificate",
            ) from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def self_signed(namespace: str, *, now: dt.datetime) -> Pair:
    """A certificate for the names that the server has inside the cluster, valid for a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)])
    inside = (SERVICE, f"{SERVICE}.{namespace}", f"{SERVICE}.{namespace}.svc")
    names = ("localhost", *inside, f"{SERVICE}.{namespace}.svc.cluster.local")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(certificate.decode(), private.decode())


def runs_out(pair: Pair, *, now: dt.datetime) -> bool:
    """Is it a self-signed one that no person has made, with little time left?"""
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    except ValueError:
        return False
    makers = [str(one.value) for one in certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    made = certificate.issuer == certificate.subject and any(maker in REPLACED for maker in makers)
    return made and certificate.not_valid_after_utc - now < dt.timedelta(days=LEFT_DAYS)


def pair_in(data: Mapping[str, bytes]) -> Pair | None:
    """What a Secret holds of it; None where nothing is given."""
    if not (data.get(CERTIFICATE) and data.get(KEY)):
        return None
    return Pair(data[CERTIFICATE].decode(errors="replace"), data[KEY].decode(errors="replace"))


@contextlib.asynccontextmanager
async def tls_from_files(certificate: Path, key: Path, *, clock: Clock) -> AsyncIterator[Tls]:
    """Show what the files hold; read again now and then. Raises Stalled when they cannot be used at the start."""
    tls = Tls(_read(certificate, key))

    async def follow() -> None:
        while True:
            await clock.sleep(READ_FILES)
            try:
                tls.offer(_read(certificate, key), str(certificate))
            except Stalled as error:
                log.error("%s; the last good certificate is shown", error.message)

    async with _running(follow()):
        yield tls


def _read(certificate: Path, key: Path) -> Pair:
    try:
        return Pair(certificate.read_text(), key.read_text())
    except (OSError, UnicodeDecodeError) as error:
        where = f"{certificate}, {key}"
        raise Stalled(f"{where}: cannot be read ({error}); name two PEM files", reason="InvalidCertificate") from error


@contextlib.asynccontextmanager
async def tls_from_secrets(configuration: Configuration, secrets: Secrets, *, clock: Clock) -> AsyncIterator[Tls]:
    """Show what the Secrets hold, at the latest when `configuration` is known; until then a passing one."""
    tls = Tls(self_signed(secrets.namespace, now=clock.now()))
    changed = asyncio.Event()
    configuration.on_change(changed.set)

    async def follow() -> None:
        await configuration.ready()
        keeper = _Keeper(tls, configuration, secrets, clock)
        while True:
            changed.clear()
            await keeper.settle()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await changed.wait()

    async with _running(follow()):
        yield tls


class _Keeper:
    """Keeps what is shown to what the Secrets hold."""

    def __init__(self, tls: Tls, configuration: Configuration, secrets: Secrets, clock: Clock) -> None:
        self._tls = tls
        self._configuration = configuration
        self._secrets = secrets
        self._clock = clock
        self._settled = False

    async def settle(self) -> None:
        """Show the first that is given; where a broken one is given, go on with the last good one."""
        for name in (SERVER_TLS, ARGOCD_SECRET):
            pair = pair_in(self._configuration.secret(name))
            if pair is None or (name == ARGOCD_SECRET and runs_out(pair, now=self._clock.now())):
                continue
            self._settled |= self._tls.offer(pair, f"Secret {name}")
            if self._settled:
                return
        await self._make()

    async def _make(self) -> None:
        """The watch tells of the outcome: of several replicas that make one, the first one's counts."""
        now = self._clock.now()
        mine = self_signed(self._secrets.namespace, now=now)

        def missing(data: Mapping[str, bytes]) -> Mapping[str, bytes | None]:
            there = pair_in(data)
            if there is not None and not runs_out(there, now=now):
                return {}
            return {CERTIFICATE: mine.certificate.encode(), KEY: mine.key.encode()}

        try:
            await self._secrets.change(ARGOCD_SECRET, missing)
        except TrimtabError as error:
            log.warning("the self-signed certificate is this replica's alone: %s", error.message)


@contextlib.asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name="tls")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
