"""The UI as somebody outside sees it: its name, its certificate, and whether it answers."""

import asyncio
import contextlib
import socket
import ssl

import aiohttp
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trimtab.doctor.facts import Facts
from trimtab.environment import names
from trimtab.environment.environment import Environment
from trimtab.environment.findings.certificate import CHECK, Shown, judge_certificate
from trimtab.environment.findings.finding import Finding
from trimtab.environment.outside import Seen, Trouble, ingress_addresses, reason
from trimtab.github.session import LoopbackResolver

SECONDS = 10.0
MOST_BYTES = 4096


class Told(Struct, frozen=True, rename="pascal"):
    """Of the answer to `/api/version`."""

    version: str


async def dns(facts: Facts) -> list[Finding]:
    """Where the name of the UI leads."""
    env = facts.env
    try:
        found = ", ".join(await addresses_of(env.host, env.ingress.port))
    except OSError as error:
        detail = str(error.strerror or error)
        fix = reason(env, Seen(trouble="name", detail=detail, ingress=await _ingress_addresses(facts)))
        return [Finding(check="dns", subject=env.host, level="error", message=f"leads nowhere: {detail}", fix=fix)]
    return [Finding(check="dns", subject=env.host, level="ok", message=f"leads to {found}")]


async def ui(facts: Facts) -> list[Finding]:
    """Whether the UI answers."""
    env = facts.env
    seen = await observed(env, ingress=await _ingress_addresses(facts))
    why = reason(env, seen)
    if why:
        return [Finding(check="ui", subject=env.url, level="error", message="does not answer", fix=why)]
    return [Finding(check="ui", subject=env.url, level="ok", message="answers")]


async def certificate(facts: Facts) -> list[Finding]:
    """What the host of the UI shows; one that is not reached from here is nothing to conclude from."""
    env = facts.env
    try:
        async with asyncio.timeout(SECONDS):
            shown = await _shown(env)
    except (OSError, TimeoutError) as error:
        if facts.inside:
            return []
        message = f"is not seen from here: {_words(error)}"
        fix = "see what the check ui says; where only this machine does not reach it, nothing is wrong"
        return [Finding(check=CHECK, subject=env.host, level="warning", message=message, fix=fix)]
    shown = replace(shown, distrusted="") if facts.inside else shown
    return [judge_certificate(env.host, shown, now=facts.clock.now())]


async def told_version(env: Environment) -> str:
    """What the server calls itself, `v3.5.1+trimtab.0.1.0`; "" where it does not answer."""
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), ssl=ssl.create_default_context())
    limit = aiohttp.ClientTimeout(total=SECONDS)
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, msgspec.DecodeError, OSError):
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as session,
            session.get(f"{env.url}/api/version", allow_redirects=False) as answer,
        ):
            return msgspec.json.decode(await answer.content.read(MOST_BYTES), type=Told).version
    return ""


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Raises OSError where the name leads nowhere."""
    found = await LoopbackResolver().resolve(host, port, socket.AF_UNSPEC)
    return tuple(sorted({one["host"] for one in found}))


async def _shown(env: Environment) -> Shown:
    """By any certificate first, then by none that is not trusted: the names are compared elsewhere."""
    address = (await addresses_of(env.host, env.ingress.port))[0]
    anything, trusted = ssl.create_default_context(), ssl.create_default_context()
    for context in (anything, trusted):
        context.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    der = await _handshake(env, address, anything)
    try:
        await _handshake(env, address, trusted)
    except ssl.SSLCertVerificationError as error:
        return Shown(der, error.verify_message)
    return Shown(der)


async def _handshake(env: Environment, address: str, context: ssl.SSLContext) -> bytes:
    """The certificate, as DER."""
    _, writer = await asyncio.open_connection(address, env.ingress.port, ssl=context, server_hostname=env.host)
    try:
        der: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return der
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def observed(env: Environment, *, ingress: tuple[str, ...] = ()) -> Seen:
    """One request to the UI, as any browser would send it. `ingress`: the addresses in the status of the Ingress."""
    try:
        addresses = await addresses_of(env.host, env.ingress.port)
    except OSError as error:
        return Seen(trouble="name", detail=str(error.strerror or error), ingress=ingress)
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        return await _asked(session, env, addresses=addresses, ingress=ingress)


async def _asked(
    session: aiohttp.ClientSession, env: Environment, *, addresses: tuple[str, ...], ingress: tuple[str, ...]
) -> Seen:
    def seen(trouble: Trouble, detail: str = "", status: int = 0) -> Seen:
        return Seen(trouble=trouble, detail=detail, status=status, addresses=addresses, ingress=ingress)

    try:
        async with session.get(f"{env.url}/api/version", allow_redirects=False) as answer:
            known = answer.status == 200 and b"Version" in await answer.content.read(MOST_BYTES)
            return seen("" if known else "status", status=answer.status)
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
        return seen("certificate", _words(error))
    except (aiohttp.ClientConnectorError, TimeoutError) as error:
        return seen("connection", _words(error))
    except aiohttp.ClientError as error:
        return seen("answer", _words(error))


def _words(error: BaseException) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    text = getattr(inner, "verify_message", "") or getattr(inner, "strerror", "") or str(inner)
    return text or type(error).__name__


async def _ingress_addresses(facts: Facts) -> tuple[str, ...]:
    return ingress_addresses(await facts.object("Ingress", names.INGRESS, group="networking.k8s.io"))
