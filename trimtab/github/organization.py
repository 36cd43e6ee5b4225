"""Organizations, their teams and members. Permission: members, read; or scope read:org."""

from trimtab.github.client import GitHub
from trimtab.github.errors import NotFound
from trimtab.github.nouns import Membership, Organization, Team
from trimtab.github.paths import path


async def get_organization(github: GitHub, org: str) -> Organization:
    """Raises NotFound."""
    return await github.get(path("orgs", org), Organization)


async def list_teams(github: GitHub, org: str) -> list[Team]:
    """Those that the token may see: secret ones are seen by their members and by owners."""
    return await github.pages(path("orgs", org, "teams"), Team)


async def get_team(github: GitHub, org: str, slug: str) -> Team:
    """Raises NotFound."""
    return await github.get(path("orgs", org, "teams", slug), Team)


async def organization_membership(github: GitHub, org: str, login: str) -> Membership | None:
    """None for who is not a member."""
    return await _membership(github, path("orgs", org, "memberships", login))


async def team_membership(github: GitHub, org: str, slug: str, *, login: str) -> Membership | None:
    """None for who is not a member, of the team or of teams below it."""
    return await _membership(github, path("orgs", org, "teams", slug, "memberships", login))


async def own_membership(github: GitHub, org: str) -> Membership | None:
    """Of the person whose token it is."""
    return await _membership(github, path("user", "memberships", "orgs", org))


async def _membership(github: GitHub, address: str) -> Membership | None:
    try:
        return await github.get(address, Membership)
    except NotFound:
        return None
