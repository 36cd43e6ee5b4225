"""Server-side apply: what it merges, removes and refuses, and what ordinary writes take over."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.keys import Kind, Manifest
from trimtab.typed import fields
from trimtab.typed.apply import ApplyConflict, Writer, apply, owners_of, tracked
from trimtab.typed.builtin import schema_of
from trimtab.typed.merge import MergeError

SCHEMA = schema_of(Kind("apps", "v1", "Deployment"))


def writer(name: str, now: str = "2026-01-01T00:00:00Z") -> Writer:
    return Writer(manager=name, api_version="apps/v1", now=now)


def a_deployment(*containers: dict[str, Any], labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    manifest: Manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    if labels:
        manifest["metadata"]["labels"] = labels
    if containers:
        spec["template"] = {"spec": {"containers": list(containers)}}
    return manifest | ({"spec": spec} if spec else {})


def bare(manifest: Manifest) -> Manifest:
    meta = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    return {**manifest, "metadata": meta}


def owned_by(manifest: Manifest, manager: str) -> set[str]:
    found: set[str] = set()
    for owner, owned in owners_of(manifest).items():
        if owner.manager == manager:
            found |= {fields.path_text(path) for path in owned.fields}
    return found


def containers_of(manifest: Manifest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manifest["spec"]["template"]["spec"]["containers"]
    return found


# Configurations that are small enough to collide often.
images = st.sampled_from(["a:1", "a:2"])
containers = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["x", "y", "z"])}, optional={"image": images}),
    unique_by=lambda container: container["name"],
    max_size=3,
)
configs = st.builds(
    lambda listed, labels, spec: a_deployment(*listed, labels=labels, **spec),
    containers,
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
    st.fixed_dictionaries({}, optional={"replicas": st.integers(0, 2), "paused": st.booleans()}),
)


@given(configs, configs)
def test_applying_twice_changes_nothing_more(first: Manifest, second: Manifest) -> None:
    live = apply(None, first, schema=SCHEMA, writer=writer("other"))
    once = apply(live, second, schema=SCHEMA, writer=writer("me"), force=True)
    assert apply(once, second, schema=SCHEMA, writer=writer("me", "2026-02-02T00:00:00Z")) == once


@given(configs, configs)
def test_the_only_applier_gets_exactly_what_it_applies(first: Manifest, second: Manifest) -> None:
    live = apply(None, first, schema=SCHEMA, writer=writer("me"))
    result = apply(live, second, schema=SCHEMA, writer=writer("me"))
    assert without_empty(bare(result)) == without_empty(bare(apply(None, second, schema=SCHEMA, writer=writer("me"))))


@given(configs, configs, configs)
def test_what_another_applier_owns_survives(mine: Manifest, theirs: Manifest, less: Manifest) -> None:
    live = apply(None, mine, schema=SCHEMA, writer=writer("me"))
    live = apply(live, theirs, schema=SCHEMA, writer=writer("other"), force=True)
    before = owned_by(live, "other")
    try:
        result = apply(live, less, schema=SCHEMA, writer=writer("me"))
    except ApplyConflict:
        return
    assert owned_by(result, "other") == before
    again = apply(result, theirs, schema=SCHEMA, writer=writer("other"))
    assert without_empty(bare(again)) == without_empty(bare(result))


def without_empty(value: Any) -> Any:
    """Containers that lost all they had stay behind, empty; that says nothing."""
    if isinstance(value, dict):
        kept = {name: without_empty(child) for name, child in value.items()}
        return {name: child for name, child in kept.items() if child not in ({}, [])}
    if isinstance(value, list):
        return sorted((without_empty(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def test_a_field_that_is_no_longer_applied_goes() -> None:
    live = apply(None, a_deployment({"name": "x", "image": "a:1"}, replicas=2), schema=SCHEMA, writer=writer("me"))
    result = apply(live, a_deployment({"name": "x"}), schema=SCHEMA, writer=writer("me"))
    assert result["spec"] == {"template": {"spec": {"containers": [{"name": "x"}]}}}


def test_a_conflict_names_owner_and_field() -> None:
    live = apply(None, a_deployment(replicas=2), schema=SCHEMA, writer=writer("me"))
    live = tracked(live, {**live, "spec": {"replicas": 3}}, schema=SCHEMA, writer=writer("kubectl"))
    with pytest.raises(ApplyConflict) as caught:
        apply(live, a_deployment(replicas=2), schema=SCHEMA, writer=writer("me"))
    text = 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas'
    assert str(caught.value) == text


def test_several_conflicts_are_listed_by_owner() -> None:
    live = apply(None, a_deployment({"name": "x", "image": "a:1"}, replicas=2), schema=SCHEMA, writer=writer("b"))
    live = apply(live, a_deployment(paused=True), schema=SCHEMA, writer=writer("a"))
    wanted = a_deployment({"name": "x", "image": "a:2"}, replicas=1, paused=False)
    with pytest.raises(ApplyConflict) as caught:
        apply(live, wanted, schema=SCHEMA, writer=writer("me"))
    assert str(caught.value) == (
        'Apply failed with 3 conflicts: conflicts with "a":\n- .spec.paused\nconflicts with "b":\n'
        '- .spec.replicas\n- .spec.template.spec.containers[name="x"].image'
    )


def test_force_takes_the_field_from_its_owner() -> None:
    live = apply(None, a_deployment(replicas=2), schema=SCHEMA, writer=writer("first"))
    result = apply(live, a_deployment(replicas=3), schema=SCHEMA, writer=writer("me"), force=True)
    assert result["spec"] == {"replicas": 3}
    assert (owned_by(result, "me"), owned_by(result, "first")) == ({".spec.replicas"}, set())


def test_equal_values_are_owned_together() -> None:
    live = apply(None, a_deployment(replicas=2), schema=SCHEMA, writer=writer("first"))
    result = apply(live, a_deployment(replicas=2), schema=SCHEMA, writer=writer("me"))
    assert owned_by(result, "me") == owned_by(result, "first") == {".spec.replicas"}
    released = apply(result, a_deployment(), schema=SCHEMA, writer=writer("first"))
    assert released["spec"] == {"replicas": 2}


def test_elements_keep_their_place_beside_those_of_others() -> None:
    live = apply(None, a_deployment({"name": "x"}, {"name": "z"}), schema=SCHEMA, writer=writer("me"))
    live = apply(live, a_deployment({"name": "side"}), schema=SCHEMA, writer=writer("injector"))
    result = apply(live, a_deployment({"name": "z"}, {"name": "y"}, {"name": "x"}), schema=SCHEMA, writer=writer("me"))
    assert [c["name"] for c in containers_of(result)] == ["z", "side", "y", "x"]


def test_atomic_lists_are_replaced_whole() -> None:
    live = apply(None, a_deployment({"name": "x", "args": ["a", "b"]}), schema=SCHEMA, writer=writer("me"))
    result = apply(live, a_deployment({"name": "x", "args": ["c"]}), schema=SCHEMA, writer=writer("me"))
    assert containers_of(result) == [{"name": "x", "args": ["c"]}]


def test_an_object_that_was_never_applied_is_owned_by_a_manager_of_the_past() -> None:
    live = a_deployment(replicas=2)
    result = apply(live, a_deployment(paused=True), schema=SCHEMA, writer=writer("me"))
    assert owned_by(result, "before-first-apply") == {".spec.replicas"}
    assert result["spec"] == {"replicas": 2, "paused": True}


def test_an_update_takes_what_it_changed_and_no_more() -> None:
    live = apply(None, a_deployment(replicas=2, paused=True), schema=SCHEMA, writer=writer("me"))
    edited = {**live, "spec": {"replicas": 5, "paused": True}}
    result = tracked(live, edited, schema=SCHEMA, writer=writer("editor"))
    assert (owned_by(result, "me"), owned_by(result, "editor")) == ({".spec.paused"}, {".spec.replicas"})


def test_an_update_that_changes_nothing_owns_nothing() -> None:
    live = apply(None, a_deployment(replicas=2), schema=SCHEMA, writer=writer("me"))
    assert tracked(live, live, schema=SCHEMA, writer=writer("editor")) == live


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        ([{"name": "x"}, {"name": "x"}], 'duplicate entries for key [name="x"]'),
        ([{"image": "a"}], 'element 0: associative list with keys has an element that omits all key fields ["name"]'),
        (["x"], "element 0: associative list with keys may not have non-map elements"),
    ],
)
def test_ambiguous_lists_are_refused(listed: list[Any], why: str) -> None:
    live = apply(None, a_deployment({"name": "y"}), schema=SCHEMA, writer=writer("me"))
    config = a_deployment()
    config["spec"] = {"template": {"spec": {"containers": listed}}}
    with pytest.raises(MergeError) as caught:
        apply(live, config, schema=SCHEMA, writer=writer("me"))
    assert why in str(caught.value)


def test_true_is_not_one() -> None:
    anything = schema_of(Kind("no", "v1", "Such"))
    live = apply(None, {"spec": {"x": [1]}}, schema=anything, writer=writer("me"))
    assert apply(live, {"spec": {"x": [True]}}, schema=anything, writer=writer("me"))["spec"]["x"][0] is True
