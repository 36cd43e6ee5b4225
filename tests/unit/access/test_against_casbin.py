"""Generated policies and questions: the answers are casbin's, with Argo CD's model of rights."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.unit.access.builders import a_project, a_role, enforcer
from tests.unit.access.reference import Line, Reference
from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import role_name
from trimtab.access.subject import Subject
from trimtab.model.appproject import AppProject

PROJECTS = ("shop", "shop-2", "infra")
NAMES = ("bob", "al", "acme:dev", "acme:ops", "role:a", "role:b", "role:c", "proj:shop:ci", "proj:infra:ci")
RESOURCES = ("applications", "clusters", "projects", "logs", "certificates")
ACTIONS = ("get", "sync", "delete", "action/apps/Deployment/restart", "delete/apps/Deployment/shop/web")
OBJECTS = (
    "shop/web", "shop/db", "shop/team/web", "shop-2/web", "infra/dns", "gone/web", "shop", "infra", "web",
    "https://k8s.example", "shop/https://k8s.example",
)  # fmt: skip
GLOBS = (
    "*", "*/*", "shop/*", "shop*", "*/web", "shop/web", "infra/*", "*s*/*b", "shop/[a-w]*", "shop/[!w]*", "?hop/*",
    "{shop,infra}/*", "*{web,dns}", "**", "shop/w?b", "https://*", "s*p*/w*", "shop", "*p*p*",
)  # fmt: skip
REGEXES = (".*", "^shop/.*$", "shop", "web$", "^(shop|infra)/", "^shop/[^/]+$", "x+", "(?i)SHOP", "^$", "a, b")
RESOURCE_GLOBS = (*RESOURCES, *["*"] * 4, "{applications,clusters}", "c*", "{logs,projects}")
RESOURCE_REGEXES = (*RESOURCES, *[".*"] * 4, "^c", "logs|projects")
ACTION_GLOBS = (*ACTIONS, *["*"] * 5, "de*", "action/*", "delete/*")
ACTION_REGEXES = (*ACTIONS, *[".*"] * 5, "^delete$", "action/.*")
OWN_OBJECTS = ("*", "web", "w?b", "*b", "https://*")


class Policy(Struct, frozen=True):
    """`roles`: of each project, what its role `ci` says, and which groups have it."""

    lines: list[Line]
    roles: dict[str, tuple[list[Line], list[str]]]
    default: str
    regex: bool

    def ours(self) -> Enforcer:
        mode = "regex" if self.regex else "glob"
        csv = "\n".join(map(text_of, self.lines))
        return enforcer(csv, *map(self._project, PROJECTS), policy_default=self.default, policy_matchMode=mode)

    def _project(self, name: str) -> AppProject:
        lines, groups = self.roles[name]
        return a_project(name, roles=(a_role("ci", *map(text_of, lines), groups=tuple(groups)),))

    def casbins(self) -> Reference:
        own = {name: [*lines, *self._given(name, groups)] for name, (lines, groups) in self.roles.items()}
        return Reference(self.lines, own, default=self.default, regex=self.regex)

    def _given(self, project: str, groups: list[str]) -> list[Line]:
        role = role_name(project, "ci")
        return [("p", role, "projects", "get", project, "allow"), *(("g", group, role) for group in groups)]


def text_of(line: Line) -> str:
    return ", ".join(f'"{value}"' if "," in value else value for value in line)


@st.composite
def policies(draw: st.DrawFn, *, regex: bool) -> Policy:
    def some(words: tuple[str, ...]) -> str:
        return draw(st.sampled_from(words))

    def p_line(subject: str, objects: tuple[str, ...]) -> Line:
        resource = some(RESOURCE_REGEXES if regex else RESOURCE_GLOBS)
        action = some(ACTION_REGEXES if regex else ACTION_GLOBS)
        return ("p", subject, resource, action, some(objects), some(("allow", "allow", "allow", "deny")))

    def role(project: str) -> tuple[list[Line], list[str]]:
        own = tuple(f"{project}/{end}" for end in OWN_OBJECTS)
        lines = [p_line(role_name(project, "ci"), own) for _ in range(draw(st.integers(0, 3)))]
        return lines, draw(st.lists(st.sampled_from(NAMES[:6]), max_size=2, unique=True))

    lines = [p_line(some(NAMES), REGEXES if regex else GLOBS) for _ in range(draw(st.integers(2, 12)))]
    lines += [("g", some(NAMES), some(NAMES[4:])) for _ in range(draw(st.integers(0, 6)))]
    return Policy(lines, {project: role(project) for project in PROJECTS}, some(("", "role:a", "role:b")), regex)


@pytest.mark.parametrize("regex", [False, True], ids=["glob", "regex"])
@given(data=st.data(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, print_blob=True)
def test_the_answers_are_casbins(data: st.DataObject, seed: int, *, regex: bool) -> None:
    policy = data.draw(policies(regex=regex))
    ours, theirs = policy.ours(), policy.casbins()
    questions = list(itertools.product(NAMES, RESOURCES, ACTIONS, OBJECTS))
    for name, resource, action, object_ in random.Random(seed).sample(questions, 40):
        groups = ("acme:dev", "nobody:linked", "role:c") if name == "bob" else ()
        judge = ours.judge(Subject(name=name, groups=groups), resource, action)
        expected = theirs.allows(name, groups, (resource, action, object_))
        assert judge(object_) is expected, (name, groups, resource, action, object_)
        assert not (judge.everything and not expected and "/" in object_)
        assert not (judge.nothing and expected)
