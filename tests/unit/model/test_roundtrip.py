"""Nothing that a Struct does not know is lost, and nothing that did not change is rewritten."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.model.structs import structs as values_of
from trimtab.errors import Stalled
from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationSpec,
    Automated,
    HelmSource,
    Operation,
    SyncPolicy,
)
from trimtab.model.roundtrip import decode, encode, encode_over


def an_app(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"project": "default", "destination": {"server": "https://k"}, **spec},
    }


def with_spec(raw: dict[str, Any], **changes: Any) -> dict[str, Any]:
    app = decode(Application, raw)
    return encode_over(structs.replace(app, spec=structs.replace(app.spec, **changes)), raw)


STRING_MAPS = ("commonLabels", "commonAnnotations", "labels", "annotations", "target", "options", "map")


@st.composite
def raw_specs(draw: st.DrawFn) -> dict[str, Any]:
    """A spec with unknown fields, explicit defaults and nulls strewn over it."""
    raw = encode(draw(values_of(ApplicationSpec)))

    def strew(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name not in STRING_MAPS:
                    strew(inner)
            value["newer"] = draw(st.integers(0, 2) | st.just({"a": None}))
        elif isinstance(value, list):
            for inner in value:
                strew(inner)

    for part in ("syncPolicy", "source", "destination"):
        strew(raw.get(part))
    raw.setdefault(
        "syncPolicy", draw(st.sampled_from([None, {}, {"syncOptions": []}, {"automated": {"prune": False}}]))
    )
    raw.setdefault("info", draw(st.sampled_from([None, []])))
    return raw


@settings(deadline=None, max_examples=40)
@given(raw_specs())
def test_an_unchanged_object_comes_back_as_it_was(raw: dict[str, Any]) -> None:
    before = copy.deepcopy(raw)
    assert encode_over(decode(ApplicationSpec, raw), raw) == before
    assert raw == before


@settings(deadline=None, max_examples=40)
@given(raw_specs(), values_of(ApplicationSpec))
def test_what_is_laid_over_is_read_back(raw: dict[str, Any], new: ApplicationSpec) -> None:
    before = copy.deepcopy(raw)
    laid = encode_over(new, raw)
    assert decode(ApplicationSpec, laid) == new
    assert raw == before


def test_a_change_keeps_unknown_fields_beside_it() -> None:
    raw = an_app(newer={"a": 1}, syncPolicy={"automated": {"prune": False, "newer": 2}, "newer": 3})
    laid = with_spec(raw, sync_policy=SyncPolicy(automated=Automated(self_heal=True)))
    assert laid == an_app(
        newer={"a": 1}, syncPolicy={"automated": {"prune": False, "newer": 2, "selfHeal": True}, "newer": 3}
    )


def test_a_field_that_became_default_is_removed() -> None:
    raw = an_app(syncPolicy={"automated": {"prune": True}}, info=[{"name": "a", "value": "b"}])
    assert with_spec(raw, sync_policy=None, info=()) == an_app()


def test_an_emptied_part_keeps_only_what_is_unknown() -> None:
    raw = {**an_app(), "operation": {"retry": {"limit": 2, "newer": 1}, "initiatedBy": {"username": "ana"}}}
    app = decode(Application, raw)
    plain = structs.replace(app, operation=Operation())
    assert encode_over(plain, raw)["operation"] == {"retry": {"newer": 1}}


def test_items_of_a_list_keep_their_own_unknown_fields() -> None:
    a, b, c = ({"repoURL": f"https://git/{name}", "path": name, "newer": name} for name in "abc")
    raw = an_app(sources=[a, b, c])
    first, second, third = decode(Application, raw).spec.sources
    changed = structs.replace(third, target_revision="main")
    added = ApplicationSource(repo_url="https://git/d")
    assert with_spec(raw, sources=(changed, added, second))["spec"]["sources"] == [
        {**c, "targetRevision": "main"},
        {"repoURL": "https://git/d"},
        b,
    ]
    assert first not in (second, third)


def test_true_and_one_are_different_values() -> None:
    raw = an_app(source={"repoURL": "r", "helm": {"valuesObject": {"on": 1}}})
    laid = with_spec(raw, source=ApplicationSource(repo_url="r", helm=HelmSource(values_object={"on": True})))
    assert laid["spec"]["source"]["helm"]["valuesObject"]["on"] is True


def test_nulls_read_as_absent_but_helm_values_keep_theirs() -> None:
    raw = an_app(info=None, source={"repoURL": "r", "path": None, "helm": {"valuesObject": {"drop": None}}})
    spec = decode(Application, raw).spec
    assert spec.info == ()
    assert spec.source == ApplicationSource(repo_url="r", helm=HelmSource(values_object={"drop": None}))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            an_app(source={"repoURL": 7}),
            "argoproj.io/Application argocd/shop: spec.source.repoURL: Expected `str`, got `int`",
        ),
        (
            an_app(source={"path": "x"}),
            "argoproj.io/Application argocd/shop: spec.source: Object missing required field `repoURL`",
        ),
        (
            {**an_app(), "metadata": []},
            "an object without kind or metadata: metadata: Expected `object`, got `array`",
        ),
        ({}, "an object without kind or metadata: the object: Object missing required field `apiVersion`"),
        (
            an_app(sources=[{"repoURL": "r"}, None]),
            "argoproj.io/Application argocd/shop: spec.sources[1]: Expected `object`, got `null`",
        ),
    ],
)
def test_a_wrong_type_is_named_with_its_place(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(Stalled) as error:
        decode(Application, raw)
    assert error.value.message == message
    assert error.value.reason == "InvalidSpecError"
