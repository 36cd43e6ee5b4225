"""What is installed fits together: every name leads somewhere, in whatever namespace; and deploy/ holds the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.engine.world import at
from tests.rights import Right, granted
from tools.edits import all_edited, edited
from tools.manifests import HEADER, generated
from trimtab.controller.leading import NAME
from trimtab.manifests import InstallOptions, install_objects
from trimtab.manifests.install import CLUSTER_ROLES, ORDER
from trimtab.model.keys import Manifest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RIGHTS = ROOT / "docs/rights.md"
ELSEWHERE = InstallOptions(namespace="delivery")


def manifests(*kinds: str, options: InstallOptions | None = None) -> list[Manifest]:
    """All that is installed, or what is of some kinds."""
    return [manifest for manifest in install_objects(options) if not kinds or manifest["kind"] in kinds]


def the_deployment(**options: Any) -> Manifest:
    (found,) = manifests("Deployment", options=InstallOptions(**options))
    return found


def the_container(**options: Any) -> dict[str, Any]:
    (container,) = at(the_deployment(**options), "spec.template.spec.containers")
    found: dict[str, Any] = container
    return found


def test_the_generated_files_are_up_to_date() -> None:
    wanted = generated()
    made = {path for path in DEPLOY.rglob("*") if path.is_file() and path.read_text().startswith(HEADER)}
    assert made == wanted.keys(), "run: make manifests"
    assert [path.name for path, text in wanted.items() if path.read_text() != text] == [], "run: make manifests"


def test_an_edit_that_no_longer_fits_the_source_is_told() -> None:
    with pytest.raises(ValueError, match="in the source 2 times"):
        edited("a: 1\na: 1\n", {"a: 1": "a: 2"})
    with pytest.raises(ValueError, match="not in the source"):
        all_edited("a: 1\n", {"b: 1": "b: 2"})


def test_what_others_need_comes_first() -> None:
    kinds = [manifest["kind"] for manifest in manifests()]
    assert list(dict.fromkeys(kinds)) == list(ORDER)


def test_two_installations_share_the_custom_resources_only() -> None:
    def keys(options: InstallOptions | None) -> set[tuple[str, str, str]]:
        return {
            (one["kind"], at(one, "metadata.namespace") or "", at(one, "metadata.name"))
            for one in install_objects(options)
            if one["kind"] != "CustomResourceDefinition"
        }

    assert not keys(None) & keys(ELSEWHERE)
    assert len(keys(None)) == len(keys(ELSEWHERE)) == len(manifests()) - 3
    assert '"argocd"' not in str(manifests("Deployment", "RoleBinding", *CLUSTER_ROLES, options=ELSEWHERE))


def test_labels_and_annotations_are_added_but_to_what_is_shared() -> None:
    marked = structs.replace(ELSEWHERE, labels={"team": "platform"}, annotations={"note": "ours"})
    for plain, one in zip(install_objects(ELSEWHERE), install_objects(marked), strict=True):
        if one["kind"] == "CustomResourceDefinition":
            assert one == plain
            continue
        assert one["metadata"]["labels"] == {**plain["metadata"]["labels"], "team": "platform"}
        assert one["metadata"]["annotations"] == {"note": "ours"}
        assert one.get("spec") == plain.get("spec")


def test_an_installation_changes_no_other() -> None:
    before = install_objects()
    install_objects(structs.replace(ELSEWHERE, labels={"team": "platform"}, replicas=5, insecure=True))
    assert install_objects() == before


def test_the_deployment_is_as_asked_for() -> None:
    assert at(the_deployment(replicas=3), "spec.replicas") == 3
    assert the_container(image="registry.example/trimtab:2")["image"] == "registry.example/trimtab:2"
    assert "imagePullSecrets" not in at(the_deployment(), "spec.template.spec")
    pulling = at(the_deployment(pull_secret="pull"), "spec.template.spec")
    assert pulling["imagePullSecrets"] == [{"name": "pull"}]
    behind = the_container(insecure=True, trusted_proxies=("10.0.0.0/8", "192.0.2.1"))
    assert behind["args"][-2:] == ["--trusted-proxies=10.0.0.0/8,192.0.2.1", "--insecure"]
    probes = ("startupProbe", "livenessProbe", "readinessProbe")
    assert {behind[probe]["httpGet"]["scheme"] for probe in probes} == {"HTTP"}
    assert {the_container()[probe]["httpGet"]["scheme"] for probe in probes} == {"HTTPS"}


@pytest.mark.parametrize("options", [InstallOptions(), ELSEWHERE])
def test_bindings_lead_to_roles_and_accounts(options: InstallOptions) -> None:
    there = {(manifest["kind"], at(manifest, "metadata.name")) for manifest in install_objects(options)}
    bindings = manifests("RoleBinding", "ClusterRoleBinding", options=options)
    assert len(bindings) == 8
    for binding in bindings:
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in there
        assert {(one["kind"], one["name"]) for one in binding["subjects"]} <= there
        assert {one["namespace"] for one in binding["subjects"]} == {options.namespace}


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


def test_one_port_is_served_and_let_in() -> None:
    (port,) = the_container()["ports"]
    assert f"--port={port['containerPort']}" in the_container()["args"]
    (policy,) = manifests("NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert policy["spec"]["ingress"] == [{"ports": [{"port": port["name"]}]}]
    (service,) = manifests("Service")
    assert {one["targetPort"] for one in service["spec"]["ports"]} == {port["name"]}


def test_the_right_to_the_lease_is_that_to_ours() -> None:
    rules = [rule for role in manifests("Role") for rule in role["rules"] if rule["resources"] == ["leases"]]
    assert [rule.get("resourceNames") for rule in rules if rule["verbs"] != ["create"]] == [[NAME]]


def test_the_table_of_rights_gives_a_reason_for_each_and_for_no_other() -> None:
    explained = [right for section in SECTIONS.findall(RIGHTS.read_text()) for right in rights_told(*section)]
    assert sorted(explained) == sorted(granted())


SECTIONS = re.compile(r"^## (trimtab-\w+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"\| (\w+) \| `([^`.]+)\.?([^`]*)`(?: `(.+)`)? \| (.+) \| (\S.+) \|")


def rights_told(role: str, table: str) -> Iterator[Right]:
    """What the rows of a table say, each of which is one."""
    _, _, *rows = [line for line in table.splitlines() if line.startswith("|")]
    for row in rows:
        found = ROW.fullmatch(row)
        assert found, row
        kind, resource, group, name, verbs, _ = found.groups()
        for verb in verbs.split(", "):
            yield Right(kind, role, "*" if resource == "*" else group, resource, name or "", verb)
