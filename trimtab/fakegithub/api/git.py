"""The Git database: references, commits, trees, blobs. https://docs.github.com/rest/git"""

import base64
import binascii
import datetime as dt
from typing import Any

from trimtab.fakegithub import git_store
from trimtab.fakegithub.api.call import NOTHING, Answer, Call, Route, Who, created
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.git_store import Entry
from trimtab.fakegithub.git_store import Who as Author
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.shapes import repositories, work
from trimtab.fakegithub.shapes.people import Json, node

RULES = "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"


def ref(call: Call) -> Json:
    name, sha = _ref(call)
    return work.reference(call.world, call.repository, name, sha)


def create_ref(call: Call) -> Answer:
    name, sha = str(call.body.get("ref", "")), str(call.body.get("sha", ""))
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refusal(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    _filled(call.repository)
    if not git_store.kind(call.repository.git, sha):
        raise Refusal(422, "Object does not exist")
    if name in git_store.refs(call.repository.git):
        raise Refusal(422, "Reference already exists")
    _allowed(call, name)
    move_ref(call, name, sha)
    return created(work.reference(call.world, call.repository, name, sha))


def update_ref(call: Call) -> Json:
    name, before = _ref(call, missing=Refusal(422, "Reference does not exist"))
    sha = str(call.body.get("sha", ""))
    if git_store.kind(call.repository.git, sha) != "commit":
        raise Refusal(422, "Object does not exist")
    _allowed(call, name)
    if not call.body.get("force") and not git_store.descends(call.repository.git, sha, before):
        raise Refusal(422, "Update is not a fast forward")
    move_ref(call, name, sha)
    return work.reference(call.world, call.repository, name, sha)


def delete_ref(call: Call) -> Answer:
    name, before = _ref(call, missing=Refusal(422, "Reference does not exist"))
    _allowed(call, name)
    git_store.delete_ref(call.repository.git, name)
    call.world.pushed(call.repository, [git_store.Moved(name, before, git_store.NOBODY)], call.actor)
    return NOTHING


def move_ref(call: Call, name: str, sha: str) -> None:
    """Make or move a reference; hooks hear of it as of a push."""
    before = git_store.refs(call.repository.git).get(name, git_store.NOBODY)
    git_store.set_ref(call.repository.git, name, sha)
    call.world.pushed(call.repository, git_store.moved({name: before}, {name: sha}), call.actor)


def commit(call: Call) -> Json:
    found = git_store.read_commit(call.repository.git, call.path["commit_sha"])
    if found is None:
        raise not_found()
    return work.git_commit(call.world, call.repository, found)


def create_commit(call: Call) -> Answer:
    tree, parents = str(call.body.get("tree", "")), list(call.body.get("parents", ()))
    _filled(call.repository)
    if git_store.kind(call.repository.git, tree) != "tree":
        raise Refusal(422, "Tree SHA does not exist")
    if any(git_store.kind(call.repository.git, one) != "commit" for one in parents):
        raise Refusal(422, "Parent SHA does not exist or is not a commit object")
    author = _author(call, call.body.get("author"))
    sha = git_store.write_commit(
        call.repository.git,
        tree=tree,
        parents=parents,
        message=str(call.body.get("message", "")),
        author=author,
        committer=_author(call, call.body.get("committer")) if call.body.get("committer") else author,
    )
    found = git_store.read_commit(call.repository.git, sha)
    assert found
    return created(work.git_commit(call.world, call.repository, found))


def tree(call: Call) -> Json:
    sha = git_store.resolve(call.repository.git, call.path["tree_sha"]) or call.path["tree_sha"]
    entries = git_store.read_tree(call.repository.git, sha, recursive="recursive" in call.query)
    if entries is None:
        raise not_found()
    return _tree(call, sha, entries)


def create_tree(call: Call) -> Answer:
    _filled(call.repository)
    base = str(call.body.get("base_tree") or "")
    if base and git_store.kind(call.repository.git, base) not in ("tree", "commit"):
        raise Refusal(404, "Not Found")
    entries = [_entry(call.repository, one) for one in call.body.get("tree", ())]
    try:
        sha = git_store.write_tree(call.repository.git, entries, base=base)
    except (KeyError, ValueError, OSError):
        raise Refusal(422, "tree.sha is not a valid SHA, or GitRPC::BadObjectState") from None
    found = git_store.read_tree(call.repository.git, sha, recursive=False)
    return created(_tree(call, sha, found or []))


def blob(call: Call) -> Json:
    sha = call.path["file_sha"]
    content = git_store.read_blob(call.repository.git, sha)
    if content is None:
        raise not_found()
    return {
        "sha": sha,
        "node_id": node("Blob", int(sha[:8], 16)),
        "size": len(content),
        "url": f"{repositories.api(call.world, call.repository)}/git/blobs/{sha}",
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }


def create_blob(call: Call) -> Answer:
    _filled(call.repository)
    sha = git_store.write_blob(call.repository.git, decoded(call.body.get("content"), call.body.get("encoding")))
    return created({"sha": sha, "url": f"{repositories.api(call.world, call.repository)}/git/blobs/{sha}"})


def decoded(content: object, encoding: object) -> bytes:
    """The bytes of a blob. Raises Refusal."""
    if not isinstance(content, str):
        raise Refusal(422, "Invalid request.\n\ncontent is missing")
    if encoding != "base64":
        return content.encode()
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Refusal(422, "content is not valid Base64") from None


def refuse_protected(call: Call, branch: str, *, status: int) -> None:
    """Raises Refusal for a branch that changes by pull request only."""
    if branch in call.repository.protected:
        raise Refusal(status, RULES)


def _allowed(call: Call, name: str) -> None:
    refuse_protected(call, name.removeprefix("refs/heads/"), status=422)


def _filled(repository: Repository) -> None:
    if not git_store.refs(repository.git):
        raise Refusal(409, "Git Repository is empty.")


def _ref(call: Call, *, missing: Refusal | None = None) -> tuple[str, str]:
    """Name and id of the reference of the path. Raises Refusal."""
    _filled(call.repository)
    name = f"refs/{call.path['ref']}"
    sha = git_store.refs(call.repository.git).get(name)
    if sha is None:
        raise missing or not_found()
    return name, sha


def _author(call: Call, given: Any) -> Author:
    if not given:
        return call.world.who(call.actor)
    date = dt.datetime.fromisoformat(given["date"]) if given.get("date") else call.world.clock.now()
    return Author(given["name"], given["email"], date)


def _entry(repository: Repository, given: Any) -> Entry:
    sha = given.get("sha")
    if "content" in given:
        sha = git_store.write_blob(repository.git, given["content"].encode())
    return Entry(given["path"], given.get("mode", "100644"), sha)


def _tree(call: Call, sha: str, entries: list[Entry]) -> Json:
    here = f"{repositories.api(call.world, call.repository)}/git"
    shown = []
    for one in entries:
        size = {"size": one.size} if one.type == "blob" else {}
        url = f"{here}/{one.type}s/{one.sha}"
        shown.append({"path": one.path, "mode": one.mode, "type": one.type, "sha": one.sha, "url": url, **size})
    return {"sha": sha, "url": f"{here}/trees/{sha}", "tree": shown, "truncated": False}


_PATH = "/repos/{owner}/{repo}/git"
ROUTES = (
    Route("GET", _PATH + "/ref/{ref:.+}", ref, Who.ANYBODY, "contents:read"),
    Route("POST", _PATH + "/refs", create_ref, permission="contents:write"),
    Route("PATCH", _PATH + "/refs/{ref:.+}", update_ref, permission="contents:write"),
    Route("DELETE", _PATH + "/refs/{ref:.+}", delete_ref, permission="contents:write"),
    Route("POST", _PATH + "/commits", create_commit, permission="contents:write"),
    Route("GET", _PATH + "/commits/{commit_sha}", commit, Who.ANYBODY, "contents:read"),
    Route("POST", _PATH + "/trees", create_tree, permission="contents:write"),
    Route("GET", _PATH + "/trees/{tree_sha}", tree, Who.ANYBODY, "contents:read"),
    Route("POST", _PATH + "/blobs", create_blob, permission="contents:write"),
    Route("GET", _PATH + "/blobs/{file_sha}", blob, Who.ANYBODY, "contents:read"),
)
