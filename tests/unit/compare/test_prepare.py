"""From rendered targets to objects that can be compared and applied, and what is said of those that cannot."""

import base64
from typing import Any

import pytest

from tests.builders import IDENTITY, a_crd, an_object, prepared
from trimtab.compare.prepare import Prepared, prepare, scopes_declared
from trimtab.model.keys import Manifest
from trimtab.model.names import HOOK, TRACKING_ID
from trimtab.model.target import Target


def only(found: Prepared) -> Manifest:
    assert found.problems == ()
    (made,) = (*found.objects, *found.hooks)
    return made.manifest()


def problem_of(manifest: Manifest) -> str:
    """The one error, without the name of the file."""
    found = prepared(manifest)
    (problem,) = found.errors
    assert (found.objects, found.hooks) == ((), ())
    assert problem.message.startswith("deploy.yaml document 1: ")
    assert "\n" not in problem.message
    return problem.message.removeprefix("deploy.yaml document 1: ")


def test_an_object_gets_its_namespace_and_its_stamp() -> None:
    made = only(prepared(an_object(annotations={"a": "b"})))
    assert made["metadata"] == {
        "name": "one",
        "namespace": "place",
        "annotations": {"a": "b", TRACKING_ID: "shop:/ConfigMap:place/one"},
    }


def test_a_namespace_of_its_own_is_kept() -> None:
    made = only(prepared(an_object(namespace="else")))
    assert made["metadata"]["annotations"][TRACKING_ID] == "shop:/ConfigMap:else/one"


def test_a_cluster_scoped_object_has_none_and_is_stamped_with_the_destinations() -> None:
    made = only(prepared(an_object("Namespace", "n", namespace="wrong")))
    assert "namespace" not in made["metadata"]
    assert made["metadata"]["annotations"][TRACKING_ID] == "shop:/Namespace:place/n"


def test_a_definition_is_never_stamped() -> None:
    assert "annotations" not in only(prepared(a_crd("acme.example", "Widget")))["metadata"]


def test_what_only_a_server_writes_is_dropped() -> None:
    written = an_object(status={"phase": "x"}, data={"a": "b"})
    written["metadata"] |= {"uid": "1", "resourceVersion": "2", "generation": 3, "managedFields": [], "selfLink": "x"}
    written["metadata"] |= {"creationTimestamp": None, "labels": {"kept": "1"}}
    made = only(prepared(written))
    assert set(made) == {"apiVersion", "kind", "metadata", "data"}
    assert set(made["metadata"]) == {"name", "namespace", "labels", "annotations"}


def test_the_target_is_not_changed() -> None:
    target = an_object("Secret", "s", stringData={"a": "b"}, annotations={})
    before = repr(target)
    prepared(target)
    assert repr(target) == before


def test_the_same_content_has_the_same_digest_wherever_it_comes_from() -> None:
    one, other = an_object(data={"a": "1", "b": "2"}), an_object(data={"b": "2", "a": "1"})
    found = [
        prepare([Target(m, origin)], identity=IDENTITY, scopes={("", "ConfigMap"): "Namespaced"})
        for m, origin in ((one, "x"), (other, "y"))
    ]
    assert found[0].objects[0].digest == found[1].objects[0].digest
    assert prepared(an_object(data={"a": "2"})).objects[0].digest != found[0].objects[0].digest


def secret(**fields: Any) -> Manifest:
    return an_object("Secret", "s", **fields)


def test_string_data_becomes_data_and_wins() -> None:
    made = only(prepared(secret(data={"a": "b2xk", "b": "Yg=="}, stringData={"a": "näw", "empty": "", "none": None})))
    assert "stringData" not in made
    assert {name: base64.b64decode(value).decode() for name, value in made["data"].items()} == {
        "a": "näw",
        "b": "b",
        "empty": "",
        "none": "",
    }


def test_data_is_written_as_the_server_keeps_it() -> None:
    made = only(prepared(secret(data={"folded": "YWJj\nZGVm\r\n", "none": None})))
    assert made["data"] == {"folded": "YWJjZGVm", "none": ""}


@pytest.mark.parametrize("fields", [{}, {"data": None}, {"data": {}}, {"stringData": None}, {"stringData": {}}])
def test_a_secret_without_values(fields: dict[str, Any]) -> None:
    assert not only(prepared(secret(**fields))).get("data")


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"data": {"pin": 123456}}, 'data["pin"] is not a string; quote it'),
        ({"stringData": {"pin": 123456}}, 'stringData["pin"] is not a string; quote it'),
        ({"stringData": {"pin": True}}, 'stringData["pin"] is not a string; quote it'),
        ({"data": {"pin": ["hunter2"]}}, 'data["pin"] is not a string; quote it'),
        ({"data": "hunter2"}, "data is not an object"),
        ({"stringData": ["hunter2"]}, "stringData is not an object"),
    ],
)
def test_a_secret_of_the_wrong_shape_is_told_without_its_values(fields: dict[str, Any], told: str) -> None:
    """Sent as it is, the API server would quote the value in its answer."""
    assert problem_of(secret(**fields)) == f"Secret s: {told}"


