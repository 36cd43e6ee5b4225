"""The fixtures of the engine tests, whatever API server they run on: each lane's conftest says which (`api`), and as
whom the controller works there (`account`)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.feedback import Told
from tests.engine.world import Account, Scene, a_scene, until
from tests.servers.github_contract import GitHubContract
from trimtab.controller import feedback
from trimtab.controller.applications import Applications
from trimtab.fakegithub.server import FakeGitHub
from trimtab.kube.config import ClusterConfig
from trimtab.model.keys import AppKey

STATE = {"operation": {}, "phase": "Running", "startedAt": "2026-01-01T00:00:00Z"}


@pytest.fixture
async def resting(
    api: ClusterConfig, account: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Scene]:
    """A scene whose controller has not been started. A defect that the controller reports fails the test."""
    async with a_scene(api, tmp_path) as scene:
        scene.config = account(scene)
        yield scene
    defects = [record for record in caplog.get_records("call") if "defect" in record.getMessage()]
    assert not defects, logging.Formatter().format(defects[0])


@pytest.fixture
async def scene(resting: Scene) -> Scene:
    """A scene with a running controller."""
    await resting.start()
    return resting


@pytest.fixture
async def stale(resting: Scene) -> AsyncIterator[tuple[Applications, list[AppKey]]]:
    """Applications that know one, and hear no more of it by their watch; the keys that called for a pass."""
    heard: list[AppKey] = []
    applications = Applications(
        resting.transport, resting.discovery, namespace=resting.control, on_event=heard.append, on_gone=lambda _: None
    )
    app = resting.an_app(auto_sync=False, cascade=True)
    await resting.create({**app, "status": {"operationState": STATE}})
    following = asyncio.create_task(applications.follow())

    async def known() -> bool:
        return applications.get(resting.key()) is not None

    await until(known, bool)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    heard.clear()
    yield applications, heard


@pytest.fixture
async def told(resting: Scene, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Told]:
    """A fake GitHub with the scene's repository and an App by which it is told. The controller has not been started."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(feedback, "REST_SECONDS", 0.1)
    async with FakeGitHub(validator=GitHubContract()) as github:
        told = Told(resting, github)
        await told.installed()
        yield told
        await resting.stop()
