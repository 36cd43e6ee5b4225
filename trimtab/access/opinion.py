"""What one book of rules says to one question of one subject, object by object."""

from functools import cached_property

from trimtab.access.ballot import Ballot, Ruling, ruling
from trimtab.access.book import Book, Question
from trimtab.access.builtin import BY_PROJECT, IN_PROJECTS
from trimtab.access.subject import LOCAL_ISSUER, Subject

PROJECT_ROLE = "proj:"


class Opinion:
    """Prepared once; each object then costs a look into a dict, and what patterns are left to match."""

    def __init__(self, book: Book, subject: Subject, question: Question) -> None:
        self._book = book
        self._subject = subject
        self._question = question
        self._token_of = project_of_token(subject)
        self._of_projects = question.resource in IN_PROJECTS
        self._are_projects = question.resource == "projects"
        self._slashed = question.resource in BY_PROJECT
        self._ballots = self._ballots_in("")
        self._common = ruling(self._ballots, prefix="", slashed=False)
        self._common_slashed = ruling(self._ballots, prefix="", slashed=self._slashed)
        self._rulings: dict[str, Ruling] = {}

    def __call__(self, object_: str) -> bool:
        head = object_ if self._are_projects else object_[: object_.find("/") + 1]
        found = self._rulings.get(head) or self._ruling(head)
        return found.constant if found.constant is not None else found.decide(object_)

    @property
    def everything(self) -> bool:
        """Is it yes for every object that there can be?"""
        return all(one.constant is True for one in self._all_rulings)

    @property
    def nothing(self) -> bool:
        """Is it no for every object?"""
        return all(one.constant is False for one in self._all_rulings)

    @cached_property
    def _all_rulings(self) -> tuple[Ruling, ...]:
        elsewhere = self._common_slashed
        if self._token_of:
            by_default = self._ballots_of([self._book.default_role], "")
            elsewhere = ruling(by_default, prefix="", slashed=self._slashed)
        heads = [project if self._are_projects else f"{project}/" for project in self._special]
        return (self._common_slashed, elsewhere, *map(self._ruling, heads))

    @cached_property
    def _special(self) -> frozenset[str]:
        """The projects whose roles may say something of the subject."""
        if not (self._of_projects or self._are_projects):
            return frozenset()
        names = (self._book.default_role, self._subject.name, *self._subject.groups)
        return frozenset(project for name in names for project in self._book.projects_of(name))

    def _ruling(self, head: str) -> Ruling:
        """For the objects of one project; those of projects that are not there are judged by the common rules."""
        project = head if self._are_projects else head[:-1]
        if not (self._of_projects or self._are_projects) or not self._book.has_project(project):
            return self._common_slashed if head else self._common
        if project in self._special or self._token_of:
            found = ruling(self._ballots_in(project), prefix=head, slashed=self._slashed)
        elif self._common_slashed.constant is not None:
            found = self._common_slashed
        else:
            found = ruling(self._ballots, prefix=head, slashed=self._slashed)
        self._rulings[head] = found
        return found

    def _ballots_in(self, project: str) -> list[Ballot]:
        return self._ballots_of(self._names_in(project), project)

    def _ballots_of(self, names: list[str], project: str) -> list[Ballot]:
        return [self._book.ballot(name, self._question, project=project) for name in names if name]

    def _names_in(self, project: str) -> list[str]:
        """Who is asked for the objects of `project` ("" is none): each on its own."""
        book, subject = self._book, self._subject
        if self._token_of and project and project != self._token_of:
            return [book.default_role]
        named = [] if is_forged(subject) else [subject.name]
        linked = [group for group in subject.groups if book.is_linked(group, project)]
        return [book.default_role, *named, *linked]


def project_of_token(subject: Subject) -> str:
    """The project whose token the subject is, "" for everybody else."""
    parts = subject.name.split(":")
    return parts[1] if len(parts) == 3 and subject.name.startswith(PROJECT_ROLE) and not is_forged(subject) else ""


def is_forged(subject: Subject) -> bool:
    """Does somebody whom another issuer vouches for bear the name of a project's role? Such tokens are ours alone."""
    return subject.issuer != LOCAL_ISSUER and subject.name.startswith(PROJECT_ROLE)
