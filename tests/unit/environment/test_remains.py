"""Whose an object of the control namespace is when an environment is taken down."""

from collections.abc import Mapping
from typing import Any

import pytest

from trimtab.environment.names import FIELD_MANAGER, OWNER
from trimtab.environment.remains import applications_of, others_keys, whose

Written = Mapping[str, Mapping[str, str]]
MARK: dict[str, Any] = {"annotations": {OWNER: "production"}}

MIXED = {FIELD_MANAGER: {"url": "x"}, "kubectl": {"a": "b"}}


def an_object(
    kind: str, name: str, *, data: dict[str, dict[str, str]] | None = None, **metadata: Any
) -> dict[str, Any]:
    """`data`: keys and values, by who wrote them."""
    entries = [
        {"manager": manager, "fieldsV1": {"f:data": {f"f:{key}": {} for key in values}}}
        for manager, values in (data or {}).items()
    ]
    flat = {key: value for values in (data or {}).values() for key, value in values.items()}
    return {"kind": kind, "metadata": {"name": name, "managedFields": entries, **metadata}, "data": flat}


@pytest.mark.parametrize(
    ("manifest", "wanted"),
    [
        (an_object("Secret", "repo-1", **MARK), "ours"),
        (an_object("Secret", "repo-2"), "stranger"),
        (an_object("Secret", "repo-1", annotations={OWNER: "staging"}), "stranger"),
        (an_object("ReplicaSet", "trimtab-1", ownerReferences=[{}]), "generated"),
        (an_object("ConfigMap", "kube-root-ca.crt"), "generated"),
        (an_object("Lease", "trimtab-controller"), "ours"),
        (an_object("ConfigMap", "argocd-cm", data={FIELD_MANAGER: {"url": "x"}}, **MARK), "ours"),
        (
            an_object("ConfigMap", "argocd-cm", data={FIELD_MANAGER: {"url": "x"}, "kubectl": {"a": "b"}}, **MARK),
            "shared",
        ),
        (an_object("ConfigMap", "argocd-cm", data={"kubectl": {"a": "b"}}), "stranger"),
        (an_object("Secret", "argocd-secret", data={"argocd-controller": {"server.secretkey": "x"}}), "ours"),
        (an_object("Secret", "argocd-secret", data={"helm": {"x": "y"}}), "shared"),
    ],
)
def test_whose_it_is(manifest: dict[str, Any], wanted: str) -> None:
    assert whose(manifest, environment="production", engine="trimtab") == wanted


def test_what_upstream_argo_cd_made_is_its_own() -> None:
    """Its managers have the names that Trimtab uses, too."""
    secret = an_object("Secret", "argocd-secret", data={"argocd-controller": {"server.secretkey": "x"}})
    assert whose(secret, environment="production", engine="argocd") == "stranger"
    marked = {**secret, "metadata": {**secret["metadata"], **MARK}}
    assert whose(marked, environment="production", engine="argocd") == "shared"


def test_keys_that_nobody_is_noted_for_count_as_others() -> None:
    assert others_keys({"metadata": {}, "data": {"a": "b"}}) == {"a"}


def test_applications_are_found_by_either_tracking() -> None:
    root = "production-applications"
    by_annotation = {"argocd.argoproj.io/tracking-id": f"{root}:argoproj.io/Application:argocd/web"}
    there = [
        an_object("Application", "web", annotations=by_annotation),
        an_object("Application", "cart", labels={"app.kubernetes.io/instance": root}),
        an_object("Application", "other"),
        an_object("ConfigMap", "web", annotations=by_annotation),
    ]
    assert [one["metadata"]["name"] for one in applications_of(there, [root])] == ["web", "cart"]
