"""Two set-ups of one environment at the same time: one goes on, the other says so."""

import asyncio

import pytest

from tests.setup.interrupting import BriskClock
from tests.setup.place import Place
from tests.setup.terminal import Scripted
from trimtab.controller.leading import LEASE
from trimtab.controller.lease import Terms
from trimtab.errors import Retry, Stalled
from trimtab.kube import write
from trimtab.setup import lock
from trimtab.setup.lock import locked
from trimtab.setup.steps import cluster
from trimtab.setup.steps.cluster import make_namespace


@pytest.fixture
def place(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    place.clock = BriskClock()
    monkeypatch.setattr(lock, "TERMS", Terms(duration=1.5, deadline=1.2, retry=0.2))
    return place


async def test_the_second_says_so_and_changes_nothing(place: Place) -> None:
    text, world = place.environment(), place.github.world
    clicking, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(url: str) -> None:
        clicking.set()
        await go_on.wait()
        await place.visit(url)

    first = asyncio.create_task(place.set_up(text, Scripted(slowly)))
    await clicking.wait()
    second = place.terminal()
    with pytest.raises(Stalled, match=r"another set-up of production is under way .* wait until it has ended"):
        await place.set_up(text, second)
    with pytest.raises(Stalled, match="another set-up of production is under way"):
        await place.tear_down(text, place.terminal())
    assert (second.pages, world.github_apps) == ([], {})
    assert any("is it alive?" in one for one in second.heard)
    go_on.set()
    assert await first == "done"
    assert len(world.repositories["acme/infra"].keys) == len(world.github_apps) == 1
    assert await place.set_up(text, place.terminal()) == "nothing"


async def test_the_lease_of_one_that_was_killed_is_taken_over(place: Place) -> None:
    """Nobody renews it: after its time it is the next one's."""
    text, terminal = place.environment(), place.terminal()
    async with await place.job(text, place.terminal()) as job:
        await make_namespace(job)
    await write.create(
        place.transport,
        LEASE,
        {
            "apiVersion": LEASE.kind.api_version,
            "kind": LEASE.kind.kind,
            "metadata": {"name": "trimtab-setup", "namespace": place.namespace},
            "spec": {"holderIdentity": "laptop_0", "leaseDurationSeconds": 1, "leaseTransitions": 0},
        },
        field_manager="trimtab-setup",
    )
    assert await place.set_up(text, terminal) == "done"
    assert "laptop_0 holds the Lease trimtab-setup: is it alive?" in terminal.heard


async def test_whose_lease_is_lost_writes_nothing_more(place: Place) -> None:
    """As after a laptop has slept."""
    count = 0
    async with await place.job(place.environment(), place.terminal()) as job:
        await make_namespace(job)
        await cluster.act(job)
        with pytest.raises(Retry, match="not sent, another replica may be acting by now"):
            async with locked(job), asyncio.timeout(10):
                taken = {"spec": {"holderIdentity": "other_0"}}
                await job.cluster.merge("Lease", "trimtab-setup", taken, group="coordination.k8s.io")
                while True:
                    await job.cluster.merge("ConfigMap", "trimtab-environment", {"data": {"count": str(count)}})
                    count += 1
                    await asyncio.sleep(0.05)
        await job.cluster.merge("ConfigMap", "trimtab-environment", {"data": {"count": None}})
    lease = await place.cluster.get("Lease", "trimtab-setup", group="coordination.k8s.io") or {}
    assert lease["spec"]["holderIdentity"] == "other_0", "and it is not given up by who has lost it"
