"""What a token may do: scopes or permissions, and the role of the person behind it."""

from collections.abc import Mapping

from trimtab.fakegithub.credentials import Kind, Token, enough, with_implied
from trimtab.fakegithub.people import Organisation
from trimtab.fakegithub.repository import ROLES, Repository
from trimtab.fakegithub.world import World

_FULL = {
    name: "write"
    for name in (
        *("metadata", "contents", "administration", "repository_hooks", "pull_requests", "issues"),
        *("statuses", "deployments", "checks"),
    )
}
SCOPES: Mapping[str, Mapping[str, str]] = {
    "repo": _FULL,
    "public_repo": _FULL,
    "repo:status": {"statuses": "write"},
    "repo_deployment": {"deployments": "write"},
    "admin:repo_hook": {"repository_hooks": "write"},
    "write:repo_hook": {"repository_hooks": "write"},
    "read:repo_hook": {"repository_hooks": "read"},
}
"""What scopes mean as permissions; `public_repo` for public repositories only."""

_ROLES = {
    ("administration", "read"): "admin",
    ("administration", "write"): "admin",
    ("repository_hooks", "read"): "admin",
    ("repository_hooks", "write"): "admin",
    ("contents", "write"): "push",
    ("statuses", "write"): "push",
    ("deployments", "write"): "push",
    ("pull_requests", "write"): "pull",
    ("issues", "write"): "pull",
}
"""The role that a person has to have in the repository; for what is not listed, `pull`."""


def granted(world: World, token: Token, repository: Repository) -> Mapping[str, str]:
    """What the token itself allows, whoever holds it."""
    if restricted(world, token, repository.owner):
        return {}
    if token.kind.scoped:
        found: dict[str, str] = {}
        for scope in token.scopes:
            if scope != "public_repo" or not repository.private:
                found |= SCOPES.get(scope, {})
        return found
    if token.kind is Kind.USER:
        for one in world.covering(repository.owner, repository):
            if one.app.client_id == token.app:
                return one.permissions
        return {}
    within = token.repositories is None or repository.id in token.repositories
    return token.permissions if repository.owner == token.owner and within else {}


def role(world: World, token: Token | None, repository: Repository) -> str:
    """The person's role in the repository; an installation has whatever its permissions need."""
    if token is None:
        return "" if repository.private else "pull"
    if token.kind is Kind.INSTALLATION:
        return "admin" if granted(world, token, repository) else role(world, None, repository)
    return world.role(token.user, repository)


def sees(world: World, token: Token | None, repository: Repository) -> bool:
    """May it know that the repository is there?"""
    if not repository.private:
        return True
    if token is None or not role(world, token, repository):
        return False
    return bool({"metadata", "contents"} & granted(world, token, repository).keys())


def may(world: World, token: Token | None, repository: Repository, *, permission: str, level: str) -> bool:
    """Both the token and the person have to be allowed."""
    public = not repository.private and level == "read" and permission in ("metadata", "contents", "pull_requests")
    if public:
        return True
    if token is None or not enough(granted(world, token, repository).get(permission, ""), level):
        return False
    needed = _ROLES.get((permission, level), "pull")
    return ROLES.index(role(world, token, repository)) >= ROLES.index(needed)


def may_organisation(world: World, token: Token, organisation: Organisation) -> bool:
    """May it read who is in the organisation and its teams?"""
    if restricted(world, token, organisation.login):
        return False
    if token.kind is Kind.INSTALLATION:
        return token.owner == organisation.login and enough(token.permissions.get("members", ""), "read")
    if organisation.members.get(token.user) != "active":
        return False
    if token.kind.scoped:
        return "read:org" in with_implied(token.scopes)
    if token.kind is Kind.FINE_GRAINED:
        return token.owner == organisation.login and enough(token.permissions.get("members", ""), "read")
    installed = (one for one in world.covering(organisation.login) if one.app.client_id == token.app)
    return any(enough(one.permissions.get("members", ""), "read") for one in installed)


def restricted(world: World, token: Token, account: str) -> bool:
    """Does the organisation keep this OAuth App out?

    https://docs.github.com/en/organizations/managing-oauth-access-to-your-organizations-data
    """
    organisation = world.organisations.get(account)
    approved = organisation.approved_apps if organisation else None
    return token.kind is Kind.OAUTH and approved is not None and token.app not in approved
