"""Comments on pull requests. https://docs.github.com/rest/issues/comments"""

from trimtab.fakegithub.api.call import NOTHING, Answer, Call, Route, created
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.repository import Comment
from trimtab.fakegithub.shapes import work
from trimtab.fakegithub.shapes.people import Json


def comments(call: Call) -> list[Json]:
    number = _issue(call)
    found = (one for one in call.repository.comments if one.number == number)
    return [work.comment(call.world, call.repository, one) for one in found]


def create(call: Call) -> Answer:
    now = call.world.clock.now()
    made = Comment(call.world.new_id(), _issue(call), str(call.body.get("body", "")), call.actor, now, now)
    call.repository.comments.append(made)
    return created(work.comment(call.world, call.repository, made))


def update(call: Call) -> Json:
    found = _own(call)
    found.body, found.updated_at = str(call.body.get("body", "")), call.world.clock.now()
    return work.comment(call.world, call.repository, found)


def delete(call: Call) -> Answer:
    call.repository.comments.remove(_own(call))
    return NOTHING


def _issue(call: Call) -> int:
    number = call.number("issue_number")
    if all(one.number != number for one in call.repository.pulls):
        raise not_found()
    return number


def _own(call: Call) -> Comment:
    """One's own comment; who may push may change others', too."""
    number = call.number("comment_id")
    found = next((one for one in call.repository.comments if one.id == number), None)
    if found is None:
        raise not_found()
    pushes = call.world.role(call.actor, call.repository) in ("push", "maintain", "admin")
    if found.user != call.actor and not pushes:
        raise Refusal(403, "Must have admin rights to Repository.")
    return found


_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
_ONE = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
ROUTES = (
    Route("GET", _ISSUE, comments, permission="issues|pull_requests:read"),
    Route("POST", _ISSUE, create, permission="issues|pull_requests:write"),
    Route("PATCH", _ONE, update, permission="issues|pull_requests:write"),
    Route("DELETE", _ONE, delete, permission="issues|pull_requests:write"),
)
