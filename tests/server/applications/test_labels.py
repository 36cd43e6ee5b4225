"""Label selectors: Kubernetes' grammar, and what it does not take."""

import pytest

from trimtab.server.applications.labels import MOST, parse_selector

LABELS = {"team": "web", "example.com/tier": "a", "size": "5", "empty": ""}


@pytest.mark.parametrize(
    "selector",
    [
        "", " ", "team", "team=web", "team==web", " team = web ", "team!=api", "absent!=x", "!absent", "! absent",
        "team in (web,api)", "team in ( web , api )", "team notin (api)", "absent notin (a)", "size>4", "size<6",
        "example.com/tier=a", "empty=", "empty in (,x)", "team=web,!absent,size>1",
    ],
)  # fmt: skip
def test_selected(selector: str) -> None:
    assert all(requirement.holds(LABELS) for requirement in parse_selector(selector))


@pytest.mark.parametrize(
    "selector",
    [
        "absent", "team=api", "team!=web", "!team", "team in (api)", "team notin (web)", "absent=web", "size>5",
        "size<5", "team>1", "absent>1", "team=web,size=4", "absent=", "absent in (a)",
    ],
)  # fmt: skip
def test_not_selected(selector: str) -> None:
    assert not all(requirement.holds(LABELS) for requirement in parse_selector(selector))


@pytest.mark.parametrize(
    "selector",
    [
        "=web", "team=a b", "team in web", "team in (a", "team)", ",", "team,,size", "team=web,", "-team",
        "te am", "team in (a b)", "size>x", "size>", "a/b/c=d", "team=" + "x" * 64, "x" * 64 + "=a", "x" * (MOST + 1),
        "team=we\nb", "(", "team=%00", "team in (((((((((((",
    ],
)  # fmt: skip
def test_refused(selector: str) -> None:
    with pytest.raises(ValueError, match=r"requirement|label|longer"):
        parse_selector(selector)
