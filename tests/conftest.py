"""What every test may use: the fixtures of the real Kubernetes, and the word of why it could not be had."""

import pytest

pytest_plugins = ["tools.controlplane.pytest_lane", "pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` writes golden files anew where a test compares with one."""
    parser.addoption("--update", action="store_true", help="write golden files anew")
