"""Reading policies: any text, CSV's quotes, scopes, and what is said of roles of projects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.access.builders import a_project, a_role, enforcer, may
from trimtab.access.enforcer import Enforcer
from trimtab.access.lines import read_line, split_csv
from trimtab.access.policy import parse_policy, project_rules


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("p, a,b", ["p", "a", "b"]),
        ('p,\t"a, b" , c', None),
        ('p, "a, b", c', ["p", "a, b", "c"]),
        ('p, "say ""hi""", c', ["p", 'say "hi"', "c"]),
        ("p, a ,b", ["p", "a ", "b"]),
        ("p,,", ["p", "", ""]),
        ('p, a"b', None),
        ('p, "a', None),
        ('p, "a"b', None),
    ],
)
def test_csv_as_go_reads_it(text: str, fields: list[str] | None) -> None:
    assert split_csv(text) == fields


@given(st.text(alphabet=st.sampled_from('pg, "*#[]{}\\\n\rabc/é\0'), max_size=60))
def test_any_text_is_read_or_complained_of(text: str) -> None:
    rules, problems = parse_policy({"policy.csv": text, "scopes": text, "policy.matchMode": text})
    assert all("\n" not in str(problem) for problem in problems)
    lines = [line for line in text.split("\n") if line.strip() and not line.strip().startswith("#")]
    complaints = {problem.line for problem in problems if problem.where == "policy.csv"}
    assert len(rules.rules) + len(rules.links) + len(complaints) >= len(lines)
    assert not may(Enforcer(rules), "nobody in particular", "clusters get https://k8s.example")


@given(st.text(max_size=40), st.booleans())
def test_any_pattern_is_matched_or_complained_of(pattern: str, regex: bool) -> None:
    quoted = pattern.replace('"', '""')
    line = read_line(f'p, bob, applications, get, "{quoted}", allow', regex=regex)
    if not line.problem:
        assert line.said is not None
        rules, _ = parse_policy({"policy.csv": f'p, bob, x, get, "{quoted}", allow', "policy.matchMode": "regex"})
        may(Enforcer(rules), "bob", "x get shop/web")


def test_hostile_patterns_cost_no_time() -> None:
    slow = "*a" * 200 + "b"
    by = enforcer(f'p, bob, applications, get, {slow}, allow\np, bob, applications, sync, "{{{slow},c}}", allow')
    for action in ("get", "sync"):
        assert not may(by, "bob", f"applications {action} {'a' * 1000}")
    again = enforcer("p, bob, applications, get, ^(a+)+$, allow", policy_matchMode="regex")
    assert not may(again, "bob", f"applications get {'a' * 1000}b")


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("", ("groups",)),
        ("[groups, email]", ("groups", "email")),
        ("['groups']", ("groups",)),
        ('["groups", "cognito:groups"]', ("groups", "cognito:groups")),
        ("- groups\n- email\n", ("groups", "email")),
        ("[]", ()),
    ],
)
def test_scopes(text: str, scopes: tuple[str, ...]) -> None:
    rules, problems = parse_policy({"scopes": text})
    assert (rules.scopes, problems) == (scopes, ())


def test_what_is_wrong_with_the_roles_of_a_project() -> None:
    role = a_role(
        "ci",
        "p, proj:shop:ci, applications, sync, shop/*, allow",
        "p, proj:shop:dev, applications, sync, shop/*, allow",
        "p, proj:shop:ci, applications, sync, */*, allow",
        "g, bob, proj:shop:ci",
        "p, proj:shop:ci, applications, get, [x, deny",
    )
    rules, links, problems = project_rules(a_project("shop", roles=(role,)))
    assert len(rules) == 3
    assert links == ()
    assert list(map(str, problems)) == [
        "role ci of project shop line 2: its subject has to be proj:shop:ci; correct it",
        "role ci of project shop line 3: its object has to begin with shop/; correct it",
        "role ci of project shop line 4: a role of a project links nobody by policies; list its groups in groups",
        "role ci of project shop line 5: glob '[x' is malformed; correct it",
    ]
