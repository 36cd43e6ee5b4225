"""The refresh annotation: written for all who ask at once, never for an application that is gone."""

import asyncio

import pytest

from tests.engine.world import Scene
from tests.server.desk import Desk
from trimtab.kube.config import ClusterConfig
from trimtab.kube.errors import ApiError
from trimtab.kube.transport import Transport
from trimtab.model.keys import AppKey
from trimtab.model.names import REFRESH, REFRESH_TIMESTAMP
from trimtab.retry import RetryPolicy
from trimtab.server.webhook.looks import Annotations


async def version(scene: Scene) -> str:
    found = await scene.app()
    assert found["metadata"]["annotations"][REFRESH] == "normal"
    return str(found["metadata"]["annotations"][REFRESH_TIMESTAMP])


async def test_two_asks_are_two_versions_of_the_object(empty_desk: Desk) -> None:
    """Else the controller would take the second away with the first."""
    await empty_desk.create(empty_desk.an_app())
    annotations = Annotations()
    await annotations.ask([empty_desk.key()], empty_desk.transport)
    first = await version(empty_desk)
    await annotations.ask([empty_desk.key()], empty_desk.transport)
    assert await version(empty_desk) > first


async def test_all_who_ask_at_once_share_a_write(empty_desk: Desk) -> None:
    await empty_desk.create(empty_desk.an_app())
    annotations = Annotations()
    before = empty_desk.transport.stats.requests["patch"]
    await asyncio.gather(*(annotations.ask([empty_desk.key()], empty_desk.transport) for _ in range(20)))
    assert empty_desk.transport.stats.requests["patch"] - before == 1


async def test_one_that_is_gone_does_not_keep_the_others_waiting(empty_desk: Desk) -> None:
    await empty_desk.create(empty_desk.an_app())
    keys = [AppKey(empty_desk.control, "gone"), empty_desk.key()]
    await Annotations().ask(keys, empty_desk.transport)
    assert await version(empty_desk)


async def test_a_write_that_fails_is_told(empty_desk: Desk) -> None:
    nowhere = ClusterConfig(server="http://127.0.0.1:9")
    async with Transport(nowhere, retry=RetryPolicy(attempts=1)) as transport:
        with pytest.raises(ApiError):
            await Annotations().ask([empty_desk.key()], transport)
