"""Deployments, and what became of them. https://docs.github.com/rest/deployments"""

from trimtab.fakegithub import git_store
from trimtab.fakegithub.api.call import Answer, Call, Route, created
from trimtab.fakegithub.api.refusal import Refusal, invalid, not_found
from trimtab.fakegithub.repository import Deployment, DeploymentStatus
from trimtab.fakegithub.shapes import work
from trimtab.fakegithub.shapes.people import Json

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_DEFAULTS: Json = {
    "task": "deploy",
    "payload": {},
    "environment": "production",
    "description": None,
    "transient_environment": False,
}


def deployments(call: Call) -> list[Json]:
    wanted = {key: call.query[key] for key in ("sha", "ref", "task", "environment") if key in call.query}
    found = [
        one
        for one in reversed(call.repository.deployments)
        if all({**one.asked, "sha": one.sha}.get(key) == value for key, value in wanted.items())
    ]
    return [work.deployment(call.world, call.repository, one) for one in found]


def create(call: Call) -> Answer:
    ref = str(call.body.get("ref", ""))
    sha = git_store.resolve(call.repository.git, ref)
    if sha is None:
        raise Refusal(422, f"No ref found for: {ref}")
    if call.body.get("required_contexts") != [] and not _green(call, sha):
        raise Refusal(409, "Conflict: Commit status checks failed for " + ref)
    asked = {**_DEFAULTS, **{key: value for key, value in call.body.items() if value is not None}}
    asked.setdefault("production_environment", asked["environment"] == "production")
    made = Deployment(call.world.new_id(), sha, call.actor, call.world.clock.now(), asked)
    call.repository.deployments.append(made)
    return created(work.deployment(call.world, call.repository, made))


def deployment(call: Call) -> Json:
    return work.deployment(call.world, call.repository, _deployment(call))


def statuses(call: Call) -> list[Json]:
    found = _deployment(call)
    return [work.deployment_status(call.world, call.repository, found, one) for one in reversed(found.statuses)]


def create_status(call: Call) -> Answer:
    """A success makes the earlier deployments to that environment inactive, unless told not to."""
    found, body = _deployment(call), call.body
    if body.get("state") not in STATES:
        raise invalid("DeploymentStatus", "state", "state is not included in the list")
    asked = {
        "state": body["state"],
        "description": body.get("description") or "",
        "environment": body.get("environment") or found.asked["environment"],
        "target_url": body.get("log_url") or body.get("target_url") or "",
        "log_url": body.get("log_url") or "",
        "environment_url": body.get("environment_url") or "",
    }
    made = _add(call, found, asked)
    lasting = not found.asked["transient_environment"]
    if asked["state"] == "success" and body.get("auto_inactive", True) and lasting:
        for one in call.repository.deployments:
            same = one.asked["environment"] == found.asked["environment"] and one is not found
            if same and one.statuses and one.statuses[-1].asked["state"] == "success":
                _add(call, one, {**one.statuses[-1].asked, "state": "inactive"})
    return created(work.deployment_status(call.world, call.repository, found, made))


def _add(call: Call, to: Deployment, asked: Json) -> DeploymentStatus:
    made = DeploymentStatus(call.world.new_id(), call.actor, call.world.clock.now(), asked)
    to.statuses.append(made)
    return made


def _green(call: Call, sha: str) -> bool:
    newest = {one.context: one.state for one in call.repository.statuses if one.sha == sha}
    return set(newest.values()) <= {"success"}


def _deployment(call: Call) -> Deployment:
    number = call.number("deployment_id")
    found = next((one for one in call.repository.deployments if one.id == number), None)
    if found is None:
        raise not_found()
    return found


_PATH = "/repos/{owner}/{repo}/deployments"
_ONE = _PATH + "/{deployment_id}"
ROUTES = (
    Route("GET", _PATH, deployments, permission="deployments:read"),
    Route("POST", _PATH, create, permission="deployments:write"),
    Route("GET", _ONE, deployment, permission="deployments:read"),
    Route("GET", _ONE + "/statuses", statuses, permission="deployments:read"),
    Route("POST", _ONE + "/statuses", create_status, permission="deployments:write"),
)
