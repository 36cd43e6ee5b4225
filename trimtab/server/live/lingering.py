"""Things that are made when first wanted, shared by all who want them, and closed a while after the last has gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from trimtab.clock import Clock
from trimtab.server.failures import Code, Failure


class Closing(Protocol):
    async def close(self) -> None: ...


K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Closing)


class _Shared(Struct, Generic[T]):
    thing: T
    users: int = 0
    end: asyncio.Task[None] | None = None


class Lingering(Generic[K, T]):
    """`make` must not take long. `most`: so many at once; those that nobody uses make room."""

    def __init__(self, make: Callable[[K], T], *, clock: Clock, seconds: float, most: int) -> None:
        self._make = make
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._shared: dict[K, _Shared[T]] = {}

    def __len__(self) -> int:
        return len(self._shared)

    def peek(self, key: K) -> T | None:
        """The thing, if there is one."""
        shared = self._shared.get(key)
        return shared.thing if shared else None

    @contextlib.asynccontextmanager
    async def use(self, key: K) -> AsyncIterator[T]:
        """Raises Failure (429) where too many others are in use."""
        shared = self._shared.get(key)
        if shared is None:
            await self._make_room()
            shared = self._shared.setdefault(key, _Shared(self._make(key)))
        shared.users += 1
        if shared.end is not None:
            shared.end.cancel()
            shared.end = None
        try:
            yield shared.thing
        finally:
            shared.users -= 1
            if not shared.users:
                shared.end = asyncio.create_task(self._end(key, shared), name=f"lingering {key}")

    async def close(self) -> None:
        """Close all, used or not."""
        shared, self._shared = list(self._shared.values()), {}
        ends = [one.end for one in shared if one.end is not None]
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        for one in shared:
            await one.thing.close()

    async def _make_room(self) -> None:
        if len(self._shared) < self._most:
            return
        idle = next((key for key, one in self._shared.items() if not one.users), None)
        if idle is None:
            raise Failure(Code.RESOURCE_EXHAUSTED, "too much is looked at at once", headers={"retry-after": "10"})
        shared = self._shared.pop(idle)
        if shared.end is not None:
            shared.end.cancel()
        await shared.thing.close()

    async def _end(self, key: K, shared: _Shared[T]) -> None:
        await self._clock.sleep(self._seconds)
        if self._shared.get(key) is shared and not shared.users:
            del self._shared[key]
            await shared.thing.close()
