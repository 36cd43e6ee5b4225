"""Several controllers and one Lease: one acts, another takes over, and at no moment do two of them act."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from yarl import URL

from tests.engine.objects import config_map, files, workflow
from tests.engine.test_hooks import WORKFLOWS, uid_of
from tests.engine.world import CALM, Scene, at, until
from tests.servers.gate import Gate
from trimtab.clock import SystemClock
from trimtab.controller import lease as lease_module
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import NAME, Act, Candidate, leading
from trimtab.controller.lease import terms_for
from trimtab.errors import Retry
from trimtab.kube import write
from trimtab.kube.config import ClusterConfig
from trimtab.kube.transport import Transport
from trimtab.model.application import Application
from trimtab.model.keys import Manifest
from trimtab.model.roundtrip import decode
from trimtab.settings import Settings

TERMS = terms_for(1.5)
LEASES = "coordination.k8s.io/Lease"


class Stage:
    """Who acts. Two at a time are an error, which the fixture `resting` finds in the log."""

    def __init__(self) -> None:
        self.acting: set[str] = set()
        self.entered: list[str] = []

    def act(self, who: str) -> Act:
        @contextlib.asynccontextmanager
        async def acting() -> AsyncIterator[None]:
            self.acting.add(who)
            self.entered.append(who)
            try:
                assert self.acting == {who}
                yield
            finally:
                self.acting.discard(who)

        return acting

    async def acts(self, who: str) -> None:
        async def look() -> set[str]:
            return set(self.acting)

        await until(look, lambda acting: acting == {who})


@contextlib.asynccontextmanager
async def standing(scene: Scene, act: Act, who: str, config: ClusterConfig | None = None) -> AsyncIterator[Candidate]:
    """Somebody who stands for the scene's Lease."""
    async with (
        Transport(config or scene.config) as transport,
        leading(act, transport, namespace=scene.control, identity=who, terms=TERMS) as candidate,
    ):
        yield candidate


@contextlib.asynccontextmanager
async def controlling(scene: Scene, who: str, config: ClusterConfig) -> AsyncIterator[Candidate]:
    """A controller that acts while the Lease is its own."""
    cache = scene.folder / f"cache-{who}"
    settings = Settings(namespace=scene.control, cache=cache, poll=3600.0, jitter=0.0, calm=CALM)
    async with open_world(config, settings, clock=SystemClock()) as world:
        transport = world.clusters.home.transport
        lead = leading(lambda: keeping(world), transport, namespace=scene.control, identity=who, terms=TERMS)
        async with lead as candidate:
            yield candidate


@contextlib.asynccontextmanager
async def gated(config: ClusterConfig) -> AsyncIterator[tuple[Gate, ClusterConfig]]:
    """The API server behind a gate, and how to reach it there."""
    server = URL(config.server)
    assert server.port
    async with Gate(server.port) as gate:
        yield gate, replace(config, server=str(server.with_port(gate.port)))


async def lease(scene: Scene) -> Manifest:
    return await scene.get(LEASES, NAME, namespace=scene.control) or {}


async def held_by(scene: Scene, who: str) -> Manifest:
    return await until(lambda: lease(scene), lambda seen: at(seen, "spec.holderIdentity") == who)


async def test_one_acts_and_when_it_ends_the_other_takes_over_at_once(resting: Scene) -> None:
    stage = Stage()
    async with contextlib.AsyncExitStack() as first:
        await first.enter_async_context(standing(resting, stage.act("ana"), "ana"))
        await stage.acts("ana")
        async with standing(resting, stage.act("bob"), "bob"):
            before = await held_by(resting, "ana")
            await until(lambda: lease(resting), lambda seen: at(seen, "spec.renewTime") != at(before, "spec.renewTime"))
            await first.aclose()
            ended = time.monotonic()
            await stage.acts("bob")
            assert time.monotonic() - ended < TERMS.duration
            assert at(await held_by(resting, "bob"), "spec.leaseTransitions") == 1
    assert stage.entered == ["ana", "bob"]
    await held_by(resting, "")


async def test_who_is_cut_off_stops_before_another_starts(resting: Scene) -> None:
    stage = Stage()
    async with gated(resting.config) as (gate, through), standing(resting, stage.act("ana"), "ana", through):
        await stage.acts("ana")
        async with standing(resting, stage.act("bob"), "bob"):
            await gate.shut()
            await stage.acts("bob")
            await gate.open()
        await stage.acts("ana")
    assert stage.entered == ["ana", "bob", "ana"]


