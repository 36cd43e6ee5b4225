"""The rules of RBAC as values: what `policy.csv`, the built-in roles and the roles of projects say alike."""

from functools import lru_cache
from typing import cast

import re2
from msgspec import Struct

from trimtab.model.globs import Matcher, matcher

_QUIET = re2.Options()
_QUIET.log_errors = False
ANYTHING = frozenset(("*", "**"))


class Pattern(Struct, frozen=True, gc=False):
    """A glob, whose `*` crosses `/`; or a regular expression (RE2's), which may fit anywhere in the text."""

    text: str
    regex: bool = False

    def matcher(self) -> Matcher:
        """What says whether a text fits. Raises ValueError for a pattern that makes no sense."""
        return _searcher(self.text) if self.regex else matcher(self.text)


@lru_cache(maxsize=4096)
def _searcher(text: str) -> Matcher:
    try:
        return cast(Matcher, re2.compile(text, _QUIET).search)
    except re2.error as error:
        raise ValueError(f"regular expression {text!r} is malformed") from error


class Rule(Struct, frozen=True, gc=False):
    """A `p` line: `subject` is a user, a group or a role."""

    subject: str
    resource: Pattern
    action: Pattern
    object: Pattern
    deny: bool = False


class Link(Struct, frozen=True, gc=False):
    """A `g` line: `member`, a user, a group or a role, has `role` too."""

    member: str
    role: str


class Rules(Struct, frozen=True, kw_only=True):
    """A policy that was read. `scopes` are the claims of a token that hold groups; `regex`: how its patterns, and those
    of project roles, are meant.
    """

    rules: tuple[Rule, ...] = ()
    links: tuple[Link, ...] = ()
    default_role: str = ""
    scopes: tuple[str, ...] = ("groups",)
    regex: bool = False


class Problem(Struct, frozen=True):
    """A line of a policy that cannot be read. `where` is a key of the ConfigMap or a role of a project; `line` counts
    from 1, 0 where there are no lines; `message` says what is wrong and what to do.
    """

    where: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.where} line {self.line}" if self.line else self.where
        return f"{place}: {self.message}"
