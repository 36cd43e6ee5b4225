"""The server on a real Kubernetes: one control plane for all, a control namespace for each."""

from tests.cluster.engine.conftest import api, installed
from tests.server.fixtures import desk, empty_desk

__all__ = ["api", "desk", "empty_desk", "installed"]
