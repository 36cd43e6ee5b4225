"""The roles that are always there, `role:readonly` and `role:admin`, and what the words of policies are."""

from collections.abc import Iterator, Mapping

from trimtab.access.rules import Link, Pattern, Rule

READONLY, ADMIN = "role:readonly", "role:admin"
WRITES = ("create", "update", "delete")

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "clusters": ("get", *WRITES),
    "projects": ("get", *WRITES),
    "applications": ("get", *WRITES, "sync", "rollback", "override"),
    "applicationsets": ("get", *WRITES),
    "repositories": ("get", *WRITES),
    "write-repositories": ("get", *WRITES),
    "certificates": ("get", *WRITES),
    "accounts": ("get", *WRITES),
    "gpgkeys": ("get", "create", "delete"),
    "logs": ("get",),
    "exec": ("create", "debug"),
    "extensions": ("invoke",),
}
"""What can be asked of each resource. Applications know more: see `DEEP`."""

DEEP = ("action/", "update/", "delete/")
"""Actions on the objects of an application: `action/GROUP/KIND/NAME`, `update/GROUP/KIND/NAMESPACE/NAME`."""

BY_PROJECT = frozenset(("applications", "applicationsets", "logs", "exec"))
"""Resources whose objects always are `PROJECT/…`."""

IN_PROJECTS = BY_PROJECT | {"clusters", "repositories"}
"""Resources that the roles of a project may speak of; clusters and repositories are `PROJECT/URL`, or a URL alone."""

NOT_READ_BY_READONLY = frozenset(("exec", "extensions"))
NOT_WRITTEN_BY_ADMIN = frozenset((("accounts", "create"), ("accounts", "delete"), ("extensions", "invoke")))


def is_known(resource: str, action: str) -> bool:
    """Is there such an action on such a resource?"""
    return action in ACTIONS.get(resource, ()) or (resource == "applications" and action.startswith(DEEP))


def built_in_rules() -> tuple[Rule, ...]:
    """Of both roles; everything but `extensions`, and accounts are neither made nor deleted."""
    return tuple(_readonly()) + tuple(_admin())


BUILT_IN_LINKS = (Link(ADMIN, READONLY), Link("admin", ADMIN))


def _readonly() -> Iterator[Rule]:
    return (_rule(READONLY, resource, "get") for resource in ACTIONS if resource not in NOT_READ_BY_READONLY)


def _admin() -> Iterator[Rule]:
    for resource, actions in ACTIONS.items():
        for action in actions:
            if action != "get" and (resource, action) not in NOT_WRITTEN_BY_ADMIN:
                yield _rule(ADMIN, resource, action)
    for deep in DEEP:
        yield _rule(ADMIN, "applications", f"{deep}*")


def _rule(role: str, resource: str, action: str) -> Rule:
    """Globs, whatever `policy.matchMode` says: these roles are the same everywhere."""
    objects = "*/*" if resource in BY_PROJECT else "*"
    return Rule(role, Pattern(resource), Pattern(action), Pattern(objects))
