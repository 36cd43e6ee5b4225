"""People, organisations and teams, as GitHub shows them."""

import base64
from typing import Any
from urllib.parse import quote

from trimtab.clock import rfc3339
from trimtab.fakegithub.people import Organisation, Team, User
from trimtab.fakegithub.state import State

Json = dict[str, Any]
SINCE = "2020-01-01T00:00:00Z"


def node(kind: str, number: int) -> str:
    """The global id of GraphQL."""
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def account(state: State, login: str) -> Json:
    """Somebody, or an organisation, in short. An App acts as `slug[bot]`; who is nobody is a ghost."""
    if found := state.organisations.get(login):
        return simple(state, found.login, found.id, "Organization")
    if user := state.users.get(login):
        return simple(state, user.login, user.id, "User")
    slug = login.removesuffix("[bot]")
    if slug != login and slug in state.github_apps:
        return simple(state, login, state.github_apps[slug].id, "Bot")
    return simple(state, "ghost", 10137, "User")


def simple(state: State, login: str, number: int, kind: str) -> Json:
    """`simple-user`."""
    quoted = quote(login)
    api, site = f"{state.site.api_url}/users/{quoted}", state.site.url
    return {
        "login": login,
        "id": number,
        "node_id": node(kind, number),
        "avatar_url": f"{site}/avatars/{number}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{site}/{quoted}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": kind,
        "site_admin": False,
    }


def public(state: State, user: User) -> Json:
    """`public-user`."""
    empty = dict.fromkeys(("bio", "blog", "company", "hireable", "location", "twitter_username"))
    counts = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    return {
        **simple(state, user.login, user.id, "User"),
        **empty,
        **counts,
        "name": user.name or None,
        "email": user.email if user.public and user.email else None,
        "created_at": SINCE,
        "updated_at": SINCE,
        "user_view_type": "public",
    }


def private(state: State, user: User) -> Json:
    """`private-user`: what somebody sees of themselves."""
    names = ("collaborators", "disk_usage", "owned_private_repos", "private_gists", "total_private_repos")
    own = {"two_factor_authentication": True, "user_view_type": "private"}
    return {**public(state, user), **dict.fromkeys(names, 0), **own}


def organisation(state: State, found: Organisation) -> Json:
    """`organization-simple`."""
    api = f"{state.site.api_url}/orgs/{found.login}"
    return {
        "login": found.login,
        "id": found.id,
        "node_id": node("Organization", found.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{state.site.url}/avatars/{found.id}",
        "description": None,
    }


def organisation_full(state: State, found: Organisation, *, owner: bool) -> Json:
    """`organization-full`; an owner sees its policies, too."""
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    policies = {
        "default_repository_permission": {"pull": "read", "push": "write"}.get(
            found.base_permission, found.base_permission
        ),
        "deploy_keys_enabled_for_repositories": found.deploy_keys,
        "members_can_create_repositories": True,
    }
    return {
        **organisation(state, found),
        **counts,
        "html_url": f"{state.site.url}/{found.login}",
        "name": found.login,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "type": "Organization",
        "created_at": SINCE,
        "updated_at": SINCE,
        "archived_at": None,
        **(policies if owner else {}),
    }


def team(state: State, found: Team) -> Json:
    """`team-simple`, which is `team` without its parent."""
    api = f"{state.site.api_url}/organizations/{found.organisation.id}/team/{found.id}"
    return {
        "id": found.id,
        "node_id": node("Team", found.id),
        "url": api,
        "html_url": f"{state.site.url}/orgs/{found.organisation.login}/teams/{found.slug}",
        "name": found.name,
        "slug": found.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
    }


def team_in_list(state: State, found: Team) -> Json:
    """`team`."""
    return {**team(state, found), "type": "organization", "parent": None}


def team_full(state: State, found: Team) -> Json:
    """`team-full`."""
    return {
        **team_in_list(state, found),
        "members_count": len(found.members),
        "repos_count": len(found.repositories),
        "created_at": SINCE,
        "updated_at": SINCE,
        "organization": organisation_full(state, found.organisation, owner=False),
    }


def membership(state: State, found: Organisation, login: str) -> Json:
    """`org-membership`."""
    api = f"{state.site.api_url}/orgs/{found.login}"
    return {
        "url": f"{api}/memberships/{login}",
        "state": found.members[login],
        "role": "admin" if found.owned_by(login) else "member",
        "organization_url": api,
        "organization": organisation(state, found),
        "user": account(state, login),
    }


def moment(state: State) -> str:
    """Now, as GitHub writes it."""
    return rfc3339(state.clock.now())
