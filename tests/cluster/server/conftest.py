"""The server on a real Kubernetes: one control plane for all, a control namespace for each."""

from collections.abc import Callable

import pytest

from tests.cluster.engine.conftest import api, granted, installed, refused
from tests.engine.world import Account
from tests.server.fixtures import desk, empty_desk

__all__ = ["api", "desk", "empty_desk", "granted", "installed", "refused"]


@pytest.fixture
def account(granted: Callable[[str], Account]) -> Account:
    return granted("trimtab")
