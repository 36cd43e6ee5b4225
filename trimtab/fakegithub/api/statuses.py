"""Statuses of commits. https://docs.github.com/rest/commits/statuses"""

from trimtab.fakegithub import git_store
from trimtab.fakegithub.api.call import Answer, Call, Route, Who, created
from trimtab.fakegithub.api.refusal import Refusal, invalid, not_found
from trimtab.fakegithub.repository import Status
from trimtab.fakegithub.shapes import repositories, work
from trimtab.fakegithub.shapes.people import Json

STATES = ("error", "failure", "pending", "success")
MOST = 1000
"""Of one context and commit."""
LONGEST_DESCRIPTION = 140


def create(call: Call) -> Answer:
    found, sha = call.repository, call.path["sha"]
    if git_store.kind(found.git, sha) != "commit":
        raise Refusal(422, f"No commit found for SHA: {sha}")
    context, description = call.body.get("context") or "default", call.body.get("description")
    if call.body.get("state") not in STATES:
        raise invalid("Status", "state", "state is not included in the list")
    if len(description or "") > LONGEST_DESCRIPTION:
        raise invalid("Status", "description", f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)")
    if sum((one.sha, one.context) == (sha, context) for one in found.statuses) >= MOST:
        raise invalid("Status", "", "This SHA and context has reached the maximum number of statuses.")
    made = Status(
        call.world.new_id(),
        sha,
        call.body["state"],
        context,
        call.actor,
        call.world.clock.now(),
        description,
        call.body.get("target_url"),
    )
    found.statuses.append(made)
    return created(work.status(call.world, found, made))


def statuses(call: Call) -> list[Json]:
    sha = _sha(call)
    found = [one for one in reversed(call.repository.statuses) if one.sha == sha]
    return [work.status(call.world, call.repository, one) for one in found]


def combined(call: Call) -> Json:
    """The newest of each context, and the worst of them."""
    sha, within = _sha(call), call.repository
    newest = {one.context: one for one in within.statuses if one.sha == sha}
    states = {one.state for one in newest.values()}
    worst = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    here = f"{repositories.api(call.world, within)}/commits/{sha}"
    return {
        "state": worst,
        "statuses": [work.status_simple(call.world, within, one) for one in newest.values()],
        "sha": sha,
        "total_count": len(newest),
        "repository": repositories.repository(call.world, within),
        "commit_url": here,
        "url": f"{here}/status",
    }


def _sha(call: Call) -> str:
    found = git_store.resolve(call.repository.git, call.path["ref"])
    if found is None:
        raise not_found()
    return found


_COMMIT = "/repos/{owner}/{repo}/commits/{ref:.+}"
ROUTES = (
    Route("POST", "/repos/{owner}/{repo}/statuses/{sha}", create, permission="statuses:write"),
    Route("GET", _COMMIT + "/statuses", statuses, Who.TOKEN, "statuses:read"),
    Route("GET", _COMMIT + "/status", combined, Who.TOKEN, "statuses:read"),
)
