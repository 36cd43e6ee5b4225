"""Does the UI answer at its address, as somebody outside sees it; and if not, why not?"""

import socket
import ssl

import aiohttp

from trimtab.environment import names
from trimtab.environment.environment import Environment
from trimtab.environment.outside import Seen, Trouble, reason
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.session import LoopbackResolver
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job

LOOK_AGAIN = 3.0
SECONDS = 10.0


async def look(job: Job) -> list[Line]:
    seen = await observed(job.cluster, job.env)
    if not reason(job.env, seen):
        return [Line("check", f"{job.env.url} answers")]
    return [Line("create", job.env.url, "is waited for until it answers")]


async def act(job: Job) -> None:
    """Look until it answers. Raises Stalled with what is in the way."""
    until = job.clock.monotonic() + job.options.patience
    said = ""
    while why := reason(job.env, await observed(job.cluster, job.env)):
        if job.clock.monotonic() > until:
            raise Stalled(f"{job.env.url} does not answer: {why}", reason="NotReachable")
        if why != said:
            job.terminal.say(f"{job.env.url} does not answer yet: {why}")
            said = why
        await job.clock.sleep(LOOK_AGAIN)
    job.terminal.done(Line("check", f"{job.env.url} answers"))


async def observed(cluster: Cluster, env: Environment) -> Seen:
    """One request to the UI, as any browser would send it."""
    ingress = await _ingress_addresses(cluster)
    resolver = LoopbackResolver()
    try:
        found = await resolver.resolve(env.host, env.ingress.port, socket.AF_UNSPEC)
    except OSError as error:
        return Seen(trouble="name", detail=str(error.strerror or error), ingress=ingress)
    addresses = tuple(sorted({one["host"] for one in found}))
    connector = aiohttp.TCPConnector(resolver=resolver, ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        return await _asked(session, env, addresses=addresses, ingress=ingress)


async def _asked(
    session: aiohttp.ClientSession, env: Environment, *, addresses: tuple[str, ...], ingress: tuple[str, ...]
) -> Seen:
    def seen(trouble: Trouble, detail: str = "", status: int = 0) -> Seen:
        return Seen(trouble=trouble, detail=detail, status=status, addresses=addresses, ingress=ingress)

    try:
        async with session.get(f"{env.url}/api/version", allow_redirects=False) as answer:
            known = answer.status == 200 and b"Version" in await answer.content.read(4096)
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


async def _ingress_addresses(cluster: Cluster) -> tuple[str, ...]:
    found = await cluster.get("Ingress", names.INGRESS, group="networking.k8s.io") or {}
    balancer = (found.get("status") or {}).get("loadBalancer") or {}
    return tuple(one.get("ip") or one.get("hostname") or "" for one in balancer.get("ingress") or ())
