"""From objects to the application."""

import itertools

import pytest

from trimtab.health.worst import ORDER, Member, app_health, worst
from trimtab.model.application import Health, HealthStatusCode
from trimtab.model.keys import ObjectKey


def member(
    name: str, status: HealthStatusCode | None = None, *, kind: str = "apps/Deployment", ignored: bool = False
) -> Member:
    group, _, short = kind.rpartition("/")
    key = ObjectKey(group=group, kind=short, namespace="fleet", name=name)
    return Member(key=key, health=Health(status=status) if status else None, ignored=ignored)


def missing(name: str, *, ignored: bool = False) -> Member:
    key = ObjectKey(group="", kind="Service", namespace="fleet", name=name)
    return Member(key=key, missing=True, ignored=ignored)


def test_each_status_is_worse_than_the_one_before() -> None:
    for better, worse in itertools.pairwise(ORDER):
        assert worst([worse, better]) == worst([better, worse]) == worse


def test_nothing_is_healthy() -> None:
    assert worst([]) == "Healthy"
    assert app_health([]) == Health(status="Healthy")


def test_healthy_says_nothing_more() -> None:
    assert app_health([member("a", "Healthy"), member("b")]) == Health(status="Healthy")


def test_the_worst_object_is_named() -> None:
    health = app_health([member("a", "Progressing"), member("b", "Degraded"), member("c", "Healthy")])
    assert health == Health(status="Degraded", message="Caused by apps/Deployment:fleet/b")


def test_three_are_named_and_the_others_counted() -> None:
    health = app_health([member(name, "Degraded") for name in "abcde"])
    assert health.message == (
        "Caused by apps/Deployment:fleet/a, apps/Deployment:fleet/b, apps/Deployment:fleet/c, and 2 more"
    )
    assert "more" not in app_health([member(name, "Degraded") for name in "abc"]).message


def test_core_and_cluster_scoped_objects_are_named_without_the_parts_they_lack() -> None:
    node = Member(key=ObjectKey(group="", kind="Node", namespace="", name="n1"), health=Health(status="Degraded"))
    assert app_health([node, member("web", "Degraded", kind="Pod")]).message == "Caused by Node:n1, Pod:fleet/web"


def test_a_single_missing_object_does_not_count() -> None:
    assert app_health([missing("a"), member("b", "Progressing")]).status == "Progressing"
    assert app_health([missing("a"), member("no rule")]).status == "Healthy"


def test_all_missing_is_missing() -> None:
    assert app_health([missing("a"), missing("b")]) == Health(
        status="Missing", message="Caused by Service:fleet/a, Service:fleet/b"
    )
    assert app_health([missing("a"), member("hook", "Healthy", ignored=True)]).status == "Missing"


def test_ignored_objects_do_not_count() -> None:
    assert app_health([member("a", "Degraded", ignored=True), missing("b", ignored=True)]).status == "Healthy"


@pytest.mark.parametrize(
    ("child", "parent"), [("Unknown", "Healthy"), ("Missing", "Healthy"), ("Degraded", "Degraded")]
)
def test_a_child_application_counts_only_when_it_is_known(child: HealthStatusCode, parent: HealthStatusCode) -> None:
    assert app_health([member("child", child, kind="argoproj.io/Application")]).status == parent
