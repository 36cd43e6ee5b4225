"""The structural comparison against the API server's own word: would a server-side apply change anything?

Objects of every kind in `tests/cases/compare/targets` are applied, then changed at random: by other managers in the
cluster, by commits in Git, by both. A dry run says the truth. "Same" must never be said in error; suspicions in vain
cost a dry run each, so they must stay few.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mutations import mutated
from tools.controlplane.api import ApiError
from tools.controlplane.run import ControlPlane
from trimtab.compare.owners import ownership
from trimtab.compare.prepare import Identity, prepare_object
from trimtab.compare.structural import differences
from trimtab.compare.takeover import taken_over
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER
from trimtab.model.target import Target

CASES = Path(__file__).parent.parent / "cases" / "compare"
TARGETS = sorted(CASES.glob("targets/*.yaml"))
VERDICTS, ATTEMPTS = 6, 16
"""For each kind: so many verdicts, and so many changes tried, since the server refuses some."""
IN_VAIN_BY_DESIGN = frozenset(("limitrange",))
"""What the server makes up within an atomic list cannot be known without it."""
IN_VAIN_AFTER_KUBECTL = IN_VAIN_BY_DESIGN | {"widget"}
"""kubectl's own entry does not tell which keys were left to their default, and kubectl drops nulls."""
PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}
APPLY = "application/apply-patch+yaml"


class Cluster:
    """One namespace of the real API server, as seen by several field managers."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self.control_plane = control_plane
        self.namespace = namespace

    def path(self, manifest: Manifest) -> str:
        kind = manifest["kind"]
        version = manifest["apiVersion"]
        plural = PLURALS.get(kind, kind.lower() + "s")
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        return f"{root}/namespaces/{self.namespace}/{plural}/{manifest['metadata']['name']}"

    def prepared(self, manifest: Manifest) -> Manifest:
        identity = Identity("shop", self.namespace)
        return prepare_object(Target(manifest, "a file"), identity=identity, scope="Namespaced").manifest()

    def apply(self, manifest: Manifest, *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> Manifest:
        query = f"?fieldManager={manager}&force=true&fieldValidation=Strict{'&dryRun=All' if dry_run else ''}"
        return self.request("PATCH", self.path(manifest) + query, manifest, APPLY)

    def update(self, manifest: Manifest) -> Manifest:
        body = {**manifest, "metadata": {k: v for k, v in manifest["metadata"].items() if k != "resourceVersion"}}
        return self.request("PUT", self.path(manifest) + "?fieldManager=person", body)

    def merge(self, manifest: Manifest, body: Manifest, *, query: str = "?fieldManager=person") -> Manifest:
        return self.request("PATCH", self.path(manifest) + query, body, "application/merge-patch+json")

    def get(self, manifest: Manifest) -> Manifest:
        return self.request("GET", self.path(manifest))

    def afresh(self, target: Manifest) -> Manifest:
        """The object as it is after it was deleted and applied anew."""
        path = self.path(target)
        try:
            if self.get(target)["metadata"].get("finalizers"):
                self.merge(target, {"metadata": {"finalizers": None}})
            self.request("DELETE", path)
        except ApiError as error:
            assert error.status == 404, error
        for _ in range(500):
            live = self.apply(target)
            if not live["metadata"].get("deletionTimestamp"):
                return live
            time.sleep(0.01)
        raise AssertionError(f"{path} does not go away")

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Manifest:
        return self.control_plane.api.request(method, path, body, content_type=content_type)


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    found = Cluster(control_plane, namespace)
    crd = yaml.safe_load((CASES / "definitions" / "widget.yaml").read_text())
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
    found.request("PATCH", path + "?fieldManager=test&force=true", crd, APPLY)
    for _ in range(500):
        conditions = found.request("GET", path).get("status", {}).get("conditions") or []
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return found
        time.sleep(0.01)
    raise AssertionError("the CRD is not established")


def target_of(path: Path) -> Manifest:
    target: Manifest = yaml.safe_load(path.read_text())
    return target


def shown(manifest: Manifest) -> Manifest:
    """All that is not the server's book-keeping."""
    kept = {name: value for name, value in manifest.items() if name != "status"}
    noted = ("managedFields", "resourceVersion", "generation")
    return kept | {"metadata": {k: v for k, v in manifest["metadata"].items() if k not in noted}}


def changed_by_person(cluster: Cluster, target: Manifest, live: Manifest, rng: random.Random) -> Manifest:
    return cluster.update(mutated(live, rng))


def changed_by_robot(cluster: Cluster, target: Manifest, live: Manifest, rng: random.Random) -> Manifest:
    return cluster.apply(mutated(target, rng), manager="robot")


def not_changed(cluster: Cluster, target: Manifest, live: Manifest, rng: random.Random) -> Manifest:
    return live


