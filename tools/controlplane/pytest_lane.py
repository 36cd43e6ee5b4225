"""The pytest plugin behind `tests/cluster`: fixtures of the real control plane, and a plain word when it cannot be had.

A test belongs to the lane when it has the marker `cluster` or asks for one of the fixtures below. Where the programs
cannot be built these tests are deselected, the run's last line says `cluster lane not run: <why>`, and with CI=true or
CI=1 in the environment the run fails.
"""

import os
import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tools.controlplane import build
from tools.controlplane.api import ApiError
from tools.controlplane.build import Programs
from tools.controlplane.errors import BuildError
from tools.controlplane.run import ControlPlane

FIXTURES = frozenset({"control_plane", "namespace", "programs", "kubectl", "kustomize_oracle", "helm_oracle"})
WHY = pytest.StashKey[str]()
WORKER_OUTPUT = "cluster_lane_not_run"
ACCOUNT_DEADLINE = 20.0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, Any, Any]:
    """Around everybody else: `-m` chooses among the marked, and nothing is built for what it left out."""
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.cluster)
    result = yield
    lane = [item for item in items if item.get_closest_marker("cluster")]
    if lane and not config.option.collectonly and (why := _why_not(config)):
        config.stash[WHY] = why
        config.hook.pytest_deselected(items=lane)
        items[:] = [item for item in items if item not in lane]
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """The outermost wrapper, so that its line is the last one."""
    why = session.config.stash.get(WHY, None)
    if why is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[WORKER_OUTPUT] = why
    result = yield
    if why is not None and not hasattr(session.config, "workeroutput"):
        session.exitstatus = exit_status(session.exitstatus, ci=os.environ.get("CI", ""))
        if reporter := session.config.pluginmanager.getplugin("terminalreporter"):
            reporter.write_line(f"cluster lane not run: {why}", yellow=True)
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """pytest-xdist: only its workers collect, and only the process that leads them prints."""
    if why := getattr(node, "workeroutput", {}).get(WORKER_OUTPUT):
        node.config.stash[WHY] = why


def exit_status(status: int | pytest.ExitCode, *, ci: str) -> int | pytest.ExitCode:
    """Of a run whose lane was not run: no harm on a developer's machine, a failure where CI promises every test."""
    if ci.lower() in {"true", "1"}:
        return pytest.ExitCode.TESTS_FAILED if status in {0, pytest.ExitCode.NO_TESTS_COLLECTED} else status
    return pytest.ExitCode.OK if status == pytest.ExitCode.NO_TESTS_COLLECTED else status


def _why_not(config: pytest.Config) -> str | None:
    """Build if need be, in sight of the user; the reason when that is not possible."""
    capture = config.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            build.ensure()
    except BuildError as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The built programs: `programs.path("kubectl")`."""
    return build.ensure()


@pytest.fixture(scope="session")
def kubectl(programs: Programs) -> Path:
    """The real kubectl."""
    return programs.path("kubectl")


@pytest.fixture(scope="session")
def kustomize_oracle(programs: Programs) -> Path:
    """The real kustomize, to hold our renderings to."""
    return programs.path("kustomize")


@pytest.fixture(scope="session")
def helm_oracle(programs: Programs) -> Path:
    """The real helm, to hold our renderings to."""
    return programs.path("helm")


@pytest.fixture(scope="session")
def control_plane(programs: Programs) -> Iterator[ControlPlane]:
    """One real Kubernetes for the whole session."""
    with ControlPlane(programs) as running:
        yield running


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """The name of a fresh namespace that takes Pods; it is being deleted when the test has ended."""
    name = f"test-{secrets.token_hex(4)}"
    # A test that failed half-way may have left it stopped; on a running one this does nothing.
    control_plane.start_apiserver()
    created = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.api.request("POST", "/api/v1/namespaces", created)
    _await_account(control_plane, name)
    yield name
    control_plane.start_apiserver()
    control_plane.api.request("DELETE", f"/api/v1/namespaces/{name}")


def _await_account(control_plane: ControlPlane, namespace: str) -> None:
    """No Pod is admitted before its namespace has the ServiceAccount `default`."""
    deadline = time.monotonic() + ACCOUNT_DEADLINE
    while True:
        try:
            control_plane.api.request("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
        except ApiError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
