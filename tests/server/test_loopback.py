"""A server on loopback ends without leaving a connection behind."""

import asyncio
import gc
import socket
import warnings

import pytest
from aiohttp import web

from trimtab.loopback import serving_on_loopback


@pytest.mark.parametrize("turns", range(6))
async def test_who_comes_in_the_moment_of_the_end_is_not_forgotten(turns: int) -> None:
    with socket.socket() as caller:
        caller.setblocking(False)
        async with serving_on_loopback(web.Application()) as port:
            caller.connect_ex(("127.0.0.1", port))
            for _ in range(turns):
                await asyncio.sleep(0)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            gc.collect()
        assert [str(one.message) for one in seen if "unclosed" in str(one.message)] == []


async def test_a_port_that_is_taken() -> None:
    async with serving_on_loopback(web.Application()) as port:
        with pytest.raises(OSError, match="in use"):
            async with serving_on_loopback(web.Application(), port=port):
                raise AssertionError("it was not taken")
