"""Deliveries on their way: signed, sent once, written down with what came back."""

import asyncio
import hashlib
import hmac
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult

from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.world import World

SECONDS = 10.0
"""How long GitHub waits for an answer."""
LONGEST_BODY = 10_000


class Deliveries:
    """Sends what the world puts into its outbox.

    `hosts`: addresses by name, for names that are in no DNS; below `.localhost` all is on loopback. `trust`: PEM of the
    authorities that are believed; "" for the machine's own. While `held`, nothing is sent: `release` sends it, in
    either order.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.hosts: dict[str, str] = {}
        self.trust = ""
        self.held = False
        self._flying: set[asyncio.Task[None]] = set()
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(resolver=_Hosts(self.hosts), force_close=True)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(SECONDS))
        self._loop = asyncio.get_running_loop()
        self._world.wake = self._send_all
        self._send_all()

    async def stop(self) -> None:
        self._world.wake = lambda: None
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def release(self, *, reverse: bool = False) -> None:
        """Send what was held."""
        self.held = False
        if reverse:
            self._world.outbox.reverse()
        self._send_all()

    async def idle(self) -> None:
        """Return when everything was sent and answered, or has failed."""
        while self._flying:
            await asyncio.gather(*self._flying)

    def _send_all(self) -> None:
        if self.held:
            return
        waiting, self._world.outbox[:] = list(self._world.outbox), []
        for hook, delivery in waiting:
            task = self._loop.create_task(self._in_turn(hook, delivery))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _in_turn(self, hook: Hook, delivery: Delivery) -> None:
        """A hook is told one thing after the other; GitHub does not promise even that."""
        async with self._turns[hook.id]:
            await self._send(hook, delivery)

    async def _send(self, hook: Hook, delivery: Delivery) -> None:
        assert self._session is not None
        body, kind = encoded(delivery, hook)
        headers = signed(delivery, hook, body=body, content_type=kind)
        delivery.request_headers = headers
        began = time.monotonic()
        try:
            verified = ssl.create_default_context(cadata=self.trust or None) if hook.insecure_ssl == "0" else False
            async with self._session.post(
                hook.url, data=body, headers=headers, allow_redirects=False, ssl=verified
            ) as response:
                text = (await response.content.read(LONGEST_BODY)).decode(errors="replace")
                delivery.status_code, delivery.response_body = response.status, text
                delivery.response_headers = {str(key): value for key, value in response.headers.items()}
                delivery.status = "OK" if response.status < 400 else f"Invalid HTTP Response: {response.status}"
        except TimeoutError:
            delivery.status = "timed out"
        except (aiohttp.ClientError, OSError):
            delivery.status = "failed to connect to host"
        delivery.duration = time.monotonic() - began


def encoded(delivery: Delivery, hook: Hook) -> tuple[bytes, str]:
    """Body and content type."""
    body = orjson.dumps(delivery.payload)
    if hook.content_type == "json":
        return body, "application/json"
    return urlencode({"payload": body.decode()}).encode(), "application/x-www-form-urlencoded"


def signed(delivery: Delivery, hook: Hook, *, body: bytes, content_type: str) -> dict[str, str]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers"""
    headers = {
        "Accept": "*/*",
        "User-Agent": "GitHub-Hookshot/fake",
        "Content-Type": content_type,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-Type": hook.target[0],
        "X-GitHub-Hook-Installation-Target-ID": str(hook.target[1]),
    }
    if hook.secret:
        for name, digest in (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256")):
            value = hmac.new(hook.secret.encode(), body, getattr(hashlib, digest)).hexdigest()
            headers[name] = f"{digest}={value}"
    return headers


class _Hosts(AbstractResolver):
    """`hosts`, loopback for `.localhost`, and the machine's own resolver for the rest."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self._hosts.get(host, "127.0.0.1" if host.endswith(".localhost") else host)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM, family=family)
        return [
            ResolveResult(hostname=host, host=str(one[4][0]), port=port, family=one[0], proto=one[2], flags=0)
            for one in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""
