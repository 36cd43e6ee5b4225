"""RBAC: may a subject do an action on an object of a resource?

The default role is asked first, then the subject by its name, then each of its groups that some `g` line names. Each of
these is asked on its own: it allows when one of its rules does and none denies, and one that allows is enough.
"""

from collections.abc import Iterable
from typing import Protocol

from trimtab.access.book import Book, Question
from trimtab.access.opinion import Opinion
from trimtab.access.rules import Rules
from trimtab.access.subject import Subject
from trimtab.model.appproject import AppProject

__all__ = ("Enforcer", "Judge", "Rules", "Unanimous")
REMEMBERED = 1024
"""Judges that are kept; beyond that all are made anew."""


class Judge(Protocol):
    """The answer for one subject, resource and action, object by object."""

    @property
    def everything(self) -> bool:
        """Is every object that there can be allowed?"""

    @property
    def nothing(self) -> bool:
        """Is no object that there can be allowed?"""

    def __call__(self, object_: str) -> bool:
        """`object_` is what policies name: `PROJECT/APPLICATION`, `PROJECT/NAMESPACE/APPLICATION`, a URL, a name, …"""


class Unanimous:
    """Allows what each of its judges allows."""

    def __init__(self, judges: tuple[Judge, ...]) -> None:
        self._judges = judges

    @property
    def everything(self) -> bool:
        return all(judge.everything for judge in self._judges)

    @property
    def nothing(self) -> bool:
        return any(judge.nothing for judge in self._judges)

    def __call__(self, object_: str) -> bool:
        return all(judge(object_) for judge in self._judges)


class Enforcer:
    """Answers questions about rights by the rules, the built-in roles, and the roles of the projects.

    While a policy is broken, `rules` are what can be read of it, and what the `last_good` ones do not allow is not
    allowed either.
    """

    def __init__(self, rules: Rules, projects: Iterable[AppProject] = (), *, last_good: Rules | None = None) -> None:
        projects = tuple(projects)
        in_force = (rules,) if last_good is None else (rules, last_good)
        self._books = tuple(Book(each, projects) for each in in_force)
        self._judges: dict[tuple[Subject, str, str], Judge] = {}

    def judge(self, subject: Subject, resource: str, action: str) -> Judge:
        """The answer to "may `subject` do `action` on objects of `resource`?"; quick to ask of many objects."""
        key = (subject, resource, action)
        if (known := self._judges.get(key)) is not None:
            return known
        question = Question(resource, action)
        opinions = tuple(Opinion(book, subject, question) for book in self._books)
        judge: Judge = opinions[0] if len(opinions) == 1 else Unanimous(opinions)
        if len(self._judges) >= REMEMBERED:
            self._judges.clear()
        self._judges[key] = judge
        return judge
