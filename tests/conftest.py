"""What every test may use: the fixtures of the real Kubernetes, and the word of why it could not be had."""

import signal

import pytest

pytest_plugins = ["tools.controlplane.pytest_lane", "pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` writes golden files anew where a test compares with one."""
    parser.addoption("--update", action="store_true", help="write golden files anew")


def pytest_configure(config: pytest.Config) -> None:
    """What is started in the background ignores Ctrl-C, and so would every command that a test means to interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
