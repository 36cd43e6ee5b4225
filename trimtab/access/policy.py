"""Reads the policy out of the data of the ConfigMap `argocd-rbac-cm`."""

import re
from collections.abc import Iterable, Mapping

from trimtab.access.lines import read_line
from trimtab.access.rules import Link, Pattern, Problem, Rule, Rules
from trimtab.model.appproject import AppProject, ProjectRole

POLICY = "policy.csv"
DEFAULT_SCOPES = ("groups",)
MODES = ("", "glob", "regex")


def parse_policy(data: Mapping[str, str]) -> tuple[Rules, tuple[Problem, ...]]:
    """What can be read of `policy.csv`, `policy.*.csv`, `policy.default`, `policy.matchMode` and `scopes`; and what
    cannot.
    """
    mode = data.get("policy.matchMode", "").strip()
    regex = mode == "regex"
    problems = [] if mode in MODES else [_unknown_mode(mode)]
    rules: list[Rule] = []
    links: list[Link] = []
    for where in policy_keys(data):
        for number, text in enumerate(data[where].split("\n"), 1):
            line = read_line(text, regex=regex)
            if isinstance(line.said, Rule):
                rules.append(line.said)
            elif line.said is not None:
                links.append(line.said)
            if line.problem:
                problems.append(Problem(where, number, line.problem))
    scopes, unreadable = _scopes(data.get("scopes", ""))
    read = Rules(
        rules=tuple(rules),
        links=tuple(links),
        default_role=data.get("policy.default", "").strip(),
        scopes=scopes,
        regex=regex,
    )
    return read, (*problems, *unreadable)


def policy_keys(data: Mapping[str, str]) -> list[str]:
    """`policy.csv`, then every `policy.NAME.csv` in the order of their names."""
    more = sorted(key for key in data if key.startswith("policy.") and key.endswith(".csv") and key != POLICY)
    return [*([POLICY] if POLICY in data else []), *more]


def role_name(project: str, role: str) -> str:
    """What policies call a role of a project."""
    return f"proj:{project}:{role}"


def project_rules(
    project: AppProject, *, regex: bool = False
) -> tuple[tuple[Rule, ...], tuple[Link, ...], tuple[Problem, ...]]:
    """What the roles of a project say. A role may read its project, and says nothing of other roles and projects."""
    rules: list[Rule] = []
    links: list[Link] = []
    problems: list[Problem] = []
    for role in project.spec.roles:
        subject = role_name(project.metadata.name, role.name)
        links += [Link(group, subject) for group in role.groups if group]
        for rule, problem in _role_rules(project.metadata.name, role, regex=regex):
            if rule is not None:
                rules.append(rule)
            if problem is not None:
                problems.append(problem)
    return tuple(rules), tuple(links), tuple(problems)


def _role_rules(project: str, role: ProjectRole, *, regex: bool) -> Iterable[tuple[Rule | None, Problem | None]]:
    subject = role_name(project, role.name)
    where = f"role {role.name} of project {project}"
    yield Rule(subject, Pattern("projects"), Pattern("get"), Pattern(project)), None
    for number, text in enumerate(role.policies, 1):
        line = read_line(text, regex=regex)
        rule, message = None, line.problem
        match line.said:
            case Rule() if line.said.subject != subject:
                message = f"its subject has to be {subject}; correct it"
            case Rule() if not line.problem and not line.said.object.text.startswith(f"{project}/"):
                message = f"its object has to begin with {project}/; correct it"
            case Rule():
                rule = line.said
            case Link():
                message = "a role of a project links nobody by policies; list its groups in groups"
        yield rule, Problem(where, number, message) if message else None


def _unknown_mode(mode: str) -> Problem:
    return Problem("policy.matchMode", 0, f"{mode!r} is unknown, glob is assumed; write glob or regex")


def _scopes(text: str) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """A YAML list of strings, `[groups, email]` or one line for each."""
    stripped = text.strip()
    if not stripped:
        return DEFAULT_SCOPES, ()
    inline = re.fullmatch(r"\[([^\[\]]*)\]", stripped)
    items = inline[1].split(",") if inline else _block_items(stripped)
    names = tuple(name for item in items or () if (name := item.strip().strip("'\"").strip()))
    if not names and items != [""]:
        return DEFAULT_SCOPES, (Problem("scopes", 0, "is no list of claims; write for instance [groups, email]"),)
    return names, ()


def _block_items(text: str) -> list[str] | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line[2:] for line in lines] if all(line.startswith("- ") for line in lines) else None
