"""The default project, and every field of a project kept."""

from typing import Any

from hypothesis import given, settings

from tests.unit.model.structs import structs
from trimtab.model.appproject import AppProject, AppProjectSpec, default_project
from trimtab.model.roundtrip import decode, encode


def test_the_default_project_allows_everything() -> None:
    assert encode(default_project("argocd")) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }


def test_every_field_is_read_and_written_back() -> None:
    spec: dict[str, Any] = {
        "sourceRepos": ["https://git.acme.example/*", "!https://git.acme.example/secret"],
        "destinations": [{"name": "prod", "namespace": "team-*"}],
        "description": "Team fleet",
        "roles": [
            {
                "name": "deployer",
                "description": "CI",
                "policies": ["p, proj:fleet:deployer, applications, sync, fleet/*, allow"],
                "groups": ["acme:fleet"],
                "jwtTokens": [{"iat": 1790000000, "exp": 1790086400, "id": "ci"}],
            }
        ],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}],
        "clusterResourceBlacklist": [{"group": "rbac.authorization.k8s.io", "kind": "*"}],
        "namespaceResourceWhitelist": [],
        "namespaceResourceBlacklist": [{"group": "", "kind": "ResourceQuota"}],
        "orphanedResources": {"warn": False, "ignore": [{"kind": "ConfigMap", "name": "ca-*"}]},
        "syncWindows": [
            {
                "kind": "deny",
                "schedule": "0 22 * * *",
                "duration": "1h",
                "applications": ["*-prod"],
                "namespaces": ["prod"],
                "clusters": ["prod"],
                "manualSync": True,
                "timeZone": "Europe/Berlin",
                "andOperator": True,
                "syncOverrun": True,
                "description": "nights",
            }
        ],
        "signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}],
        "sourceIntegrity": {"git": {"policies": []}},
        "sourceNamespaces": ["team-*"],
        "permitOnlyProjectScopedClusters": True,
        "destinationServiceAccounts": [
            {"server": "https://k", "namespace": "prod", "defaultServiceAccount": "deployer"}
        ],
    }
    assert encode(decode(AppProjectSpec, spec)) == spec


def test_no_namespaced_whitelist_is_not_an_empty_one() -> None:
    assert decode(AppProjectSpec, {}).namespace_resource_whitelist is None
    assert decode(AppProjectSpec, {"namespaceResourceWhitelist": []}).namespace_resource_whitelist == ()


@settings(deadline=None, max_examples=40)
@given(structs(AppProject))
def test_round_trip(project: AppProject) -> None:
    assert decode(AppProject, encode(project)) == project
