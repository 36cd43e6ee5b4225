"""The controller is killed, the API server goes away: it converges, and nothing is done twice."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.installation import account_file
from tests.engine.objects import config_map, files, workflow
from tests.engine.world import Scene, at, until
from tools.controlplane.run import ControlPlane

ROOT = Path(__file__).parents[3]
WORKFLOWS = "argoproj.io/Workflow"
MANY = 150


@pytest.fixture
def refused() -> list[str]:
    """An API server that starts refuses everybody until it has read its roles: that is no lack of rights here."""
    return []


class Controller:
    """`trimtab controller` as a process of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        cluster = ("--kubeconfig", str(account_file(scene.folder, "trimtab-controller")), "--namespace", scene.control)
        # Without a Lease: whoever is started again at once does not wait for that of the one that was killed.
        self._flags = (*cluster, "--poll", "1h", "--no-lease")
        self._process: asyncio.subprocess.Process | None = None
        self._log = scene.folder / "controller.log"

    async def start(self) -> None:
        command = (
            sys.executable,
            "-m",
            "trimtab",
            "controller",
            *self._flags,
            "--cache",
            str(self._scene.folder / "cache"),
        )
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=log, stderr=log)

    async def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL

    async def stop(self) -> None:
        """SIGTERM, which it has to obey in good order."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            assert await asyncio.wait_for(self._process.wait(), 10) == 0, self._log.read_text()
        assert "defect" not in self._log.read_text(), self._log.read_text()


@contextlib.asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Controller]:
    controller = Controller(scene)
    await controller.start()
    try:
        yield controller
    finally:
        await controller.stop()


async def test_killed_while_a_hook_runs(resting: Scene) -> None:
    scene = resting
    done = workflow("done", hook="PreSync", wave=-1)
    scene.repo.commit(files("app", config_map("settings"), done, workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    async with running(scene) as controller:
        await scene.end("done", "Succeeded")
        before = await scene.there(WORKFLOWS, "pre")
        await controller.kill()
        await scene.end("pre", "Succeeded")
        finished = await scene.there(WORKFLOWS, "done")
        await controller.start()
        await scene.synced()
        for known in (before, finished):
            now = await scene.there(WORKFLOWS, known["metadata"]["name"])
            assert now["metadata"]["uid"] == known["metadata"]["uid"]
            assert not now["metadata"].get("finalizers")


async def test_killed_again_and_again_in_the_middle_of_a_sync(resting: Scene) -> None:
    """Each wave ends in an object that becomes healthy when we say so: it is surely killed before the last object."""
    scene = resting
    waves = [config_map(f"settings-{number}", wave=number % 3) for number in range(MANY)]
    gates = [workflow(f"gate-{wave}", wave=wave) for wave in range(3)]
    scene.repo.commit(files("app", *waves, *gates))
    await scene.create(scene.an_app())
    async with running(scene) as controller:
        for wave in range(3):
            least = MANY * wave // 3 + 3
            await until(lambda: scene.names("ConfigMap"), lambda names: len(names) > least)  # noqa: B023
            await controller.kill()
            there = len(await scene.names("ConfigMap") - {"kube-root-ca.crt"})
            assert there <= MANY * (wave + 1) // 3, "a wave did not wait for the one before"
            await controller.start()
            await scene.end(f"gate-{wave}", "Succeeded")
        # All may be in sync already when the last one is started: only it can say that the operation has succeeded.
        await scene.sync_ended("Succeeded")
        app = await scene.synced()
        assert len(await scene.names("ConfigMap") - {"kube-root-ca.crt"}) == MANY
        assert [entry["id"] for entry in at(app, "status.history")] == [0]


async def test_the_api_server_dies_under_a_sync(scene: Scene, control_plane: ControlPlane) -> None:
    scene.repo.commit(files("app", config_map("settings"), workflow("pre", hook="PreSync")))
    await scene.create(scene.an_app())
    before = await scene.there(WORKFLOWS, "pre")
    await asyncio.to_thread(control_plane.kill_apiserver)
    await asyncio.to_thread(control_plane.start_apiserver)
    await scene.end("pre", "Succeeded")
    app = await scene.synced(within=40)
    assert at(app, "status.operationState.phase") == "Succeeded"
    assert (await scene.there(WORKFLOWS, "pre"))["metadata"]["uid"] == before["metadata"]["uid"]


async def test_the_api_server_dies_while_objects_are_written(scene: Scene, control_plane: ControlPlane) -> None:
    scene.repo.commit(files("app", *(config_map(f"settings-{number}") for number in range(MANY))))
    await scene.create(scene.an_app(self_heal=True))
    await until(lambda: scene.names("ConfigMap"), lambda names: len(names) > 3)
    await asyncio.to_thread(control_plane.kill_apiserver)
    await asyncio.to_thread(control_plane.start_apiserver)
    await scene.synced(within=40)
    assert len(await scene.names("ConfigMap") - {"kube-root-ca.crt"}) == MANY


async def test_the_api_server_is_restarted_and_has_forgotten_the_past(
    scene: Scene, control_plane: ControlPlane
) -> None:
    """Watches go on from a version that the API server no longer has: 410, and all is listed anew."""
    scene.repo.commit(files("app", config_map("settings", {"a": "1"}), config_map("other")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    await scene.settled()
    async with scene.counting() as sent:
        await asyncio.to_thread(control_plane.compact)
        await asyncio.to_thread(control_plane.restart_apiserver)
        await scene.delete("ConfigMap", "other")
        await scene.patch("ConfigMap", "settings", {"data": {"a": "2"}})
        await scene.there("ConfigMap", "other")
        await scene.there("ConfigMap", "settings", lambda seen: seen["data"] == {"a": "1"})
        await scene.synced()
    assert sent["watch"] >= 2, sent
    scene.repo.commit(files("app", config_map("settings", {"a": "3"})))
    await scene.refresh()
    await scene.there("ConfigMap", "settings", lambda seen: seen["data"] == {"a": "3"})
