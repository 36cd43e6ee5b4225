"""What a comparison says of an application."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import an_entry, an_object, compared, prepared, tracked
from trimtab.compare.comparison import Comparison
from trimtab.model.application import AppHealth, Health
from trimtab.model.names import IGNORE_HEALTHCHECK, SYNC_WAVE
from trimtab.status.summary import dated_health, health_of, resource_statuses, summary_of, warnings_of

NOW, THEN = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"


def a_pod(name: str, phase: str, **annotations: str) -> Any:
    status = {"phase": phase}
    return an_object("Pod", name, annotations=annotations, spec={"containers": [{"image": f"{name}:1"}]}, status=status)


def running(*pods: Any) -> Comparison:
    return compared(prepared(*pods), *(an_entry(tracked(pod)) for pod in pods))


def test_resources_are_listed_as_argo_cd_does() -> None:
    targets = prepared(an_object("Service", "web"), an_object("Secret", "s", annotations={SYNC_WAVE: "2"}))
    comparison = compared(
        targets, an_entry(tracked(an_object("Service", "web"))), an_entry(tracked(an_object(name="old")))
    )
    assert [
        (r.group, r.version, r.kind, r.namespace, r.name, r.status, r.requires_pruning, r.sync_wave)
        for r in resource_statuses(comparison)
    ] == [
        ("", "v1", "ConfigMap", "place", "old", "OutOfSync", True, 0),
        ("", "v1", "Secret", "place", "s", "OutOfSync", False, 2),
        ("", "v1", "Service", "place", "web", "Synced", False, 0),
    ]


def test_images_are_those_that_run_each_once() -> None:
    summary = summary_of(running(a_pod("b", "Running"), a_pod("a", "Running"), an_object()))
    assert (summary.images, summary.is_app_of_apps) == (("a:1", "b:1"), False)


def test_an_application_of_applications() -> None:
    child = an_object("Application", "child", api_version="argoproj.io/v1alpha1")
    assert summary_of(compared(prepared(child))).is_app_of_apps
    assert not summary_of(
        compared(prepared(an_object("Application", "x", api_version="other.example/v1")))
    ).is_app_of_apps


def test_the_worst_object_counts() -> None:
    health = health_of(running(a_pod("good", "Succeeded"), a_pod("bad", "Failed")), known=None, now=NOW)
    assert (health.status, health.message, health.last_transition_time) == ("Degraded", "Caused by Pod:place/bad", NOW)


def test_an_object_that_asks_not_to_count_does_not() -> None:
    pods = running(a_pod("good", "Succeeded"), a_pod("bad", "Failed", **{IGNORE_HEALTHCHECK: "true"}))
    assert health_of(pods, known=None, now=NOW).status == "Healthy"


def test_all_missing_is_missing_and_none_is_healthy() -> None:
    assert health_of(compared(prepared(an_object(), an_object(name="b"))), known=None, now=NOW).status == "Missing"
    assert health_of(compared(prepared()), known=None, now=NOW).status == "Healthy"


@pytest.mark.parametrize(
    "known, time",
    [
        (None, NOW),
        (AppHealth(status="Healthy", last_transition_time=THEN), NOW),
        (AppHealth(status="Degraded", last_transition_time=THEN), THEN),
        (AppHealth(status="Degraded", message="other", last_transition_time=THEN), THEN),
        (AppHealth(status="Degraded"), NOW),
    ],
)
def test_the_time_of_health_moves_with_its_status_only(known: AppHealth | None, time: str) -> None:
    dated = dated_health(Health(status="Degraded", message="m"), known=known, now=NOW)
    assert dated == AppHealth(status="Degraded", message="m", last_transition_time=time)


def test_a_shared_object_is_warned_of() -> None:
    comparison = compared(
        prepared(an_object(), an_object(name="mine")), an_entry(tracked(an_object(), instance="bank"))
    )
    (warning,) = warnings_of(comparison, instance="shop")
    assert warning.type == "SharedResourceWarning"
    assert warning.message == "ConfigMap place/one is part of applications shop and bank"
    assert warnings_of(Comparison(tuple(replace(i, shared_with="") for i in comparison.items)), instance="shop") == ()
