"""A plan written into a real checkout: nothing through links, nothing out of scope, nothing over what changed."""

import os
from pathlib import Path
from typing import Any

import hypothesis
import pygit2
import pytest
from hypothesis import strategies as st

from tests.unit.declare.builders import a_declaration, a_place, declarations
from trimtab.cli.checkout import MAX_BYTES, Checkout
from trimtab.cli.declared import merged, neighbours, tools_of, tree_of
from trimtab.declare.change import Change
from trimtab.declare.declaration import Declaration
from trimtab.declare.place import Place, Scope
from trimtab.declare.plan import Plan, plan_application
from trimtab.errors import Stalled

PRODUCTION, STAGING = a_place(), a_place("staging")
SCOPE = Scope(("infra/production",))
PATH = "infra/production/x.yaml"
OVERLAY = "infra/applications/web/overlays/production/kustomization.yaml"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "clone"
    pygit2.init_repository(str(root), initial_head="main")
    return Checkout(root)


def apply(checkout: Checkout, declared: Declaration, place: Place) -> Plan:
    tree = tree_of(checkout, declared.name, place, namespace=declared.namespace)
    plan = plan_application(declared, place, tree, tools_of(checkout))
    checkout.write(plan)
    return plan


def commit(checkout: Checkout) -> None:
    repository = pygit2.Repository(str(checkout.root))
    repository.index.add_all()
    repository.index.write()
    ana = pygit2.Signature("ana", "ana@acme.example")
    parents: list[Any] = [] if repository.head_is_unborn else [repository.head.target]
    repository.create_commit("HEAD", ana, ana, "x", repository.index.write_tree(), parents)