async def test_a_lease_that_somebody_removes_stays_with_its_holder(resting: Scene) -> None:
    stage = Stage()
    async with standing(resting, stage.act("ana"), "ana"):
        await stage.acts("ana")
        async with standing(resting, stage.act("bob"), "bob") as bob:
            await until(lambda: _holder_known_to(bob), lambda holder: holder == "ana")
            uid = at(await lease(resting), "metadata.uid")
            await resting.delete(LEASES, NAME, namespace=resting.control)
            await until(lambda: lease(resting), lambda seen: at(seen, "metadata.uid") not in (None, uid))
            assert stage.entered == ["ana"]


async def _holder_known_to(candidate: Candidate) -> str:
    return candidate.holder


async def test_who_was_frozen_and_wakes_up_too_late_writes_nothing(resting: Scene) -> None:
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": resting.place}}

    async def write_once(transport: Transport) -> None:
        resource = await resting.resource("ConfigMap")
        time.sleep(TERMS.deadline * 1.1)  # noqa: ASYNC251 - the whole process stands still
        try:
            await write.create(transport, resource, config, field_manager="tests")
            outcome.set_result("written")
        except Retry as error:
            outcome.set_result(error.reason)

    async with Transport(resting.config) as transport:

        @contextlib.asynccontextmanager
        async def act() -> AsyncIterator[None]:
            await asyncio.gather(asyncio.create_task(write_once(transport)))
            yield

        async with leading(act, transport, namespace=resting.control, identity="ana", terms=TERMS):
            assert await outcome == "Fenced"
            # Whoever does not act is not held back.
            await write.create(transport, await resting.resource("ConfigMap"), config, field_manager="tests")


async def test_what_was_done_is_told_though_the_lease_is_given_up(resting: Scene) -> None:
    await resting.create(resting.an_app(auto_sync=False))
    app = decode(Application, await resting.app())
    settings = Settings(namespace=resting.control, cache=resting.folder / "cache")
    async with open_world(resting.config, settings, clock=SystemClock()) as world:

        @contextlib.asynccontextmanager
        async def act() -> AsyncIterator[None]:
            try:
                yield
            finally:
                for number in range(20):
                    world.recorder.emit(app, "ResourceUpdated", f"change {number}")

        transport = world.clusters.home.transport
        async with leading(act, transport, namespace=resting.control, identity="ana", terms=TERMS) as candidate:
            await until(lambda: _is_held(candidate), bool)
    assert len(await resting.events("ResourceUpdated")) == 20


async def _is_held(candidate: Candidate) -> bool:
    return candidate.holds


async def test_what_acts_breaks_and_is_begun_anew(resting: Scene, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    broken = [True]

    @contextlib.asynccontextmanager
    async def act() -> AsyncIterator[None]:
        if broken.pop() if broken else False:
            raise ValueError("once")
        async with stage.act("ana")():
            yield

    async with standing(resting, act, "ana"):
        await stage.acts("ana")
    assert "ValueError: once" in caplog.text
    caplog.clear()


async def test_a_defect_does_not_end_the_standing(
    resting: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    broken = [True]

    def seen(*args: Any, **more: Any) -> Any:
        if broken.pop() if broken else False:
            raise KeyError("resourceVersion")
        return lease_module.seen(*args, **more)

    monkeypatch.setattr("trimtab.controller.leading.seen", seen)
    async with standing(resting, stage.act("ana"), "ana"):
        await stage.acts("ana")
    assert "KeyError" in caplog.text
    caplog.clear()


async def test_no_namespace_to_have_a_lease_in(resting: Scene, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    async with (
        Transport(resting.config) as transport,
        leading(stage.act("ana"), transport, namespace="nowhere", identity="ana", terms=TERMS) as candidate,
    ):
        await until(lambda: _said(caplog), lambda text: "nowhere" in text)
        assert not candidate.holds
    assert stage.entered == []


async def _said(caplog: pytest.LogCaptureFixture) -> str:
    return caplog.text


async def test_an_operation_goes_on_with_another_controller_and_back(resting: Scene) -> None:
    scene = resting
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    async with gated(scene.config) as (gate, through), controlling(scene, "ana", through):
        began = await uid_of(scene, WORKFLOWS, "pre")
        await scene.app_until(lambda app: at(app, "status.operationState.phase") == "Running")
        async with controlling(scene, "bob", scene.config):
            await gate.shut()
            await held_by(scene, "bob")
            await scene.end("pre", "Succeeded")
            await scene.synced()
            assert await uid_of(scene, WORKFLOWS, "pre") == began
            await gate.open()
        await held_by(scene, "ana")
        # What ana remembers of before must not count.
        scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
        await scene.refresh()
        await scene.there(WORKFLOWS, "pre", lambda seen: seen["metadata"]["uid"] != began)
        await scene.end("pre", "Succeeded")
        await scene.synced()
        assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "two"}
    assert len(await scene.events("OperationStarted")) == 2
    app = await scene.app()
    assert [entry["id"] for entry in at(app, "status.history")] == [0, 1]
