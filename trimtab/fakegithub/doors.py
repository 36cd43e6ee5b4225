"""Who may fetch from a repository, or push to it, by which way."""

from dataclasses import dataclass

from trimtab.fakegithub.api.caller import good, secret_of
from trimtab.fakegithub.repository import ROLES, DeployKey, Repository
from trimtab.fakegithub.rights import may, sees
from trimtab.fakegithub.world import World


@dataclass(frozen=True)
class Refused:
    """`status` by HTTP; `text` is what Git shows."""

    status: int
    text: str


@dataclass(frozen=True)
class Admitted:
    """`actor`: whose push it is."""

    repository: Repository
    actor: str


def by_http(world: World, path: str, authorization: str, *, push: bool) -> Admitted | Refused:
    """A token is the password of any user, `x-access-token` by custom."""
    found, value = world.find_repository(_name(path)), secret_of(authorization)
    token = good(world, value) if value else None
    if value and token is None:
        return Refused(401, "Bad credentials")
    if found is None or not sees(world, token, found):
        return Refused(404, "Repository not found.") if token else Refused(401, "Authentication required")
    if not push and may(world, token, found, permission="contents", level="read"):
        return Admitted(found, "")
    if token is None:
        return Refused(401, "Authentication required")
    actor = token.user or f"{getattr(world.application(token.app), 'slug', 'ghost')}[bot]"
    if not push or not may(world, token, found, permission="contents", level="write"):
        return Refused(403, f"Permission to {found.full_name}.git denied to {actor}.")
    if found.archived:
        return Refused(403, "This repository was archived so it is read-only.")
    return Admitted(found, actor)


def by_ssh(world: World, key: str, path: str, *, push: bool) -> Admitted | Refused:
    """A deploy key opens one repository; a person's key opens what the person may see."""
    wanted = world.find_repository(_name(path))
    for repository in world.repositories.values():
        for door in repository.keys:
            if door.key == key:
                return _deploy_key(world, door, repository, wanted, push=push)
    for user in world.users.values():
        if key in user.keys and wanted is not None:
            role = world.role(user.login, wanted)
            if push and ROLES.index(role) < ROLES.index("push") and role:
                return Refused(403, f"ERROR: Permission to {wanted.full_name}.git denied to {user.login}.")
            if role:
                return Admitted(wanted, user.login)
    return Refused(404, "ERROR: Repository not found.")


def _name(path: str) -> str:
    """`acme/cluster` of `/acme/cluster.git`."""
    return path.strip("/").removesuffix(".git")


def keys(world: World) -> list[str]:
    """All keys that somebody may come in with."""
    doors = [one.key for repository in world.repositories.values() for one in repository.keys]
    return doors + [one for user in world.users.values() for one in user.keys]


def _deploy_key(
    world: World, door: DeployKey, repository: Repository, wanted: Repository | None, *, push: bool
) -> Admitted | Refused:
    if wanted is not repository:
        return Refused(404, "ERROR: Repository not found.")
    organisation = world.organisations.get(repository.owner)
    if organisation is not None and not organisation.deploy_keys:
        return Refused(403, "ERROR: Deploy keys are disabled for this repository.")
    if push and door.read_only:
        return Refused(403, "ERROR: The key you are authenticating with has been marked as read only.")
    if push and repository.archived:
        return Refused(403, "ERROR: This repository was archived so it is read-only.")
    door.last_used = world.clock.now()
    return Admitted(repository, door.added_by)
