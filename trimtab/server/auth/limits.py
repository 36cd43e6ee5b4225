"""How often a login may fail: five times an account, and so often an address. In memory, bounded."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from trimtab.server.failures import Code, Failure

FAILURES = 5
WINDOW_SECONDS = 300.0
ADDRESS_FAILURES = 50
"""A company may come from one address. They come back one by one, over the same five minutes."""
LINES = 64
LONGEST_LINE = 50
ADDRESSES = 10_000
"""So many are remembered; the one that failed the longest ago is forgotten first."""


class Lockout:
    """Five failures, each within 300 s of the one before, lock an account until 300 s have passed.

    Callers ask only for accounts that exist, so that made-up names take no memory.
    """

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}

    def begin(self, name: str, now: float) -> bool:
        """Count an attempt as failed beforehand, so that many at once are no more than five. False: locked."""
        count, last = self._failures.get(name, (0, now))
        if now - last >= WINDOW_SECONDS:
            count = 0
        if count >= FAILURES:
            return False
        self._failures[name] = (count + 1, now)
        return True

    def succeeded(self, name: str) -> None:
        """All is forgiven."""
        self._failures.pop(name, None)


class Turns:
    """One login after the other for each name, so that many at once with the right password are no lock-out.

    Names share a few lines, whether there is such an account or not: waiting tells nobody which.
    """

    def __init__(self) -> None:
        self._lines = [asyncio.Lock() for _ in range(LINES)]
        self._waiting = [0] * LINES

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for one's turn. Raises Failure (429) where too many wait already."""
        line = hash(name) % LINES
        if self._waiting[line] >= LONGEST_LINE:
            raise Failure(Code.RESOURCE_EXHAUSTED, "too many logins at once; try again", headers={"retry-after": "2"})
        self._waiting[line] += 1
        try:
            async with self._lines[line]:
                yield
        finally:
            self._waiting[line] -= 1


class _Bucket(Struct):
    level: float
    at: float


class AddressLimit:
    """A leaky bucket for each address (of IPv6: each /64) that had failures."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try; 0: now."""
        bucket = self._buckets.get(_network(address))
        if bucket is None:
            return 0.0
        return max(0.0, (_leaked(bucket, now) - (ADDRESS_FAILURES - 1)) / _RATE)

    def failed(self, address: str, now: float) -> None:
        network = _network(address)
        bucket = self._buckets.get(network) or _Bucket(0.0, now)
        self._buckets[network] = _Bucket(_leaked(bucket, now) + 1, now)
        self._buckets.move_to_end(network)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)

    def __len__(self) -> int:
        return len(self._buckets)


_RATE = ADDRESS_FAILURES / WINDOW_SECONDS


def _leaked(bucket: _Bucket, now: float) -> float:
    return max(0.0, bucket.level - (now - bucket.at) * _RATE)


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)
