"""The manifests of deploy/ fit together: every name leads somewhere."""

from pathlib import Path

from tests.engine.world import at
from trimtab.controller.leading import NAME
from trimtab.model.keys import Manifest
from trimtab.render.yaml import load_all

DEPLOY = Path(__file__).parents[2] / "deploy"


def manifests(*kinds: str) -> list[Manifest]:
    """All of deploy/, or those of some kinds."""
    documents = [
        document.value
        for path in sorted(DEPLOY.rglob("*.yaml"))
        for document in load_all(path.read_text(), origin=str(path))
    ]
    return [manifest for manifest in documents if not kinds or manifest["kind"] in kinds]


def test_bindings_lead_to_roles_and_accounts() -> None:
    there = {(manifest["kind"], at(manifest, "metadata.name")) for manifest in manifests()}
    bindings = manifests("RoleBinding", "ClusterRoleBinding")
    assert len(bindings) == 8
    for binding in bindings:
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in there
        assert {(one["kind"], one["name"]) for one in binding["subjects"]} <= there


def test_selectors_lead_to_the_pods_and_the_pods_to_their_account() -> None:
    (workload,) = manifests("Deployment")
    pod = at(workload, "spec.template")
    labels = at(pod, "metadata.labels").items()
    accounts = {at(account, "metadata.name") for account in manifests("ServiceAccount")}
    assert at(pod, "spec.serviceAccountName") in accounts
    (service,) = manifests("Service")
    (budget,) = manifests("PodDisruptionBudget")
    (policy,) = manifests("NetworkPolicy")
    selectors = [service["spec"]["selector"]]
    selectors += [at(one, "matchLabels") for one in (budget["spec"]["selector"], policy["spec"]["podSelector"])]
    for selector in (*selectors, at(workload, "spec.selector.matchLabels")):
        assert selector
        assert selector.items() <= labels


def test_the_right_to_the_lease_is_that_to_ours() -> None:
    rules = [rule for role in manifests("Role") for rule in role["rules"] if rule["resources"] == ["leases"]]
    assert [rule.get("resourceNames") for rule in rules if rule["verbs"] != ["create"]] == [[NAME]]