Change = Callable[[Cluster, Manifest, Manifest, random.Random], Manifest]
SCENARIOS: tuple[tuple[str, Change, bool], ...] = (
    ("a person", changed_by_person, False),
    ("a commit", not_changed, True),
    ("both", changed_by_person, True),
    ("another applier", changed_by_robot, False),
)


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.stem)
def test_the_verdict_is_the_api_servers(cluster: Cluster, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = target_of(path)
    applied = cluster.prepared(raw)
    rng = random.Random(path.stem)
    count: Counter[str] = Counter()
    live = cluster.afresh(applied)
    assert not differences(applied, live) or path.stem in IN_VAIN_BY_DESIGN
    for number in range(ATTEMPTS):
        name, change, commit = SCENARIOS[number % len(SCENARIOS)]
        try:
            changed = change(cluster, applied, live, rng)
            target = cluster.prepared(mutated(raw, rng)) if commit else applied
            count[verdict(cluster, target, changed, name)] += 1
        except ApiError as error:
            assert 400 <= error.status <= 500, error
            count["refused"] += 1
        if cluster.get(applied)["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
            live = cluster.afresh(applied)
        if count["differs"] + count["same"] + count["in vain"] == VERDICTS:
            break
    with capsys.disabled():
        print(f"\n  {path.stem}: {dict(count)}", end="")
    assert path.stem in IN_VAIN_BY_DESIGN or count["in vain"] <= 1, count


def verdict(cluster: Cluster, target: Manifest, live: Manifest, why: str) -> str:
    """Ours beside the server's, which must not contradict it."""
    predicted = cluster.apply(target, dry_run=True)
    if predicted["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
        return "overtaken by a controller"
    differs = shown(predicted) != shown(live)
    found = differences(target, live)
    assert found or not differs, f"{why}: {json.dumps([target, live, shown(predicted)])}"
    return "differs" if differs else "in vain" if found else "same"


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.stem)
def test_what_kubectl_applied_is_taken_over_whole(cluster: Cluster, path: Path) -> None:
    """The server's defaults, which kubectl's entry owns too, are no differences; a label that Git drops is one."""
    target = cluster.prepared(target_of(path))
    before = {**target, "metadata": {**target["metadata"], "labels": {"kept": "1", "dropped": "1"}}}
    told = cluster.control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(before))
    assert told.returncode == 0, told.stderr
    live = cluster.get(target)
    who = ownership(live)
    assert who.takeover
    assert not differences(before, live) or path.stem in IN_VAIN_AFTER_KUBECTL
    target["metadata"]["labels"] = {"kept": "1"}
    assert "metadata.labels.dropped" in [d.path for d in differences(target, live)]
    moved = taken_over(live["metadata"]["managedFields"])
    assert moved is not None
    patch = [{"op": "replace", "path": "/metadata/managedFields", "value": moved}]
    cluster.request("PATCH", cluster.path(target), patch, "application/json-patch+json")
    after = cluster.apply(target)
    assert after["metadata"]["labels"] == {"kept": "1"}
    assert not ownership(after).takeover
    assert not differences(target, after) or path.stem in IN_VAIN_BY_DESIGN


def test_the_writer_of_a_drift_is_named(cluster: Cluster) -> None:
    target = cluster.prepared(target_of(CASES / "targets" / "deployment.yaml"))
    cluster.afresh(target)
    for arguments in (
        ("scale", "deployment/web", "--replicas=3"),
        ("label", "deployment/web", "app=other", "--overwrite"),
    ):
        told = cluster.control_plane.kubectl(*arguments, "-n", cluster.namespace)
        assert told.returncode == 0, told.stderr
    found = {d.path: (d.target, d.live, d.manager) for d in differences(target, cluster.get(target))}
    assert found == {"spec.replicas": (0, 3, "kubectl"), "metadata.labels.app": ("web", "other", "kubectl-label")}


def test_without_managed_fields_nothing_is_taken_for_granted(cluster: Cluster) -> None:
    """Emptied managedFields do not tell whether a map counts as one value: an extra key has to be asked about."""
    target = cluster.prepared(target_of(CASES / "targets" / "service.yaml"))
    cluster.afresh(target)
    cluster.merge(target, {"spec": {"selector": {"extra": "1"}}})
    live = cluster.merge(target, {"metadata": {"managedFields": [{}]}})
    assert "managedFields" not in live["metadata"]
    assert shown(cluster.apply(target, dry_run=True)) != shown(live)
    assert differences(target, live)


def test_another_version_of_the_kind_is_no_verdict(cluster: Cluster) -> None:
    target = cluster.prepared(target_of(CASES / "targets" / "horizontalpodautoscaler.yaml"))
    cluster.afresh(target)
    older = cluster.request("GET", cluster.path({**target, "apiVersion": "autoscaling/v1"}))
    assert [d.path for d in differences(target, older)] == ["apiVersion"]
