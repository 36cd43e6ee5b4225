"""Tracking annotations: written, read, and not believed when they are copies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.keys import AppKey, Kind, ObjectKey, annotations_of, key_of, kind_of
from trimtab.model.names import TRACKING_ID
from trimtab.model.tracking import TrackingId, owner_of, parse_tracking_id, tracking_id

WEB = ObjectKey(group="apps", kind="Deployment", namespace="place", name="web")
NODE = ObjectKey(group="", kind="Node", namespace="", name="n")
NAMES = st.text(alphabet="abc-.", min_size=1, max_size=5)


@pytest.mark.parametrize(
    "key, text",
    [
        (WEB, "shop:apps/Deployment:place/web"),
        (NODE, "shop:/Node:home/n"),
        (
            ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:x:y"),
            "shop:rbac.authorization.k8s.io/ClusterRole:home/system:x:y",
        ),
    ],
)
def test_the_format_is_argo_cds(key: ObjectKey, text: str) -> None:
    assert tracking_id("shop", key, destination_namespace="home") == text
    assert owner_of(key, {TRACKING_ID: text}) == "shop"


@given(
    group=NAMES | st.just(""), kind=NAMES, namespace=NAMES | st.just(""), name=NAMES | st.just("a:b"), instance=NAMES
)
def test_what_is_written_is_read_again(group: str, kind: str, namespace: str, name: str, instance: str) -> None:
    key = ObjectKey(group, kind, namespace, name)
    text = tracking_id(instance, key, destination_namespace="home")
    assert parse_tracking_id(text) == TrackingId(instance, group, kind, namespace or "home", name)
    assert owner_of(key, {TRACKING_ID: text}) == instance


@pytest.mark.parametrize(
    "text",
    ["", "shop", "shop:apps/Deployment", "shop::place/web", ":apps/Deployment:place/web", "shop:apps/:place/web",
     "shop:apps/Deployment:web", "shop:Deployment:place/web", "shop:apps/Deployment:place/", "::", "a:/:/"],
)  # fmt: skip
def test_what_is_not_in_the_format_tracks_nothing(text: str) -> None:
    assert parse_tracking_id(text) is None
    assert owner_of(WEB, {TRACKING_ID: text}) == ""


@pytest.mark.parametrize(
    "key",
    [
        ObjectKey("apps", "ReplicaSet", "place", "web-1"),
        ObjectKey("apps", "Deployment", "else", "web"),
        ObjectKey("apps", "Deployment", "place", "web2"),
        ObjectKey("extensions", "Deployment", "place", "web"),
    ],
)
def test_a_copy_on_another_object_tracks_nothing(key: ObjectKey) -> None:
    assert owner_of(key, {TRACKING_ID: "shop:apps/Deployment:place/web"}) == ""


def test_no_annotations() -> None:
    assert owner_of(WEB, None) == owner_of(WEB, {}) == owner_of(WEB, {"other": "x"}) == ""


def test_an_application_elsewhere_is_tracked_by_namespace_too() -> None:
    key = AppKey("team", "shop")
    assert (key.instance("team"), key.instance("argocd")) == ("shop", "team_shop")


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"apiVersion": 5, "kind": ["x"], "metadata": "text"},
        {"apiVersion": None, "kind": None, "metadata": None},
        {"metadata": {"name": None, "namespace": None, "annotations": ["x"]}},
    ],
)
def test_odd_manifests_have_empty_names(manifest: dict[str, object]) -> None:
    assert kind_of(manifest) == Kind(group="", version="", kind="")
    assert key_of(manifest) == ObjectKey(group="", kind="", namespace="", name="")
    assert annotations_of(manifest) == {}


def test_names_as_users_see_them() -> None:
    assert (str(WEB), str(NODE)) == ("apps/Deployment place/web", "Node n")
    assert str(kind_of({"apiVersion": "apps/v1", "kind": "Deployment"})) == "apps/v1/Deployment"
    assert str(kind_of({"apiVersion": "v1", "kind": "Pod"})) == "v1/Pod"
    assert key_of({"metadata": {"name": "a"}}, default_namespace="home").namespace == "home"
