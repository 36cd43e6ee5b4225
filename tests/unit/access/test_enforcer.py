"""Rights, question by question: roles, groups, denies, default role, projects; what a judge knows of all objects."""

import time

import pytest

from tests.unit.access.builders import a_project, a_role, enforcer, may
from trimtab.access.builtin import ACTIONS
from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.access.rules import Rules
from trimtab.access.subject import ANONYMOUS, Subject

ADMIN = Subject(name="admin")


READABLE = "accounts applications applicationsets certificates clusters gpgkeys logs projects repositories"
WRITABLE = {
    "accounts": "update",
    "applications": "action/apps/Deployment/restart create delete delete/apps/Deployment/shop/web override rollback"
    " sync update update/apps/Deployment/shop/web",
    "applicationsets": "create delete update",
    "certificates": "create delete update",
    "clusters": "create delete update",
    "exec": "create debug",
    "gpgkeys": "create delete",
    "projects": "create delete update",
    "repositories": "create delete update",
    "write-repositories": "create delete update",
}
DEEP_ACTIONS = [action for action in WRITABLE["applications"].split() if "/" in action]


@pytest.mark.parametrize("role", ["role:readonly", "role:admin"])
def test_what_the_built_in_roles_may_is_argo_cds_table(role: str) -> None:
    expected = {(resource, "get") for resource in [*READABLE.split(), "write-repositories"]}
    if role == "role:admin":
        expected |= {(resource, action) for resource, actions in WRITABLE.items() for action in actions.split()}
    by = enforcer(f"g, bob, {role}")
    asked = [(resource, action) for resource, actions in ACTIONS.items() for action in actions]
    asked += [("applications", action) for action in DEEP_ACTIONS]
    judged = {one: by.judge(Subject(name="bob"), *one) for one in asked}
    assert {one for one, judge in judged.items() if judge.everything} == expected
    assert {one for one, judge in judged.items() if not judge.nothing} == expected


@pytest.mark.parametrize(
    "question",
    [
        "applications get shop/web",
        "applications delete shop/team/web",
        "applications action/apps/Deployment/restart shop/web",
        "applications update/apps/Deployment/shop/web shop/web",
        "clusters create https://kubernetes.default.svc",
        "projects update shop",
        "accounts update bob",
        "exec create shop/web",
        "logs get shop/web",
        "write-repositories get https://git.example/shop",
    ],
)
def test_admin_may_everything(question: str) -> None:
    assert may(enforcer(), "admin", question)
    assert not may(enforcer(), "bob", question)


@pytest.mark.parametrize("question", ["extensions invoke metrics", "accounts create bob", "accounts delete bob"])
def test_admin_has_no_rights_that_argo_cd_gives_nobody(question: str) -> None:
    assert not may(enforcer(), "admin", question)


def test_readers_read_and_do_no_more() -> None:
    by = enforcer("g, bob, role:readonly")
    assert may(by, "bob", "applications get shop/web")
    assert may(by, "bob", "logs get shop/web")
    assert not may(by, "bob", "exec create shop/web")
    assert not may(by, "bob", "applications sync shop/web")


def test_a_right_on_an_application_is_none_on_its_objects() -> None:
    by = enforcer("p, bob, applications, delete, shop/*, allow")
    assert may(by, "bob", "applications delete shop/web")
    assert not may(by, "bob", "applications delete/apps/Deployment/shop/web shop/web")


def test_a_deny_holds_against_the_rules_of_the_same_name_and_its_roles_only() -> None:
    by = enforcer(
        "p, role:dev, applications, *, shop/*, allow\n"
        "p, role:dev, applications, delete, shop/prod-*, deny\n"
        "p, role:lead, applications, delete, shop/*, allow\n"
        "g, bob, role:dev\ng, team:leads, role:lead"
    )
    assert may(by, "bob", "applications delete shop/web")
    assert not may(by, "bob", "applications delete shop/prod-web")
    assert may(by, "bob", "applications delete shop/prod-web", groups=("team:leads",))


def test_what_the_default_role_allows_cannot_be_denied() -> None:
    by = enforcer("p, bob, applications, get, */*, deny", policy_default="role:readonly")
    assert may(by, "bob", "applications get shop/web")
    assert by.judge(ANONYMOUS, "applications", "get").everything


def test_groups_count_only_where_a_line_links_them() -> None:
    csv = "p, acme:dev, applications, get, */*, allow"
    assert not may(enforcer(csv), "bob", "applications get shop/web", groups=("acme:dev",))
    linked = csv + "\ng, acme:dev, role:nothing"
    assert may(enforcer(linked), "bob", "applications get shop/web", groups=("acme:dev",))


def test_roles_of_projects_speak_of_their_own_project_only() -> None:
    shop = a_project("shop", roles=(a_role("ci", "p, proj:shop:ci, applications, sync, shop/*, allow"),))
    by = enforcer("", shop, a_project("other"))
    assert may(by, "proj:shop:ci", "applications sync shop/web")
    assert may(by, "proj:shop:ci", "projects get shop")
    assert not may(by, "proj:shop:ci", "projects get other")
    assert not may(by, "proj:shop:ci", "applications sync other/web")


