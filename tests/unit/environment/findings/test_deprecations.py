"""Versions of Kubernetes' API that end."""

import pytest

from trimtab.environment.findings.deprecations import Declared, judge_declared, judge_requested
from trimtab.environment.lifecycles import LIFECYCLES

# https://kubernetes.io/docs/reference/using-api/deprecation-guide/
GUIDE = {
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): 32,
    ("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration"): 29,
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): 27,
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): 26,
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): 25,
    ("batch/v1beta1", "CronJob"): 25,
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): 25,
    ("events.k8s.io/v1beta1", "Event"): 25,
    ("policy/v1beta1", "PodDisruptionBudget"): 25,
    ("node.k8s.io/v1beta1", "RuntimeClass"): 25,
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): 22,
    ("apiregistration.k8s.io/v1beta1", "APIService"): 22,
    ("extensions/v1beta1", "Ingress"): 22,
    ("networking.k8s.io/v1beta1", "Ingress"): 22,
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"): 22,
    ("apps/v1beta2", "Deployment"): 16,
}


def declared(api_version: str, kind: str, *names: str) -> list[Declared]:
    return [Declared(api_version=api_version, kind=kind, name=name, origin="shop") for name in names or ("one",)]


@pytest.mark.parametrize("kind", GUIDE, ids=lambda kind: "-".join(kind))
def test_the_table_is_kubernetes_own(kind: tuple[str, str]) -> None:
    removed = GUIDE[kind]
    assert [row[3] for row in LIFECYCLES if row[:2] == kind] == [removed]
    (found,) = judge_declared(declared(*kind), minor=removed - 1)
    assert (found.level, f"ends in 1.{removed}" in found.message) == ("error", True)


def test_the_table_makes_sense() -> None:
    assert len({row[:2] for row in LIFECYCLES}) == len(LIFECYCLES)
    assert all(0 < deprecated < (removed or 100) for _, _, deprecated, removed, _ in LIFECYCLES)


def test_what_is_only_deprecated_is_a_warning() -> None:
    (found,) = judge_declared(declared("policy/v1beta1", "PodDisruptionBudget"), minor=22)
    assert (found.level, found.fix) == ("warning", "write it as policy/v1")
    assert "is deprecated in 1.21 and ends in 1.25" in found.message
    (endpoints,) = judge_declared(declared("v1", "Endpoints"), minor=36)
    assert (endpoints.level, endpoints.fix) == ("warning", "write it as discovery.k8s.io/v1 EndpointSlice")
    assert judge_declared(declared("policy/v1beta1", "PodDisruptionBudget"), minor=19)[0].level == "ok"


def test_many_objects_are_one_finding() -> None:
    (found,) = judge_declared(declared("batch/v1beta1", "CronJob", *"edcba"), minor=24)
    assert "Git declares a of shop, b of shop, c of shop and 2 more" in found.message


def test_nothing_deprecated_is_well() -> None:
    (found,) = judge_declared(declared("apps/v1", "Deployment", "a", "b"), minor=36)
    assert (found.level, "none of 2 objects" in found.message) == ("ok", True)


def series(**labels: str) -> str:
    text = ",".join(f'{name}="{value}"' for name, value in {"subresource": "", **labels}.items())
    return f"apiserver_requested_deprecated_apis{{{text}}} 1\n"


METRICS = (
    "# TYPE apiserver_requested_deprecated_apis gauge\n"
    + series(group="policy", removed_release="1.25", resource="podsecuritypolicies", version="v1beta1")
    + series(group="", removed_release="", resource="componentstatuses", version="v1")
    + series(group="batch", removed_release="1.99", resource="cronjobs", version="v9")
    + 'apiserver_requested_deprecated_apis_other{removed_release="1.25"} 1\n'
)


def test_what_anybody_asks_for() -> None:
    (found,) = judge_requested(METRICS, minor=24)
    assert (found.level, found.subject) == ("warning", "requests policy/v1beta1/podsecuritypolicies")
    assert "ends in 1.25" in found.message
    assert "audit log" in found.fix
    for text in ("", METRICS.replace("} 1", "} 0"), "junk{"):
        (well,) = judge_requested(text, minor=24)
        assert well.level == "ok"