def state(root: Path, *, but: str = "") -> dict[str, bytes]:
    """Every file of a checkout, byte for byte."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts and (not but or but not in path.parts)
    }


def a_plan(*changes: Change) -> Plan:
    return Plan(SCOPE, changes)


def creation(path: str = PATH, before: str | None = None) -> Change:
    return Change(path=path, action="create", before=before, after="x: 1\n")


def test_files_are_written_and_folders_made(checkout: Checkout) -> None:
    checkout.write(a_plan(creation()))
    assert state(checkout.root) == {PATH: b"x: 1\n"}


def test_a_file_keeps_its_mode(checkout: Checkout) -> None:
    file = checkout.root / PATH
    file.parent.mkdir(parents=True)
    file.write_text("old\n")
    file.chmod(0o640)
    checkout.write(a_plan(creation(before="old\n")))
    assert (file.stat().st_mode & 0o777, file.read_text()) == (0o640, "x: 1\n")


def test_empty_folders_go_with_the_last_file(checkout: Checkout) -> None:
    checkout.write(a_plan(creation()))
    checkout.write(a_plan(Change(path=PATH, action="remove", before="x: 1\n", after=None)))
    assert [path.name for path in checkout.root.iterdir()] == [".git"]


@pytest.mark.parametrize(
    "path",
    [
        "infra/staging/x.yaml",
        "infra/production/../staging/x.yaml",
        "../x.yaml",
        "/tmp/x.yaml",
        ".git/config",
        "infra/production",
    ],
)
def test_one_path_out_of_scope_and_nothing_is_written(checkout: Checkout, path: str) -> None:
    before = state(checkout.root.parent)
    with pytest.raises(Stalled, match="is not of this environment; nothing was written"):
        checkout.write(a_plan(creation(), creation(path)))
    assert state(checkout.root.parent) == before


def test_a_file_that_changed_meanwhile_and_nothing_is_written(checkout: Checkout) -> None:
    (checkout.root / "infra/production").mkdir(parents=True)
    (checkout.root / PATH).write_text("hers\n")
    before = state(checkout.root)
    with pytest.raises(Stalled, match="was changed meanwhile; nothing was written"):
        checkout.write(a_plan(creation("infra/production/a.yaml"), creation(before="old\n")))
    assert state(checkout.root) == before


@pytest.mark.parametrize("link", ["infra", "infra/production", PATH])
@pytest.mark.parametrize("inside", [True, False])
def test_nothing_is_read_or_written_through_a_link(checkout: Checkout, link: str, inside: bool) -> None:
    elsewhere = checkout.root / "elsewhere" if inside else checkout.root.parent / "outside"
    elsewhere.mkdir()
    (elsewhere / "x.yaml").write_text("secret\n")
    at = checkout.root / link
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(elsewhere / "x.yaml" if link == PATH else elsewhere)
    before = state(checkout.root.parent)
    with pytest.raises(Stalled, match="a symbolic link or a file is in its way"):
        checkout.write(a_plan(creation()))
    assert state(checkout.root.parent) == before


def test_a_file_where_a_folder_should_be_is_told(checkout: Checkout) -> None:
    (checkout.root / "infra").write_text("")
    with pytest.raises(Stalled, match=r"a symbolic link or a file is in its way"):
        apply(checkout, a_declaration(), PRODUCTION)


def test_files_that_are_no_text_may_stand_beside_ours(checkout: Checkout) -> None:
    apply(checkout, a_declaration(), PRODUCTION)
    logo = checkout.root / "infra/applications/web/overlays/production/logo.png"
    logo.write_bytes(b"\x89PNG\xff")
    plan = apply(checkout, a_declaration(replicas=2), PRODUCTION)
    assert (len(plan.writes), logo.read_bytes()) == (2, b"\x89PNG\xff")
    with pytest.raises(Stalled, match=r"logo.png: is no UTF-8 text"):
        tree_of(checkout, "web", PRODUCTION, strict=True)


def test_a_file_of_ours_that_became_a_link_is_not_written_through(checkout: Checkout) -> None:
    apply(checkout, a_declaration(), PRODUCTION)
    file = checkout.root / OVERLAY
    file.unlink()
    file.symlink_to(checkout.root.parent / "outside")
    before = state(checkout.root)
    with pytest.raises(Stalled, match="a symbolic link or a file is in its way"):
        apply(checkout, a_declaration(replicas=2), PRODUCTION)
    assert state(checkout.root) == before
    assert not (checkout.root.parent / "outside").exists()


def test_what_is_no_text_is_told(checkout: Checkout) -> None:
    file = checkout.root / PATH
    file.parent.mkdir(parents=True)
    for content, told in ((b"\xff", "no UTF-8 text"), (b"x" * (MAX_BYTES + 1), "larger than 1 MiB")):
        file.write_bytes(content)
        with pytest.raises(Stalled, match=told):
            checkout.read(PATH)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(Stalled, match="is no file"):
        checkout.read(PATH)


def test_a_failed_write_leaves_the_old_file(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(checkout, a_declaration(), PRODUCTION)
    before = state(checkout.root)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stalled, match="No space left on device"):
        apply(checkout, a_declaration(port=9090), PRODUCTION)
    assert state(checkout.root) == before


def test_a_folder_in_no_checkout_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Stalled, match="is in no Git checkout; clone the repository"):
            Checkout(folder)


@pytest.mark.parametrize(
    ("remotes", "told"),
    [
        ([], ""),
        (["git@github.com:acme/infrastructure.git"], ""),
        (["https://github.com/ana/infrastructure/"], ""),
        (["git@github.com:acme/shop.git", "ssh://git@github.com:22/acme/infrastructure.git"], ""),
        (["https://ana:hunter2@github.com/acme/shop"], "is a clone of shop, not of infrastructure"),
    ],
)
def test_a_clone_of_something_else_is_told(checkout: Checkout, remotes: list[str], told: str) -> None:
    repository = pygit2.Repository(str(checkout.root))
    for number, url in enumerate(remotes):
        repository.remotes.create(f"r{number}", url)
    if not told:
        checkout.refuse_other("infrastructure")
        return
    with pytest.raises(Stalled, match=told) as raised:
        checkout.refuse_other("infrastructure")
    assert "hunter2" not in raised.value.message


def test_merging_without_git_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Stalled, match="Git is not installed"):
        merged("a", "b", "c")


def test_the_checkout_is_found_from_a_folder_in_it(checkout: Checkout) -> None:
    (checkout.root / "a/b").mkdir(parents=True)
    assert Checkout(checkout.root / "a/b").root == checkout.root


@hypothesis.given(steps=st.lists(st.tuples(declarations(), st.integers(0, 1), st.booleans()), min_size=2, max_size=5))
@hypothesis.settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
    derandomize=True,
    database=None,
)
def test_environments_leave_each_others_files(
    steps: list[tuple[Declaration, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("clone")
    pygit2.init_repository(str(root), initial_head="main")
    checkout, places = Checkout(root), (PRODUCTION, STAGING)
    for declared, number, edited in steps:
        place, other = places[number], places[1 - number]
        before = state(root, but=place.environment)
        shared = tree_of(checkout, "web", place).users
        apply(checkout, declared, place)
        after = state(root, but=place.environment)
        theirs = {path: text for path, text in after.items() if shared or other.environment in path}
        assert theirs == {path: text for path, text in before.items() if shared or other.environment in path}
        if edited:
            file = root / f"infra/applications/web/overlays/{place.environment}/kustomization.yaml"
            file.write_text(f"# hers\n{file.read_text()}")
        apply(checkout, declared, place)
        assert apply(checkout, declared, place).writes == ()
        assert not edited or "# hers\n" in file.read_text()


def test_a_base_has_users_wherever_they_are(checkout: Checkout) -> None:
    apply(checkout, a_declaration(), PRODUCTION)
    assert tree_of(checkout, "web", PRODUCTION).users == ()
    users = {
        "other/kustomization.yml": "resources: [../infra/applications/web/base]\n",
        "infra/applications/web/overlays/broken/kustomization.yaml": "resources: [\n",
        "infra/staging/argocd/applications/direct.yaml": "spec: {source: {path: infra/applications/web/base/}}\n",
    }
    unrelated = {
        "broken/kustomization.yaml": "{{ template }}\n",
        "infra/applications/web2/overlays/production/kustomization.yaml": "resources: [../../base]\n",
        "infra/production/argocd/applications/own.yaml": "spec: {source: {path: infra/applications/web/base}}\n",
    }
    for path, text in {**users, **unrelated}.items():
        file = checkout.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (checkout.root / "infra/applications/web/overlays/linked").symlink_to("../../elsewhere")
    found = tree_of(checkout, "web", PRODUCTION).users
    assert set(found) == {*users, "infra/applications/web/overlays/linked"}


def test_a_text_that_was_made_is_found_again_in_git(checkout: Checkout) -> None:
    """The record of the base is lost, and with it what the overlay was made from: Git still has its text."""
    apply(checkout, a_declaration(), PRODUCTION)
    commit(checkout)
    (checkout.root / "infra/applications/web/base/generated.yaml").unlink()
    file = checkout.root / OVERLAY
    file.write_text(f"# hers\n{file.read_text()}")
    plan = apply(checkout, a_declaration(image="ghcr.io/acme/web:2.0.0"), PRODUCTION)
    assert plan.reviews == ()
    assert file.read_text().startswith("# hers\n")
    assert "newTag: 2.0.0" in file.read_text()


def test_who_else_is_in_a_namespace(checkout: Checkout) -> None:
    for name in ("web", "api"):
        apply(checkout, a_declaration(name=name), PRODUCTION)
    apply(checkout, a_declaration(name="far", namespace="far"), PRODUCTION)
    assert neighbours(checkout, "web", PRODUCTION, namespace="shop") == ["api"]


@pytest.mark.parametrize(
    ("now", "new", "together"),
    [
        ("a: 1\nb: 2\nc: 3\nd: 5\n", "a: 0\nb: 2\nc: 3\nd: 4\n", "a: 0\nb: 2\nc: 3\nd: 5\n"),
        ("a: 1\nb: 2\nc: 3\nd: 5\n", "a: 1\nb: 2\nc: 3\nd: 6\n", None),
        ("x: 1\na: 1\nb: 2\nc: 3\nd: 4\n", "a: 1\nb: 2\nc: 3\nd: 4\nx: 2\n", None),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\nc: 3\nd: 5\n", None),
    ],
    ids=["apart", "same line", "a key twice", "other line ends"],
)
def test_merging_is_gits_and_has_to_be_yaml(now: str, new: str, together: str | None) -> None:
    assert merged(now, "a: 1\nb: 2\nc: 3\nd: 4\n", new) == together
