"""Structural comparison, case by case: `tests/cases/compare/structural/*.yaml`."""

from pathlib import Path

import pytest
import yaml

from trimtab.compare.structural import Difference, differences

CASES = sorted((Path(__file__).parents[2] / "cases" / "compare" / "structural").glob("*.yaml"))


def shown(difference: Difference) -> str:
    """`spec.replicas by kubectl at 2026-01-01T00:00:00Z`."""
    by = f" by {difference.manager} at {difference.time}" if difference.manager else ""
    return (difference.path + by).strip()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    found = differences(case["target"], case["live"])
    assert sorted(map(shown, found)) == sorted(case["expected"]), case["why"]
