import hypothesis
import pytest
from hypothesis import strategies as st

from tests.unit.declare.builders import Memory, a_declaration, a_place, actions, declarations
from trimtab.declare.declaration import Declaration, Volume
from trimtab.declare.place import Place, Scope, place_of, refuse_name
from trimtab.declare.record import content_id
from trimtab.environment.environment import Environment
from trimtab.environment.reading import read_environment
from trimtab.errors import Stalled
from trimtab.render.yaml import load
from trimtab.render.yaml_lines import load_located

PRODUCTION, STAGING = a_place(), a_place("staging")
BASE = "infra/applications/web/base/"
OVERLAY = "infra/applications/web/overlays/production/"


def test_the_first_time_everything_is_made() -> None:
    memory = Memory()
    plan = memory.apply(a_declaration(host="web.acme.example", env={"A": "x"}), PRODUCTION)
    assert {one.action for one in plan.changes} == {"create"}
    assert sorted(memory.files) == [
        f"{BASE}deployment.yaml",
        f"{BASE}generated.yaml",
        f"{BASE}kustomization.yaml",
        f"{BASE}service.yaml",
        f"{OVERLAY}generated.yaml",
        f"{OVERLAY}ingress.yaml",
        f"{OVERLAY}kustomization.yaml",
        f"{OVERLAY}patch-deployment.yaml",
        "infra/production/argocd/applications/web.yaml",
        "infra/production/argocd/namespaces/shop.yaml",
    ]


def test_the_base_says_nothing_of_one_environment() -> None:
    memory = Memory()
    declared = a_declaration(
        host="web.acme.example", env={"A": "hers-alone"}, replicas=3, image="ghcr.io/acme/web:1.2.3"
    )
    memory.apply(declared, PRODUCTION)
    base = "".join(memory.below("base").values())
    assert [word for word in ("acme.example", "hers-alone", "1.2.3", "replicas", "production") if word in base] == []


def test_records_are_written_last() -> None:
    plan = Memory().plan(a_declaration(), PRODUCTION)
    assert [one.path for one in plan.writes][-2:] == [f"{OVERLAY}generated.yaml", f"{BASE}generated.yaml"]


@hypothesis.given(before=declarations(), after=declarations(), written=st.integers(0, 12))
@hypothesis.settings(max_examples=20, deadline=None)
def test_a_run_that_was_interrupted_is_completed(before: Declaration, after: Declaration, written: int) -> None:
    whole, broken = Memory(), Memory()
    for memory in (whole, broken):
        memory.apply(before, PRODUCTION)
    for change in broken.plan(after, PRODUCTION).writes[:written]:
        if change.after is None:
            del broken.files[change.path]
        else:
            broken.files[change.path] = change.after
    whole.apply(after, PRODUCTION)
    broken.apply(after, PRODUCTION)
    assert broken.files == whole.files


@hypothesis.given(first=declarations(), second=declarations())
@hypothesis.settings(max_examples=20, deadline=None)
def test_twice_is_once(first: Declaration, second: Declaration) -> None:
    memory = Memory()
    for declared in (first, second):
        memory.apply(declared, PRODUCTION)
        assert memory.apply(declared, PRODUCTION).writes == ()
    fresh = Memory()
    fresh.apply(second, PRODUCTION)
    assert memory.files == fresh.files


def test_a_base_that_others_use_is_left_as_it_is() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    before = dict(memory.files)
    volume = Volume(name="data", path="/data", size="1Gi")
    memory.apply(a_declaration(port=9090, image="nginx:1", volumes=(volume,)), STAGING)
    assert {path: text for path, text in memory.files.items() if path in before} == before
    kustomization = load(memory.files["infra/applications/web/overlays/staging/kustomization.yaml"], origin="")
    assert kustomization["resources"] == ["../../base", "volume-data.yaml"]
    assert kustomization["images"] == [{"name": "ghcr.io/acme/web", "newName": "nginx", "newTag": "1"}]
    assert kustomization["patches"] == [{"path": "patch-deployment.yaml"}]


def test_what_the_base_has_too_much_is_taken_out_in_the_overlay() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    memory.apply(a_declaration(port=0), STAGING)
    patch = load(memory.files["infra/applications/web/overlays/staging/patch-service.yaml"], origin="")
    assert patch == {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "$patch": "delete"}


Command = tuple[Declaration, int, str]


def commands() -> st.SearchStrategy[list[Command]]:
    """(what is declared, for which environment, what a person adds to one of its files afterwards)"""
    one = st.tuples(declarations(), st.integers(0, 2), st.sampled_from(("", "# hers\n")))
    return st.lists(one, min_size=2, max_size=6)


@hypothesis.given(commands=commands())
@hypothesis.settings(max_examples=20, deadline=None)
def test_no_command_touches_another_environment(commands: list[Command]) -> None:
    places = [a_place(name) for name in ("production", "staging", "prod")]
    memory = Memory()
    for declared, number, addition in commands:
        place = places[number]
        others = [one.environment for one in places if one is not place]
        elsewhere = memory.below(*others)
        base = memory.below("base") if memory.tree("web", place).users else None
        memory.apply(declared, place)
        assert memory.below(*others) == elsewhere
        assert base is None or memory.below("base") == base
        edited = f"infra/applications/web/overlays/{place.environment}/kustomization.yaml"
        memory.files[edited] += addition
        memory.apply(declared, place)
        assert memory.files[edited].count("# hers") >= bool(addition)


def test_edits_are_kept_and_merged() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    kustomization = f"{OVERLAY}kustomization.yaml"
    memory.files[kustomization] += "labels: []\n"
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert plan.writes == ()
    plan = memory.apply(a_declaration(image="ghcr.io/acme/web:2.0.0"), PRODUCTION)
    assert actions(plan)["production/kustomization.yaml"] == "merge"
    assert memory.files[kustomization].endswith("labels: []\n")
    assert "newTag: 2.0.0" in memory.files[kustomization]


