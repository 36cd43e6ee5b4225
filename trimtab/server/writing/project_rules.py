"""What an AppProject has to hold to: nothing twice, no glob that denies everything, and roles that speak of it only."""

import re
from collections.abc import Hashable, Iterable, Iterator

from trimtab.access.builtin import DEEP, IN_PROJECTS, is_known
from trimtab.access.lines import read_line, split_csv
from trimtab.access.windows import window_problem
from trimtab.model.application import Destination
from trimtab.model.appproject import AppProjectSpec, DestinationServiceAccount, ProjectRole, SyncWindow
from trimtab.model.globs import matcher
from trimtab.server.failures import bad_request

LONGEST_DESCRIPTION = 255
DENY_ALL = "!*"
_ROLE_NAME = re.compile(r"[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?")
_UNFIT_GROUP = re.compile(r"[,\n\r\t]")
_UNFIT_ACCOUNT = re.compile(r"[!*\[\]{}\\/\s]")


def check_spec(name: str, spec: AppProjectSpec) -> None:
    """Raises Failure (400), which names the first thing that is wrong with project `name`."""
    problem = next(_problems(name, spec), "")
    if problem:
        raise bad_request(f"project {name} is invalid: {problem}")


def _problems(name: str, spec: AppProjectSpec) -> Iterator[str]:
    if len(spec.description) > LONGEST_DESCRIPTION:
        yield f"its description is longer than {LONGEST_DESCRIPTION} characters"
    yield from _repeated("destination", spec.destinations)
    yield from _repeated("source repository", spec.source_repos)
    yield from _repeated("source namespace", spec.source_namespaces)
    yield from _repeated("role", [role.name for role in spec.roles])
    yield from _repeated("sync window", spec.sync_windows)
    for destination in spec.destinations:
        yield from _of_destination(destination)
    yield from _unreadable(spec.source_repos, "source repository")
    for role in spec.roles:
        yield from _of_role(name, role)
    for window in spec.sync_windows:
        yield from _of_window(window)
    for account in spec.destination_service_accounts:
        yield from _of_account(account)


def _repeated(what: str, items: Iterable[Hashable]) -> Iterator[str]:
    seen: set[Hashable] = set()
    for item in items:
        if item in seen:
            yield f"{what} '{_shown(item)}' already added"
        seen.add(item)


def _shown(item: object) -> str:
    match item:
        case Destination():
            return f"{item.server or item.name}/{item.namespace}"
        case SyncWindow():
            return f"{item.kind}:{item.schedule}:{item.duration}"
    return str(item)


def _of_destination(destination: Destination) -> Iterator[str]:
    if not destination.server and not destination.name:
        yield "a destination needs server or name"
    parts = (("server", destination.server), ("name", destination.name), ("namespace", destination.namespace))
    for what, glob in parts:
        yield from _unreadable((glob,), what)


def _unreadable(globs: Iterable[str], what: str) -> Iterator[str]:
    for glob in globs:
        if glob == DENY_ALL:
            yield f"{what} has an invalid format, '{DENY_ALL}'"
        try:
            matcher(glob.removeprefix("!"))
        except ValueError as error:
            yield f"{what}: {error}"


def _of_role(project: str, role: ProjectRole) -> Iterator[str]:
    if not _ROLE_NAME.fullmatch(role.name):
        yield (
            f"invalid role name '{role.name}'. Must consist of alphanumeric characters, '-' or '_', "
            "and must start and end with an alphanumeric character"
        )
    yield from _repeated(f"in role '{role.name}' policy", role.policies)
    yield from _repeated(f"in role '{role.name}' group", role.groups)
    for group in role.groups:
        if not group.strip() or _UNFIT_GROUP.search(group):
            yield f"group '{group}' of role '{role.name}' is empty or contains a comma, tab or line break"
    for policy in role.policies:
        if problem := _policy_problem(project, role.name, policy):
            yield f"invalid policy rule '{policy}': {problem}"


def _policy_problem(project: str, role: str, policy: str) -> str:
    """Why the rule is none that this role may have, "" where it is one: it speaks of itself and of its own project."""
    fields = split_csv(policy)
    if "\n" in policy or "\r" in policy or fields is None or len(fields) != 6:
        return "must be of the form: 'p, sub, res, act, obj, eft'"
    kind, subject, resource, action, object_, effect = fields
    if kind != "p":
        return f"must begin with p, not '{kind}'"
    if subject != f"proj:{project}:{role}":
        return f"policy subject must be: 'proj:{project}:{role}', not '{subject}'"
    if resource not in IN_PROJECTS:
        return f"project resource must be one of {', '.join(sorted(IN_PROJECTS))}, not '{resource}'"
    if not (action == "*" or is_known(resource, action) or action.startswith(DEEP)):
        return f"resource {resource} knows no action '{action}'"
    own, slash, rest = object_.partition("/")
    if own != project or not slash or not rest:
        return f"object must be of form '{project}/*' or '{project}/<name>', not '{object_}'"
    if effect not in ("allow", "deny"):
        return f"effect must be: 'allow' or 'deny', not '{effect}'"
    return read_line(policy).problem


def _of_window(window: SyncWindow) -> Iterator[str]:
    if problem := window_problem(window):
        yield problem
    for glob in (*window.applications, *window.namespaces, *window.clusters):
        yield from _unreadable((glob,), "sync window")


def _of_account(account: DestinationServiceAccount) -> Iterator[str]:
    if "!" in account.server:
        yield f"server has an invalid format, '{account.server}'"
    if "!" in account.namespace:
        yield f"namespace has an invalid format, '{account.namespace}'"
    if not account.default_service_account.strip() or _UNFIT_ACCOUNT.search(account.default_service_account):
        yield f"defaultServiceAccount has an invalid format, '{account.default_service_account}'"
