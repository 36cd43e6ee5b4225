"""All rules in force, indexed: the built-in ones, those of the policy, and those of the projects' roles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.access.ballot import Ballot, ballot
from trimtab.access.builtin import BUILT_IN_LINKS, built_in_rules
from trimtab.access.policy import project_rules
from trimtab.access.rules import Link, Rule, Rules
from trimtab.model.appproject import AppProject

MOST_LINKS = 11
"""So many names, one the role of the other, are followed: as far as casbin goes."""


class Question(Struct, frozen=True):
    """May one do `action` on some objects of `resource`?"""

    resource: str
    action: str


class Chapter(Struct, frozen=True):
    """Rules by subject, roles by member."""

    rules: Mapping[str, tuple[Rule, ...]]
    links: Mapping[str, tuple[str, ...]]


def chapter(rules: Iterable[Rule], links: Iterable[Link]) -> Chapter:
    by_subject: dict[str, list[Rule]] = defaultdict(list)
    by_member: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        by_subject[rule.subject].append(rule)
    for link in links:
        by_member[link.member].append(link.role)
    return Chapter({s: tuple(r) for s, r in by_subject.items()}, {m: tuple(r) for m, r in by_member.items()})


NO_CHAPTER = chapter((), ())


class Book:
    """The rules of one policy and of the projects. A project's rules hold for its own objects only."""

    def __init__(self, rules: Rules, projects: Iterable[AppProject]) -> None:
        self.default_role = rules.default_role
        self._common = chapter((*built_in_rules(), *rules.rules), (*BUILT_IN_LINKS, *rules.links))
        self._projects: dict[str, Chapter] = {}
        self._said_of: dict[str, set[str]] = defaultdict(set)
        for project in projects:
            self._add(project, regex=rules.regex)

    def _add(self, project: AppProject, *, regex: bool) -> None:
        name = project.metadata.name
        rules, links = project_rules(project, regex=regex)[:2]
        self._projects[name] = chapter(rules, links)
        for spoken_of in {*(rule.subject for rule in rules), *(link.member for link in links)}:
            self._said_of[spoken_of].add(name)

    def has_project(self, name: str) -> bool:
        return name in self._projects

    def is_linked(self, name: str, project: str) -> bool:
        """Does a `g` line give `name` a role?"""
        return name in self._common.links or name in self._projects.get(project, NO_CHAPTER).links

    def projects_of(self, name: str) -> set[str]:
        """The projects whose roles say something of `name`."""
        return {project for role in self._roles(name, NO_CHAPTER) for project in self._said_of.get(role, ())}

    def ballot(self, name: str, question: Question, *, project: str = "") -> Ballot:
        """The rules for `name` and all of its roles, those of `project` included."""
        own = self._projects.get(project, NO_CHAPTER)
        rules = (
            rule
            for role in self._roles(name, own)
            for found in (self._common, own)
            for rule in found.rules.get(role, ())
            if rule.resource.matcher()(question.resource) and rule.action.matcher()(question.action)
        )
        return ballot(rules)

    def _roles(self, name: str, own: Chapter) -> set[str]:
        found, new = {name}, {name}
        for _ in range(MOST_LINKS - 1):
            held = (role for member in new for found in (self._common, own) for role in found.links.get(member, ()))
            new = set(held) - found
            if not new:
                break
            found |= new
        return found
