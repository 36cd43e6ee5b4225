"""Findings: which is worst, what the exit code is, what is news."""

from trimtab.environment.findings.finding import Finding, Level, exit_code, news, ordered, troubles, worst


def a_finding(level: Level, subject: str = "x", *, message: str = "so it is", fix: str = "do it") -> Finding:
    return Finding(check="dns", subject=subject, level=level, message=message, fix=fix)


OK, WARNING, ERROR = a_finding("ok", "a"), a_finding("warning", "b"), a_finding("error", "c")


def test_the_worst_decides() -> None:
    assert [exit_code(found) for found in ([], [OK], [OK, WARNING], [ERROR, OK, WARNING])] == [0, 0, 1, 2]
    assert worst(()) == "ok"
    assert ordered([OK, WARNING, ERROR]) == [ERROR, WARNING, OK]


def test_a_trouble_is_news_once() -> None:
    first = news({}, [OK, WARNING, ERROR])
    assert (first.raised, first.cleared) == ((ERROR, WARNING), ())
    known = troubles([OK, WARNING, ERROR])
    same = a_finding("warning", "b", message="a day later")
    again = news(known, [ERROR, same])
    assert (again.raised, again.cleared, set(again.known)) == ((), (), set(known))


def test_what_changes_is_news_again() -> None:
    known = troubles([WARNING])
    worse, other = a_finding("error", "b"), a_finding("warning", "b", fix="do something else")
    assert news(known, [worse]).raised == (worse,)
    assert news(known, [other]).raised == (other,)


def test_what_could_not_be_looked_at_is_not_well_again() -> None:
    unseen = Finding(check="dns", subject="all", level="warning", message="it is away", fix="mend it", seen=False)
    blind = news(troubles([ERROR]), [unseen])
    assert (blind.raised, blind.cleared) == ((unseen,), ())
    assert news(blind.known, [ERROR]).raised == ()
    assert news(blind.known, [OK]).cleared == (ERROR, unseen)


def test_what_is_well_or_gone_is_cleared() -> None:
    known = troubles([WARNING, ERROR])
    assert news(known, [a_finding("ok", "b")]).cleared == (WARNING, ERROR)
