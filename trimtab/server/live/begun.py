"""A stream whose first message was waited for, so that what is wrong from the start is a failed call."""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType


class Begun(AsyncGenerator[bytes, None]):
    """The same messages; closed whole, though nobody has ever asked for one."""

    def __init__(self, first: "asyncio.Future[bytes | None]", rest: AsyncGenerator[bytes]) -> None:
        self._first: asyncio.Future[bytes | None] | None = first
        self._rest = rest

    async def asend(self, value: None) -> bytes:
        if self._first is None:
            return await anext(self._rest)
        message = await self._first
        self._first = None
        if message is None:
            raise StopAsyncIteration
        return message

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> bytes:
        await self.aclose()
        raise typ

    async def aclose(self) -> None:
        if self._first is not None:
            self._first.cancel()
            await asyncio.gather(self._first, return_exceptions=True)
            self._first = None
        await self._rest.aclose()


async def begun(messages: AsyncGenerator[bytes], *, within: float) -> Begun:
    """Raises what keeps the first message from coming, if that is known `within` so many seconds."""
    first: asyncio.Future[bytes | None] = asyncio.ensure_future(anext(messages, None))
    stream = Begun(first, messages)
    try:
        await asyncio.wait({first}, timeout=within)
        if first.done():
            first.result()
    except BaseException:
        await stream.aclose()
        raise
    return stream