@pytest.mark.parametrize(
    "policy",
    [
        "p, bob, applications, get, shop/*, allow",
        "p, proj:shop:other, applications, get, shop/*, allow",
        "p, proj:shop:ci, applications, get, */*, allow",
        "p, proj:shop:ci, applications, get, *, allow",
        "p, proj:shop:ci, applications, get, shop*, allow",
        "g, bob, role:admin",
    ],
)
def test_a_role_of_a_project_gives_nothing_that_is_not_its_own(policy: str) -> None:
    by = enforcer("", a_project("shop", roles=(a_role("ci", policy, groups=("bob",)),)))
    for name in ("bob", "proj:shop:ci", "proj:shop:other"):
        assert not may(by, name, "applications get shop/web")


def test_groups_of_a_projects_role_have_its_rights() -> None:
    role = a_role("dev", "p, proj:shop:dev, logs, get, shop/*, allow", groups=("acme:shop",))
    by = enforcer("", a_project("shop", roles=(role,)))
    assert may(by, "u1", "logs get shop/web", groups=("acme:shop",))
    assert not may(by, "u1", "logs get other/web", groups=("acme:shop",))


def test_a_token_of_a_project_has_no_rights_in_another_whatever_the_policy_says() -> None:
    csv = "p, proj:shop:ci, applications, get, */*, allow\np, proj:shop:ci, certificates, get, *, allow"
    by = enforcer(csv, a_project("shop"), a_project("other"))
    assert may(by, "proj:shop:ci", "applications get shop/web")
    assert not may(by, "proj:shop:ci", "applications get other/web")
    assert may(by, "proj:shop:ci", "certificates get git.example")
    assert not by.judge(Subject(name="proj:shop:ci"), "applications", "get").everything


def test_another_issuer_cannot_name_somebody_a_projects_role() -> None:
    role = a_role("ci", "p, proj:shop:ci, applications, get, shop/*, allow")
    by = enforcer("", a_project("shop", roles=(role,)))
    forged = Subject(name="proj:shop:ci", issuer="https://login.example")
    assert not by.judge(forged, "applications", "get")("shop/web")


def test_what_a_judge_says_of_all_objects() -> None:
    by = enforcer(
        "p, bob, applications, get, shop/*, allow\n"
        "p, al, clusters, get, *, allow\n"
        "p, al, clusters, get, https://secret, deny\n"
        "p, eve, applications, get, *, allow"
    )
    everything = by.judge(ADMIN, "applications", "get")
    some = by.judge(Subject(name="bob"), "applications", "get")
    but_one = by.judge(Subject(name="al"), "clusters", "get")
    none = by.judge(Subject(name="bob"), "clusters", "get")
    assert [j.everything for j in (everything, some, but_one, none)] == [True, False, False, False]
    assert [j.nothing for j in (everything, some, but_one, none)] == [False, False, False, True]
    assert by.judge(Subject(name="eve"), "applications", "get").everything


def test_a_project_that_denies_or_allows_shows_in_what_a_judge_says_of_all_objects() -> None:
    deny = a_role("ci", "p, proj:shop:ci, applications, get, shop/secret, deny", groups=("eve",))
    allow = a_role("dev", "p, proj:shop:dev, applications, get, shop/*, allow", groups=("bob",))
    by = enforcer("p, eve, applications, get, *, allow", a_project("shop", roles=(deny, allow)))
    assert not by.judge(Subject(name="eve"), "applications", "get").everything
    assert not by.judge(Subject(name="bob"), "applications", "get").nothing


def test_while_a_policy_is_broken_only_what_the_old_and_the_new_one_allow_is_allowed() -> None:
    old, _ = parse_policy({"policy.csv": "p, bob, applications, *, shop/*, allow\ng, al, role:admin"})
    new, problems = parse_policy({"policy.csv": "p, bob, applications, get, */*, allow\ng, eve, role:admin\n!"})
    by = Enforcer(new, last_good=old)
    assert [str(problem).split(":")[0] for problem in problems] == ["policy.csv line 3"]
    assert may(by, "bob", "applications get shop/web")
    assert not may(by, "bob", "applications get other/web")
    assert not may(by, "bob", "applications sync shop/web")
    assert not may(by, "eve", "clusters get https://x")
    assert not may(by, "al", "clusters get https://x")
    assert by.judge(ADMIN, "clusters", "get").everything
    assert by.judge(Subject(name="eve"), "clusters", "get").nothing


def test_a_list_of_ten_thousand_is_judged_in_an_instant() -> None:
    by = enforcer("p, bob, applications, get, */web*, allow\np, bob, applications, get, team-1*/*, allow")
    judge = by.judge(Subject(name="bob"), "applications", "get")
    objects = [f"team-{number % 50}/app-{number}" for number in range(10_000)]
    began = time.process_time()
    allowed = sum(map(judge, objects))
    assert time.process_time() - began < 0.2, "a few milliseconds are usual"
    assert allowed == 2200


def test_answers_are_kept_and_bounded() -> None:
    by = Enforcer(Rules())
    assert by.judge(ADMIN, "applications", "get") is by.judge(ADMIN, "applications", "get")
    for number in range(3000):
        by.judge(Subject(name=f"u{number}"), "applications", "get")
    assert by.judge(ADMIN, "applications", "get").everything
