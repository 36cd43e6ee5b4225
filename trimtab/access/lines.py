"""One line of a policy: `p, subject, resource, action, object, allow|deny` or `g, member, role`, as CSV.

What cannot be read allows nothing. A deny line that can be read in part denies what that part says, and a `p` line
whose effect is no known word counts as deny: a slip of the pen must not open a door.
"""

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from trimtab.access.rules import Link, Pattern, Rule

_FIELD = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]*))(,|$)')
EVERYTHING = Pattern("*")
P_FORM = "p, subject, resource, action, object, allow|deny"
G_FORM = "g, user or group or role, role"
SHOWN = 80
"""So much of a line is quoted in what is said of it."""


class ReadLine(Struct, frozen=True):
    """What a line says, and what of it cannot be read ("": all is well)."""

    said: Rule | Link | None = None
    problem: str = ""


@lru_cache(maxsize=16384)
def read_line(text: str, *, regex: bool = False) -> ReadLine:
    """Read one line; comments and empty lines say nothing."""
    text = text.strip()
    if not text or text.startswith("#"):
        return ReadLine()
    fields = split_csv(text)
    if fields is None:
        return ReadLine(problem=f'the quotes in {_shown(text)} do not match; write "" for a quote inside of quotes')
    match fields:
        case ["p", *values]:
            return _rule(values, regex=regex)
        case ["g", member, role, *_] if member and role:
            return ReadLine(Link(member, role))
        case ["g", *_]:
            return ReadLine(problem=f"{_shown(text)} links nothing; write {G_FORM}")
    return ReadLine(problem=f"{_shown(text)} begins with neither p nor g; write {P_FORM}, or {G_FORM}")


def split_csv(text: str) -> list[str] | None:
    """The fields of a line of CSV, without the space before each; None where its quotes make no sense."""
    fields, at = [], 0
    while (found := _FIELD.match(text, at)) is not None:
        quoted, bare, end = found.groups()
        fields.append(bare if quoted is None else quoted.replace('""', '"'))
        if not end:
            return fields
        at = found.end()
    return None


def _rule(values: list[str], *, regex: bool) -> ReadLine:
    if len(values) != 5:
        return ReadLine(problem=f"a p line has 6 fields, this one {len(values) + 1}; write {P_FORM}")
    subject, resource, action, object_, effect = values
    if not subject:
        return ReadLine(problem="its subject is empty; name a user, a group or a role")
    about = Pattern(resource, regex), Pattern(action, regex), Pattern(object_, regex)
    rule = Rule(subject, *about, effect != "allow")
    if problem := next(filter(None, map(_flaw, about)), ""):
        return ReadLine(_widened(rule) if rule.deny else None, problem)
    if effect not in ("allow", "deny"):
        return ReadLine(rule, f"{_shown(effect)} is neither allow nor deny, and counts as deny; write one of the two")
    return ReadLine(rule)


def _flaw(pattern: Pattern) -> str:
    try:
        pattern.matcher()
    except ValueError as error:
        return f"{error}; correct it"
    return ""


def _widened(rule: Rule) -> Rule:
    """The rule with everything in place of what cannot be read."""
    resource, action, object_ = (p if not _flaw(p) else EVERYTHING for p in (rule.resource, rule.action, rule.object))
    return replace(rule, resource=resource, action=action, object=object_)


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
