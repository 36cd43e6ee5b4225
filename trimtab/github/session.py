"""The HTTP session to one GitHub: TLS, names on loopback, limits. Knows nothing of the API."""

import socket
import ssl
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from trimtab.errors import Stalled
from trimtab.github.endpoints import Endpoints, is_loopback

CONNECT_SECONDS = 10.0
CONNECTIONS = 8


def new_session(endpoints: Endpoints, *, proxy: str = "") -> aiohttp.ClientSession:
    """Raises Stalled when the certificate authority is not PEM."""
    connector = aiohttp.TCPConnector(ssl=_context(endpoints.ca_pem), limit=CONNECTIONS, resolver=LoopbackResolver())
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        proxy=proxy or None,
        # A proxy of the environment is for what is outside.
        trust_env=not is_loopback(urlsplit(endpoints.api).hostname or ""),
    )
    # aiohttp would send some requests again by itself: that is decided in `client.py` alone.
    session._retry_connection = False
    return session


class LoopbackResolver(AbstractResolver):
    """Names below `localhost` are this machine (RFC 6761), whether or not the system's resolver knows it."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not is_loopback(host):
            return await self._system.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        await self._system.close()


def _context(ca_pem: str) -> ssl.SSLContext:
    if not ca_pem:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise Stalled("GitHub's certificate authority is not PEM; correct it", reason="InvalidEndpoint") from error
    return context
