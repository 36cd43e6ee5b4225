"""When nothing happens, nothing is done; and what fights back is not fought without end."""

import asyncio

from tests.engine.objects import config_map, deployment, files, service
from tests.engine.world import Scene, at
from trimtab.kube.errors import ApiError

APPS = 5


async def fleet(scene: Scene) -> list[str]:
    """Some applications in sync, each with an object of its own."""
    names = [f"app{number}" for number in range(APPS)]
    made: dict[str, str] = {}
    for name in names:
        made |= files(name, config_map(name), service(name))
    scene.repo.commit(made)
    for name in names:
        await scene.create(scene.an_app(name, path=name, self_heal=True))
    for name in names:
        await scene.app_until(
            lambda app: (at(app, "status.sync.status"), at(app, "status.health.status")) == ("Synced", "Healthy"), name
        )
    return names


async def test_nothing_is_asked_while_nothing_happens(scene: Scene) -> None:
    await fleet(scene)
    await scene.settled()
    async with scene.no_writes() as sent:
        await asyncio.sleep(1.0)
    assert not sent, sent


async def test_a_refresh_of_what_is_in_sync_writes_to_no_object(scene: Scene) -> None:
    names = await fleet(scene)
    await scene.settled()
    async with scene.no_writes_to_objects() as sent:
        await asyncio.gather(*(scene.refresh(name) for name in names))
        await scene.settled()
    assert sent["patch"] == APPS, "one write for each: it takes the annotation off"
    assert sent["get"] + sent["list"] <= 5, sent


async def test_polling_what_is_in_sync_writes_nothing(resting: Scene) -> None:
    await resting.start(poll=0.1)
    names = await fleet(resting)
    before = [await resting.app(name) for name in names]
    async with resting.no_writes():
        for name in names:
            await resting.looked_at(name, times=3)
    assert [await resting.app(name) for name in names] == before


async def test_a_fight_is_fought_with_growing_pauses(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings", {"a": "ours"})))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()

    async def resist() -> None:
        while True:
            try:
                live = await scene.get("ConfigMap", "settings")
                if live and live["data"]["a"] == "ours":
                    await scene.patch("ConfigMap", "settings", {"data": {"a": "theirs"}}, by="webhook")
            except ApiError:
                pass
            await asyncio.sleep(0.02)

    async with scene.counting() as sent:
        fighter = asyncio.create_task(resist())
        try:
            await asyncio.sleep(3.0)
        finally:
            fighter.cancel()
    assert 1 <= sent["apply"] <= 3, sent
    assert sum(sent.values()) < 60, sent


async def test_status_of_a_workload_that_rolls_does_not_flap(scene: Scene) -> None:
    scene.repo.commit(files("app", deployment("web", replicas=0)))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")
    await scene.settled()
    before = await scene.app()
    async with scene.no_writes():
        for number in range(10):
            changed = await scene.patch("apps/Deployment", "web", {"metadata": {"labels": {"seen": str(number)}}})
        await scene.noticed("apps/Deployment", "web", changed)
    assert await scene.app() == before
