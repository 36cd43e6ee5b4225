"""Each file of tests/cases/access: a policy, what is wrong with it, and who may do what by it."""

import re
from pathlib import Path

import pytest
from msgspec import Struct, convert

from tests.unit.access.builders import may
from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.render.yaml import load

CASES = sorted((Path(__file__).parents[2] / "cases" / "access").glob("*.yaml"))


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Questions are `SUBJECT (GROUP, …): RESOURCE ACTION OBJECT`."""

    about: str
    data: dict[str, str]
    problems: list[str] = []
    allowed: list[dict[str, str]]
    denied: list[dict[str, str]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_who_may_do_what(path: Path) -> None:
    case = convert(load(path.read_text(), origin=path.name), Case)
    rules, problems = parse_policy(case.data)
    assert [str(problem) for problem in problems] == case.problems
    by = Enforcer(rules)
    asked = [(expected, one) for expected, list_ in ((True, case.allowed), (False, case.denied)) for one in list_]
    for expected, question in asked:
        [(who, what)] = question.items()
        name, groups = re.fullmatch(r"(.*?)(?: \((.*)\))?", who).groups()  # type: ignore[union-attr]
        assert may(by, name, what, groups=tuple((groups or "").split(", "))) is expected, question