def test_what_contradicts_is_left_for_a_review() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    kustomization = f"{OVERLAY}kustomization.yaml"
    hers = memory.files[kustomization].replace("1.0.0", "1.0.1-hers")
    memory.files[kustomization] = hers
    changed = a_declaration(image="ghcr.io/acme/web:2.0.0")
    plan = memory.apply(changed, PRODUCTION)
    assert [one.path for one in plan.reviews] == [f"{kustomization}.patch"]
    assert memory.files[kustomization] == hers
    again = memory.apply(changed, PRODUCTION)
    assert (again.writes, len(again.reviews)) == ((), 1)
    del memory.files[f"{kustomization}.patch"]
    done = memory.apply(changed, PRODUCTION)
    assert (done.reviews, memory.files[kustomization]) == ((), hers)
    assert memory.apply(changed, PRODUCTION).writes == ()


def test_a_file_that_somebody_made_is_not_taken_over() -> None:
    path = "infra/production/argocd/applications/web.yaml"
    memory = Memory({path: "kind: Application\n"})
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert [one.path for one in plan.reviews] == [f"{path}.patch"]
    assert memory.files[path] == "kind: Application\n"


def test_a_namespace_is_never_changed_for_an_application() -> None:
    path = "infra/production/argocd/namespaces/shop.yaml"
    memory = Memory({path: "# with quotas\n"})
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert (plan.reviews, memory.files[path]) == ((), "# with quotas\n")
    memory.apply(a_declaration(namespace="other"), PRODUCTION)
    assert memory.files[path] == "# with quotas\n"
    assert "infra/production/argocd/namespaces/other.yaml" in memory.files


def test_a_file_that_somebody_removed_stays_away() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    del memory.files[f"{BASE}service.yaml"]
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert (plan.writes, f"{BASE}service.yaml" in memory.files) == ((), False)


def test_what_is_not_declared_any_more_goes() -> None:
    memory = Memory()
    memory.apply(a_declaration(host="web.acme.example"), PRODUCTION)
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert actions(plan)["production/ingress.yaml"] == "remove"
    assert f"{OVERLAY}ingress.yaml" not in memory.files


def test_a_record_of_a_base_in_use_has_to_be_there() -> None:
    memory = Memory()
    memory.apply(a_declaration(), PRODUCTION)
    del memory.files[f"{BASE}generated.yaml"]
    with pytest.raises(Stalled, match=r"base/generated.yaml is missing, and .*production.* uses the base: restore it"):
        memory.plan(a_declaration(), STAGING)


def test_a_record_cannot_lead_elsewhere() -> None:
    memory = Memory({"infra/production/argocd/applications/db.yaml": "x: 1\n", "infra/staging/x.yaml": "x: 1\n"})
    memory.apply(a_declaration(), PRODUCTION)
    record = f"{OVERLAY}generated.yaml"
    others = dict(memory.files)
    stranger, known = "b" * 40, content_id("x: 1\n")
    memory.files[record] += f"  ../../../etc/passwd: {stranger}\n  infra/staging/x.yaml: {known}\n"
    plan = memory.apply(a_declaration(), PRODUCTION)
    assert [one.path for one in plan.writes] == [record]
    assert memory.files == others


@pytest.mark.parametrize("text", ["x: 1\n", "[]\n", "declaration: {name: ../..}\n", "kind: [\n"])
def test_a_damaged_record_is_told(text: str) -> None:
    memory = Memory({f"{OVERLAY}generated.yaml": text})
    with pytest.raises(Stalled, match=r"overlays/production/generated.yaml"):
        memory.plan(a_declaration(), PRODUCTION)


@pytest.mark.parametrize(
    ("path", "outside"),
    [
        ("infra/production/argocd/applications/web.yaml", False),
        (f"{OVERLAY}kustomization.yaml", False),
        (f"{BASE}kustomization.yaml", True),
        ("infra/staging/argocd/applications/web.yaml", True),
        ("infra/production", True),
        ("infra/production2/x.yaml", True),
        ("infra/production/../staging/x.yaml", True),
        ("infra/production//x.yaml", True),
        ("infra/production/./x.yaml", True),
        ("/infra/production/x.yaml", True),
        ("", True),
    ],
)
def test_the_scope_is_one_environment(path: str, outside: bool) -> None:
    scope = Scope(("infra/production", "infra/applications/web/overlays/production"))
    assert scope.outside(path) is outside


def an_environment(name: str) -> Environment:
    text = (
        f"apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nname: {name}\ndomain: acme.example\n"
        "organization: acme\nteams: [a]\nrepository: x\ningress: {class: nginx, tls: {issuer: letsencrypt}}\n"
    )
    return read_environment(load_located(text, origin="env.yaml"))


def test_a_place_is_what_files_depend_on() -> None:
    assert place_of(an_environment("production")) == Place(
        environment="production",
        repository="git@github.com:acme/x.git",
        branch="main",
        folder="infrastructure",
        ingress_class="nginx",
        issuer="letsencrypt",
    )


def test_an_environment_cannot_be_where_applications_are() -> None:
    with pytest.raises(Stalled, match="an environment cannot be named applications"):
        place_of(an_environment("applications"))


@pytest.mark.parametrize("name", ["production-applications", "production-namespaces"])
def test_an_application_cannot_be_an_app_of_apps(name: str) -> None:
    env = an_environment("production")
    refuse_name("staging-applications", env)
    with pytest.raises(Stalled, match=f"an application cannot be named {name}"):
        refuse_name(name, env)
