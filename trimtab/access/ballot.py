"""The rules that concern one name, resource and action: they allow an object if one of them does and none denies it."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from trimtab.access.rules import ANYTHING, Pattern, Rule
from trimtab.model.globs import Matcher, plain_prefix

Reach = Literal["all", "none", "some"]


class Ballot(Struct, frozen=True):
    """Patterns of objects that one name is allowed and denied."""

    allows: tuple[Pattern, ...] = ()
    denies: tuple[Pattern, ...] = ()

    def matchers(self) -> tuple[tuple[Matcher, ...], tuple[Matcher, ...]]:
        return tuple(p.matcher() for p in self.allows), tuple(p.matcher() for p in self.denies)


class Ruling(Struct, frozen=True):
    """What some ballots say of the objects of one kind. `constant`: the same for all of them; else any of `choices`,
    (allows, denies), decides.
    """

    constant: bool | None
    choices: tuple[tuple[tuple[Matcher, ...], tuple[Matcher, ...]], ...] = ()

    def decide(self, object_: str) -> bool:
        """For one object, where there is no constant."""
        return any(_fits(allows, object_) and not _fits(denies, object_) for allows, denies in self.choices)


def _fits(matchers: tuple[Matcher, ...], object_: str) -> bool:
    for matcher in matchers:  # noqa: SIM110 - a generator costs as much as the matching
        if matcher(object_):
            return True
    return False


def ballot(rules: Iterable[Rule]) -> Ballot:
    """Of rules that all concern the question."""
    allows: list[Pattern] = []
    denies: list[Pattern] = []
    for rule in rules:
        (denies if rule.deny else allows).append(rule.object)
    return Ballot(tuple(allows), tuple(denies))


def ruling(ballots: Iterable[Ballot], *, prefix: str, slashed: bool) -> Ruling:
    """The ballots for the objects that begin with `prefix`, reduced to what still has to be asked of each.

    `slashed`: all objects hold a slash, so that `*/*` fits all of them.
    """
    left = []
    for one in ballots:
        allows = _asked(one.allows, prefix=prefix, slashed=slashed)
        denies = _asked(one.denies, prefix=prefix, slashed=slashed)
        if denies is None or allows == ():
            continue
        if allows is None and not denies:
            return Ruling(constant=True)
        left.append(Ballot(one.allows if allows is None else allows, denies))
    return Ruling(None, tuple(one.matchers() for one in left)) if left else Ruling(constant=False)


def _asked(patterns: tuple[Pattern, ...], *, prefix: str, slashed: bool) -> tuple[Pattern, ...] | None:
    """The patterns that fit some of the objects; None where one fits all of them."""
    some = []
    for pattern in patterns:
        match reach(pattern, prefix=prefix, slashed=slashed):
            case "all":
                return None
            case "some":
                some.append(pattern)
            case "none":
                pass
    return tuple(some)


def reach(pattern: Pattern, *, prefix: str, slashed: bool) -> Reach:
    """Does a pattern fit all objects that begin with `prefix`, none, or perhaps some?"""
    if pattern.text in ANYTHING and not pattern.regex:
        return "all"
    if pattern.regex:
        return "all" if pattern.text in (".*", "^.*") else "some"
    if pattern.text == "*/*" and slashed:
        return "all"
    plain = plain_prefix(pattern.text)
    if not (plain.startswith(prefix) or prefix.startswith(plain)):
        return "none"
    return "all" if pattern.text[len(plain) :] in ANYTHING and prefix.startswith(plain) else "some"
