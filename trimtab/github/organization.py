"""Organizations, their teams and members. Permission: members, read; or scope read:org."""

from trimtab.github.client import GitHub
from trimtab.github.errors import NotFound
from trimtab.github.nouns import Membership, Organization, Team
from trimtab.github.paths import path


async def get_organization(github: GitHub, org: str) -> Organization:
    """Raises NotFound."""
    return await github.get(path("orgs", org), Organization)


async def get_team(github: GitHub, org: str, slug: str) -> Team:
    """Raises NotFound."""
    return await github.get(path("orgs", org, "teams", slug), Team)


async def team_membership(github: GitHub, org: str, slug: str, *, login: str) -> Membership | None:
    """None for who is not a member, of the team or of teams below it."""
    try:
        return await github.get(path("orgs", org, "teams", slug, "memberships", login), Membership)
    except NotFound:
        return None
