"""The engine tests of this folder run on the sandbox; tests/cluster runs the same ones on a real Kubernetes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.fixtures import resting, scene, stale, told
from tests.engine.github import github
from tests.engine.patient import patient
from tests.engine.world import Account, install
from trimtab.kube.config import ClusterConfig, load
from trimtab.sandbox.sandbox import Sandbox

__all__ = ["account", "api", "github", "patient", "resting", "scene", "stale", "told"]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ClusterConfig]:
    """A sandbox of its own for each test: it starts in milliseconds."""
    async with Sandbox() as sandbox:
        config = load(sandbox.write_kubeconfig(tmp_path / "kubeconfig"), None)
        await install(config)
        yield config


@pytest.fixture
def account() -> Account:
    """The sandbox knows no rights."""
    return lambda scene: scene.config
