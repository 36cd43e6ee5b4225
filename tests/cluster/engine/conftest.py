"""The engine tests on a real Kubernetes: one control plane for all, a control namespace for each."""

import asyncio

import pytest

from tests.engine.fixtures import resting, scene, stale
from tests.engine.world import install
from tools.controlplane.run import ControlPlane
from trimtab.kube.config import ClusterConfig, load

__all__ = ["api", "installed", "resting", "scene", "stale"]


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> ClusterConfig:
    """How to reach the control plane; the kinds that the tests use are served."""
    config = load(control_plane.kubeconfig(), None)
    asyncio.run(install(config))
    return config


@pytest.fixture
def api(installed: ClusterConfig) -> ClusterConfig:
    return installed
