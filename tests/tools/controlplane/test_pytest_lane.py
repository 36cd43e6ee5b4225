"""A run on a machine where the control plane cannot be built says so, in its last line."""

from pathlib import Path

import pytest

from tools.controlplane.pytest_lane import exit_status

ROOT = Path(__file__).parents[3]
WHY = "no Go here"
CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tools.controlplane import toolchain
from tools.controlplane.errors import GoMissing
pytest_plugins = ["tools.controlplane.pytest_lane"]
def find(*_):
    raise GoMissing({WHY!r})
toolchain.find = find
"""
TESTS = """
import pytest
def test_of_another_lane(): pass
def test_by_fixture(kubectl): raise AssertionError
@pytest.mark.cluster
def test_by_marker(): raise AssertionError
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Three tests, two of them in the lane, on a machine without Go."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini("[pytest]\nmarkers = cluster: of the lane\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    return pytester


def test_the_lane_is_left_out_and_the_last_line_says_why(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=1, deselected=2)
    assert result.outlines[-1] == f"cluster lane not run: {WHY}"
    assert result.ret == pytest.ExitCode.OK


def test_in_ci_that_is_a_failure_even_where_only_workers_collect(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = project.runpytest_subprocess("-n", "2")
    assert result.outlines[-1] == f"cluster lane not run: {WHY}"
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_who_did_not_ask_for_the_lane_is_told_nothing(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("-m", "not cluster")
    result.assert_outcomes(passed=1, deselected=2)
    assert "cluster lane" not in result.stdout.str()


@pytest.mark.parametrize(
    "ci, status, wanted",
    [
        ("", 0, 0),
        ("", 1, 1),
        ("", 5, 0),
        ("false", 5, 0),
        ("true", 0, 1),
        ("1", 5, 1),
        ("TRUE", 2, 2),
    ],
)
def test_the_exit_status(ci: str, status: int, wanted: int) -> None:
    assert exit_status(status, ci=ci) == wanted
