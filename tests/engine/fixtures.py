"""The fixtures of the engine tests, whatever API server they run on: each lane's conftest says which (`api`)."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.world import Scene, a_scene
from trimtab.kube.config import ClusterConfig


@pytest.fixture
async def resting(api: ClusterConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    """A scene whose controller has not been started. A defect that the controller reports fails the test."""
    async with a_scene(api, tmp_path) as scene:
        yield scene
    defects = [record for record in caplog.get_records("call") if "defect" in record.getMessage()]
    assert not defects, logging.Formatter().format(defects[0])


@pytest.fixture
async def scene(resting: Scene) -> Scene:
    """A scene with a running controller."""
    await resting.start()
    return resting
