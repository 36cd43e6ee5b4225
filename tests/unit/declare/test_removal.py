import hypothesis
import pytest

from tests.unit.declare.builders import Memory, a_declaration, a_place, declarations
from trimtab.declare.declaration import Declaration
from trimtab.declare.removal import plan_cascade
from trimtab.errors import Stalled
from trimtab.render.yaml import load

PRODUCTION, STAGING = a_place(), a_place("staging")
APPLICATION = "infra/production/argocd/applications/web.yaml"


def test_the_last_environment_takes_the_base_with_it() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    removal = memory.remove("web", PRODUCTION)
    assert sorted(memory.files) == ["infra/production/argocd/namespaces/shop.yaml"]
    assert (removal.namespace, removal.cascades, removal.base_users) == ("shop", False, ())


@hypothesis.given(declared=declarations(), other=declarations())
@hypothesis.settings(max_examples=20, deadline=None)
def test_another_environment_is_left_as_it_is(declared: Declaration, other: Declaration) -> None:
    memory = Memory()
    memory.apply(declared, PRODUCTION)
    before = dict(memory.files)
    memory.apply(other, STAGING)
    removal = memory.remove("web", STAGING)
    assert removal.base_users == ("infra/applications/web/overlays/production/kustomization.yaml",)
    namespace = "infra/staging/argocd/namespaces/shop.yaml"
    assert {path: text for path, text in memory.files.items() if path != namespace} == before


def test_what_a_person_added_goes_with_the_overlay() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    memory.files["infra/applications/web/overlays/production/more/extra.yaml"] = "x: 1\n"
    memory.remove("web", PRODUCTION)
    assert memory.below("web") == {}


def test_edits_that_are_in_no_commit_are_not_lost() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    assert memory.files
    path = "infra/applications/web/overlays/production/kustomization.yaml"
    memory.files[path] += "# hers\n"
    everything = frozenset(memory.files)
    before = dict(memory.files)
    with pytest.raises(Stalled, match=rf"{path}: edits are not committed"):
        memory.remove("web", PRODUCTION, everything)
    assert memory.files == before
    memory.remove("web", PRODUCTION, everything - {path})
    assert memory.below("web") == {}


def test_a_finalizer_in_the_application_is_told() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    text = memory.files[APPLICATION]
    memory.files[APPLICATION] = text.replace(
        "metadata:\n", "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n"
    )
    assert memory.remove("web", PRODUCTION).cascades


def test_the_finalizer_is_added_before_the_files_go() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    memory.files[APPLICATION] += "# hers\n"
    plan = plan_cascade("web", PRODUCTION, memory.tree("web", PRODUCTION), memory.tools)
    assert plan is not None
    (change,) = plan.changes
    assert change.after is not None
    assert load(change.after, origin="")["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert change.after.endswith("# hers\n")
    memory.files[APPLICATION] = change.after
    assert plan_cascade("web", PRODUCTION, memory.tree("web", PRODUCTION), memory.tools) is None
    assert memory.apply(a_declaration(), PRODUCTION).writes == ()


def test_a_finalizer_that_cannot_be_added_is_a_persons_to_add() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    memory.files[APPLICATION] = "kind: Application\n"
    with pytest.raises(Stalled, match=r"add metadata.finalizers:"):
        plan_cascade("web", PRODUCTION, memory.tree("web", PRODUCTION), memory.tools)


def test_what_is_not_there_cannot_be_removed() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    with pytest.raises(Stalled, match="environment staging has no application web"):
        memory.remove("web", STAGING)
    with pytest.raises(Stalled, match="environment production has no application db"):
        memory.remove("db", PRODUCTION)
