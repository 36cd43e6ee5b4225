"""The same questions put to casbin, as Argo CD puts them; its globs are matched by Python's fnmatch instead of ours."""

import fnmatch
import itertools
import re
from collections.abc import Iterable, Mapping

import casbin
from casbin.persist import Adapter

MODEL = """
[request_definition]
r = who, resource, action, thing
[policy_definition]
p = who, resource, action, thing, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.who, p.who) && fits(r.resource, p.resource) && fits(r.action, p.action) && fits(r.thing, p.thing)
"""
Line = tuple[str, ...]
"""("p", subject, resource, action, object, effect) or ("g", member, role)."""


class Lines(Adapter):  # type: ignore[misc]
    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = lines

    def load_policy(self, model: casbin.Model) -> None:
        for kind, *values in self._lines:
            model.add_policy(kind, kind, values)


def glob_fits(text: str, pattern: str) -> bool:
    """`{a,b}` written out, the rest as the shell does."""
    parts = re.split(r"\{([^{}]*)\}", pattern)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    return any(fnmatch.fnmatchcase(text, "".join(one)) for one in itertools.product(*choices))


def regex_fits(text: str, pattern: str) -> bool:
    return re.search(pattern, text) is not None


class Reference:
    """One casbin for the policy, and one for each project with what its roles say added."""

    def __init__(self, lines: list[Line], projects: Mapping[str, list[Line]], *, default: str, regex: bool) -> None:
        self._fits = regex_fits if regex else glob_fits
        self._common = self._casbin(lines)
        self._projects = {name: self._casbin([*lines, *own]) for name, own in projects.items()}
        self._default = default

    def _casbin(self, lines: list[Line]) -> casbin.Enforcer:
        one = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL), Lines(lines))
        one.add_function("fits", self._fits)
        return one

    def allows(self, name: str, groups: Iterable[str], question: tuple[str, str, str]) -> bool:
        resource, _, object_ = question
        project = object_
        if resource != "projects":
            project = object_.split("/")[0] if "/" in object_ and resource != "certificates" else ""
        by = self._projects.get(project, self._common)
        linked = {line[0] for line in by.get_grouping_policy()}
        names = [self._default, name, *(group for group in groups if group in linked)]
        if name.startswith("proj:") and by is not self._common and name.split(":")[1] != project:
            names = [self._default]
        return any(by.enforce(one, *question) for one in names if one)
