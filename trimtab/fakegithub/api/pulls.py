"""Pull requests, of branches of the same repository. https://docs.github.com/rest/pulls/pulls"""

from trimtab.fakegithub import git_store, payloads
from trimtab.fakegithub.api.call import Answer, Call, Route, created
from trimtab.fakegithub.api.git import move_ref
from trimtab.fakegithub.api.refusal import Refusal, invalid, not_found
from trimtab.fakegithub.repository import Pull
from trimtab.fakegithub.rights import may
from trimtab.fakegithub.shapes import work
from trimtab.fakegithub.shapes.people import Json


def pulls(call: Call) -> list[Json]:
    wanted, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = [
        one
        for one in reversed(call.repository.pulls)
        if wanted in ("all", one.state)
        and head in (None, f"{call.repository.owner}:{one.head}")
        and base in (None, one.base)
    ]
    return [work.pull_simple(call.world, call.repository, one) for one in found]


def create(call: Call) -> Answer:
    found = call.repository
    head = str(call.body.get("head", "")).removeprefix(f"{found.owner}:")
    base = str(call.body.get("base", ""))
    refs = git_store.refs(found.git)
    ends = {"head": refs.get(f"refs/heads/{head}"), "base": refs.get(f"refs/heads/{base}")}
    if missing := next((name for name, sha in ends.items() if sha is None), None):
        raise invalid("PullRequest", missing, code="invalid")
    head_sha, base_sha = ends["head"] or "", ends["base"] or ""
    if any((one.state, one.head, one.base) == ("open", head, base) for one in found.pulls):
        raise invalid("PullRequest", "", f"A pull request already exists for {found.owner}:{head}.")
    if git_store.descends(found.git, base_sha, head_sha):
        raise invalid("PullRequest", "", f"No commits between {base} and {head}")
    made = Pull(
        call.world.new_id(),
        1 + len(found.pulls),
        str(call.body.get("title", "")),
        head,
        base,
        call.actor,
        call.body.get("body"),
        call.world.clock.now(),
        head_sha,
        base_sha,
        draft=bool(call.body.get("draft", False)),
    )
    found.pulls.append(made)
    git_store.set_ref(found.git, f"refs/pull/{made.number}/head", head_sha)
    _tell(call, made, "opened")
    return created(work.pull(call.world, found, made))


def pull(call: Call) -> Json:
    return work.pull(call.world, call.repository, _pull(call))


def update(call: Call) -> Json:
    found = _pull(call)
    found.title = call.body.get("title", found.title)
    found.body = call.body.get("body", found.body)
    wanted = call.body.get("state", found.state)
    if wanted != found.state and not found.merge_commit:
        found.state = wanted
        found.closed_at = call.world.clock.now() if wanted == "closed" else None
        if wanted == "closed":
            _tell(call, found, "closed")
    return work.pull(call.world, call.repository, found)


def merge(call: Call) -> Json:
    """By a merge commit; it is how a protected branch changes."""
    found, within = _pull(call), call.repository
    if not may(call.world, call.token, within, permission="contents", level="write"):
        raise Refusal(403, "Resource not accessible by integration")
    if found.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if call.body.get("sha") not in (None, found.head_sha):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    base = git_store.refs(within.git)[f"refs/heads/{found.base}"]
    message = f"Merge pull request #{found.number} from {within.owner}/{found.head}\n\n{found.title}"
    who = call.world.who(call.actor)
    sha = git_store.merge(within.git, base=base, head=found.head_sha, message=message, who=who)
    if sha is None:
        raise Refusal(405, "Merge conflict")
    found.state, found.merge_commit, found.merged_by = "closed", sha, call.actor
    found.closed_at = call.world.clock.now()
    move_ref(call, f"refs/heads/{found.base}", sha)
    _tell(call, found, "closed")
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def _pull(call: Call) -> Pull:
    number = call.number("pull_number")
    found = next((one for one in call.repository.pulls if one.number == number), None)
    if found is None:
        raise not_found()
    return found


def _tell(call: Call, found: Pull, action: str) -> None:
    payload = payloads.pull_request(call.world, call.repository, found, action, call.actor)
    call.world.tell_repository(call.repository, "pull_request", payload)


_PATH = "/repos/{owner}/{repo}/pulls"
_ONE = _PATH + "/{pull_number}"
ROUTES = (
    Route("GET", _PATH, pulls, permission="pull_requests:read"),
    Route("POST", _PATH, create, permission="pull_requests:write"),
    Route("GET", _ONE, pull, permission="pull_requests:read"),
    Route("PATCH", _ONE, update, permission="pull_requests:write"),
    Route("PUT", _ONE + "/merge", merge, permission="pull_requests:read"),
)
