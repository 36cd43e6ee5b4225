"""The engine tests on a real Kubernetes: one control plane for all, a control namespace for each."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.installation import Installation
from tests.engine.fixtures import resting, scene, stale, told
from tests.engine.github import github
from tests.engine.patient import patient
from tests.engine.world import Account, Scene, install
from tools.controlplane.run import ControlPlane
from trimtab.kube import errors, transport
from trimtab.kube.config import ClusterConfig, load

__all__ = ["api", "github", "installed", "patient", "resting", "scene", "stale", "told"]


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> ClusterConfig:
    """How to reach the control plane; the kinds that the tests use are served."""
    config = load(control_plane.kubeconfig(), None)
    asyncio.run(install(config))
    return config


@pytest.fixture
def api(installed: ClusterConfig) -> ClusterConfig:
    return installed


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What rights were missing to a ServiceAccount of Trimtab's, whoever in this process asked."""
    seen: list[str] = []
    real: Callable[..., errors.ApiError] = errors.from_reply

    def noted(*args: Any, **more: Any) -> errors.ApiError:
        error = real(*args, **more)
        if isinstance(error, errors.Forbidden) and "system:serviceaccount:" in error.message:
            seen.append(error.message)
        return error

    monkeypatch.setattr(transport, "from_reply", noted)
    return seen


@pytest.fixture
def granted(control_plane: ControlPlane, refused: list[str]) -> Iterator[Callable[[str], Account]]:
    """Trimtab works as one of its ServiceAccounts, with the rights that are installed. To lack one fails the test."""

    def working_as(name: str) -> Account:
        def account(scene: Scene) -> ClusterConfig:
            installation = Installation(control_plane, scene.control, scene.folder)
            installation.grant()
            return installation.account(name)

        return account

    yield working_as
    assert refused == []


@pytest.fixture
def account(granted: Callable[[str], Account]) -> Account:
    return granted("trimtab-controller")