def test_data_of_a_config_map_is_the_api_servers_to_judge() -> None:
    assert prepared(an_object(data={"port": 80})).errors == ()


@pytest.mark.parametrize(
    "metadata, told",
    [
        (None, "metadata is not an object"),
        ([], "metadata is not an object"),
        ({"name": "one", "namespace": 5}, "metadata.namespace is not a string; quote it"),
        ({"name": 5}, "metadata.name is not a string; quote it"),
        ({"name": "one", "labels": ["a"]}, "metadata.labels is not an object"),
        ({"name": "one", "labels": {"v": 1.0}}, 'metadata.labels["v"] is not a string; quote it'),
        ({"name": "one", "annotations": {"a.b/c": True}}, 'metadata.annotations["a.b/c"] is not a string; quote it'),
        ({"name": "one", "annotations": "x"}, "metadata.annotations is not an object"),
        ({"generateName": "one-"}, "has no metadata.name; only hooks can have generateName instead"),
    ],
)
def test_metadata_of_the_wrong_shape(metadata: Any, told: str) -> None:
    assert problem_of({**an_object(), "metadata": metadata}).endswith(f": {told}")


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_null_is_no_wrong_shape(field: str) -> None:
    manifest = an_object()
    manifest["metadata"][field] = None
    assert prepared(manifest).errors == ()
    manifest["metadata"][field] = {"a": None}
    assert prepared(manifest).errors == ()


def test_an_unknown_kind_is_named_with_its_file() -> None:
    target = Target(an_object("Widget", "w", api_version="acme.example/v1"), "widgets/w.yaml document 3")
    (problem,) = prepare([target], identity=IDENTITY, scopes={}).problems
    assert problem.type == "ComparisonError"
    assert problem.message == (
        "widgets/w.yaml document 3: Widget w: the cluster does not serve Widget in acme.example/v1; "
        "install its CustomResourceDefinition or correct apiVersion and kind"
    )


def test_an_unknown_kind_that_is_skipped_is_no_problem() -> None:
    target = Target(an_object("Widget", api_version="acme.example/v1", annotations={HOOK: "Skip"}), "w.yaml")
    found = prepare([target], identity=IDENTITY, scopes={})
    assert (found.objects, found.hooks, found.problems, len(found.spared)) == ((), (), (), 1)


def test_definitions_among_the_targets_make_their_kinds_known() -> None:
    crds = [a_crd("acme.example", "Widget"), a_crd("acme.example", "Planet", scope="Cluster"), an_object()]
    specs: tuple[Any, ...] = (None, [], {"names": []})
    odd = [{**a_crd("acme.example", "Odd"), "spec": spec} for spec in specs]
    assert scopes_declared(Target(manifest, "") for manifest in (*crds, *odd)) == {
        ("acme.example", "Widget"): "Namespaced",
        ("acme.example", "Planet"): "Cluster",
    }


def test_of_objects_declared_twice_the_last_wins_with_a_warning() -> None:
    found = prepared(an_object(data={"a": "1"}), an_object(name="other"), an_object(namespace="place", data={"a": "2"}))
    assert [made.key.name for made in found.objects] == ["other", "one"]
    assert found.objects[1].manifest()["data"] == {"a": "2"}
    (problem,) = found.problems
    assert problem.type == "RepeatedResourceWarning"
    assert problem.message == (
        "ConfigMap place/one is declared twice: deploy.yaml document 1 and deploy.yaml document 3; the last one is used"
    )
    assert found.errors == ()


def test_an_object_and_a_hook_of_one_name_do_not_repeat_each_other() -> None:
    found = prepared(an_object(), an_object(annotations={HOOK: "PreSync"}))
    assert (len(found.objects), len(found.hooks), found.problems) == (1, 1, ())


def test_the_order_of_the_targets_is_kept() -> None:
    assert [made.key.name for made in prepared(*(an_object(name=name) for name in "cab")).objects] == ["c", "a", "b"]


def test_a_body_can_be_changed_without_changing_the_target() -> None:
    (made,) = prepared(an_object()).objects
    made.manifest()["metadata"]["name"] = "changed"
    assert made.manifest()["metadata"]["name"] == "one"
