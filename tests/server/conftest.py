"""The server's tests of this folder run on the sandbox; tests/cluster/server runs some on a real Kubernetes."""

from tests.engine.conftest import account, api
from tests.server.fixtures import desk, empty_desk

__all__ = ["account", "api", "desk", "empty_desk"]
