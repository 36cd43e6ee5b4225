"""RBAC: may a subject do an action on an object of a resource? (A first cut: the whole policy language follows.)"""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.access.subject import Subject
from trimtab.model.appproject import AppProject


class Rules(Struct, frozen=True, kw_only=True):
    """A compiled policy."""

    default_role: str = ""


class Judge(Struct, frozen=True):
    """The answer for one subject, resource and action, object by object. `everything`: it is yes for all of them."""

    everything: bool

    def __call__(self, object_: str) -> bool:
        return self.everything


class Enforcer:
    """Answers questions about rights by the rules and the roles of the projects."""

    def __init__(self, rules: Rules, projects: Iterable[AppProject] = ()) -> None:
        self._rules = rules
        self._projects = tuple(projects)

    def judge(self, subject: Subject, resource: str, action: str) -> Judge:
        """`admin` may do everything."""
        return Judge(everything=subject.name == "admin")
