"""The caller: who they are, their organisations and teams."""

from trimtab.fakegithub.api.call import Answer, Call, Route, Who
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.credentials import Kind
from trimtab.fakegithub.people import Organisation
from trimtab.fakegithub.rights import may_organisation, restricted
from trimtab.fakegithub.shapes import applications, people
from trimtab.fakegithub.shapes.people import Json


def user(call: Call) -> Json:
    found = call.world.users[call.token.user]
    private = not call.token.kind.scoped or "user" in call.token.scopes
    return people.private(call.world, found) if private else people.public(call.world, found)


def somebody(call: Call) -> Json:
    found = call.world.users.get(call.path["username"])
    if found is None:
        raise not_found()
    return people.public(call.world, found)


def emails(call: Call) -> list[Json]:
    found = call.world.users[call.token.user]
    if not found.email:
        return []
    return [
        {"email": f"old-{found.email}", "primary": False, "verified": True, "visibility": None},
        {"email": found.email, "primary": True, "verified": True, "visibility": "private"},
    ]


def _shown(call: Call) -> list[tuple[Organisation, str]]:
    """The caller's organisations, as far as the application that they use may know of them."""
    found = call.world.memberships(call.token.user)
    if call.token.kind.scoped:
        return [(one, state) for one, state in found if not restricted(call.world, call.token, one.login)]
    return [(one, state) for one, state in found if may_organisation(call.world, call.token, one)]


def orgs(call: Call) -> list[Json]:
    return [people.organisation(call.world, one) for one, state in _shown(call) if state == "active"]


def teams(call: Call) -> list[Json]:
    shown = [one for one, _ in _shown(call)]
    mine = (one for one in call.world.teams if call.token.user in one.members and one.organisation in shown)
    return [people.team_full(call.world, one) for one in mine]


def memberships(call: Call) -> list[Json]:
    wanted = call.query.get("state", "")
    shown = ((one, state) for one, state in _shown(call) if wanted in ("", state))
    return [people.membership(call.world, one, call.token.user) for one, _ in shown]


def membership(call: Call) -> Json:
    for one, _ in _shown(call):
        if one is call.world.find_organisation(call.path["org"]):
            return people.membership(call.world, one, call.token.user)
    raise not_found()


def installations(call: Call) -> Answer:
    """Those of the App whose token it is, that the person may see."""
    if call.token.kind is not Kind.USER:
        what = "an access token authorized to a GitHub App in order to list installations"
        raise Refusal(403, f"You must authenticate with {what}")
    mine = {one.login for one, state in call.world.memberships(call.token.user) if state == "active"}
    found = [
        applications.installation(call.world, one)
        for one in call.world.installations.values()
        if one.app.client_id == call.token.app and one.account in mine | {call.token.user}
    ]
    return Answer({"total_count": len(found), "installations": found})


ROUTES = (
    Route("GET", "/user", user, Who.PERSON),
    Route("GET", "/users/{username}", somebody, Who.ANYBODY),
    Route("GET", "/user/emails", emails, Who.PERSON, scopes=("user:email", "user")),
    Route("GET", "/user/orgs", orgs, Who.PERSON, scopes=("read:org", "user")),
    Route("GET", "/user/teams", teams, Who.PERSON, scopes=("read:org", "repo", "user")),
    Route("GET", "/user/memberships/orgs", memberships, Who.PERSON, scopes=("read:org",)),
    Route("GET", "/user/memberships/orgs/{org}", membership, Who.PERSON, scopes=("read:org",)),
    Route("GET", "/user/installations", installations, Who.PERSON),
)
