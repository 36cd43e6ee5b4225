"""Organisations, their teams and who is in them."""

from trimtab.fakegithub.api.call import Answer, Call, Route, Who
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.credentials import Kind
from trimtab.fakegithub.people import Organisation, Team
from trimtab.fakegithub.rights import may_organisation, restricted
from trimtab.fakegithub.shapes import applications, people, repositories
from trimtab.fakegithub.shapes.people import Json

READ = ("read:org",)


def _organisation(call: Call) -> Organisation:
    found = call.world.find_organisation(call.path["org"])
    if found is None:
        raise not_found()
    return found


def _inside(call: Call) -> Organisation:
    """For who may see who is in it. Raises Refusal."""
    found = _organisation(call)
    if may_organisation(call.world, call.token, found):
        return found
    if call.token.kind is not Kind.INSTALLATION and found.members.get(call.token.user) != "active":
        raise not_found()
    if restricted(call.world, call.token, found.login):
        raise Refusal(403, f"The `{found.login}` organization has enabled OAuth App access restrictions.")
    raise Refusal(403, "Resource not accessible by integration")


def _team(call: Call) -> Team:
    found = call.world.find_team(_inside(call).login, call.path["team_slug"])
    if found is None:
        raise not_found()
    return found


def org(call: Call) -> Json:
    found, token = _organisation(call), call.caller.token
    owner = token is not None and found.owned_by(token.user) and may_organisation(call.world, token, found)
    return people.organisation_full(call.world, found, owner=owner)


def teams(call: Call) -> list[Json]:
    found = _inside(call)
    return [people.team_in_list(call.world, one) for one in call.world.teams if one.organisation is found]


def team(call: Call) -> Json:
    return people.team_full(call.world, _team(call))


def team_membership(call: Call) -> Json:
    found, login = _team(call), call.path["username"]
    if login not in found.members:
        raise not_found()
    state = found.organisation.members.get(login, "pending")
    here = people.team(call.world, found)["url"]
    return {"url": f"{here}/memberships/{login}", "role": "member", "state": state}


def team_repos(call: Call) -> list[Json]:
    found = _team(call)
    shown = []
    for name, permission in found.repositories.items():
        one = repositories.repository(call.world, call.world.repositories[name])
        role = {"role_name": permission, "permissions": repositories.permissions(permission)}
        shown.append({**one, **role})
    return shown


def membership(call: Call) -> Json:
    found, login = _inside(call), call.path["username"]
    if login not in found.members:
        raise not_found()
    return people.membership(call.world, found, login)


def installations(call: Call) -> Answer:
    """For owners."""
    found = _inside(call)
    if not found.owned_by(call.token.user):
        raise Refusal(403, "Must be an organization owner.")
    shown = [applications.installation(call.world, one) for one in call.world.installed(found.login)]
    return Answer({"total_count": len(shown), "installations": shown})


ROUTES = (
    Route("GET", "/orgs/{org}", org, Who.ANYBODY),
    Route("GET", "/orgs/{org}/teams", teams, scopes=READ),
    Route("GET", "/orgs/{org}/teams/{team_slug}", team, scopes=READ),
    Route("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", team_membership, scopes=READ),
    Route("GET", "/orgs/{org}/teams/{team_slug}/repos", team_repos, scopes=READ),
    Route("GET", "/orgs/{org}/memberships/{username}", membership, scopes=READ),
    Route("GET", "/orgs/{org}/installations", installations, Who.PERSON, scopes=("admin:read", *READ)),
)
