"""Files of a repository, one by one. https://docs.github.com/rest/repos/contents"""

import base64
from typing import Any

from trimtab.fakegithub import git_store
from trimtab.fakegithub.api.call import Answer, Call, Route, Who
from trimtab.fakegithub.api.git import decoded, move_ref, refuse_protected
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.git_store import Entry
from trimtab.fakegithub.shapes import repositories, work
from trimtab.fakegithub.shapes.people import Json


def contents(call: Call) -> Any:
    """A file with its content, or the list of a folder."""
    found, name = call.repository, call.path["path"].strip("/")
    wanted = call.query.get("ref") or found.default_branch
    commit = git_store.resolve(found.git, wanted)
    if commit is None and not git_store.refs(found.git):
        raise Refusal(404, "This repository is empty.")
    if commit is None:
        raise Refusal(404, f"No commit found for the ref {wanted}")
    entry = git_store.find(found.git, commit, name)
    if entry is None or entry.sha is None:
        raise not_found()
    if entry.type == "tree":
        inside = git_store.read_tree(found.git, entry.sha, recursive=False) or []
        return [_item(call, f"{name}/{one.path}".lstrip("/"), one, wanted) for one in inside]
    return _file(call, name, entry, wanted)


def put(call: Call) -> Answer:
    """One file, in a commit of its own."""
    found, name = call.repository, call.path["path"].strip("/")
    branch = str(call.body.get("branch") or found.default_branch)
    content = decoded(call.body.get("content"), "base64")
    refs = git_store.refs(found.git)
    parent = refs.get(f"refs/heads/{branch}")
    if refs and parent is None:
        raise Refusal(404, f"Branch {branch} not found")
    refuse_protected(call, branch, status=409)
    before = git_store.find(found.git, parent, name) if parent else None
    if before is not None and not call.body.get("sha"):
        raise Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if call.body.get("sha") and (before is None or before.sha != call.body["sha"]):
        raise Refusal(409, f"{name} does not match {call.body['sha']}")
    base = git_store.find(found.git, parent, "") if parent else None
    entry = Entry(name, "100644", git_store.write_blob(found.git, content), size=len(content))
    tree = git_store.write_tree(found.git, [entry], base=base.sha or "" if base else "")
    who, parents = call.world.who(call.actor), [parent] if parent else []
    message = str(call.body.get("message", ""))
    sha = git_store.write_commit(found.git, tree=tree, parents=parents, message=message, author=who, committer=who)
    move_ref(call, f"refs/heads/{branch}", sha)
    commit = git_store.read_commit(found.git, sha)
    assert commit
    body = {"content": _file(call, name, entry, branch), "commit": work.git_commit(call.world, found, commit)}
    return Answer(body, 200 if before else 201)


def _item(call: Call, name: str, entry: Entry, ref: str) -> Json:
    found = call.repository
    here = f"{repositories.api(call.world, found)}/contents/{name}?ref={ref}"
    kind = "dir" if entry.type == "tree" else "file"
    git = f"{repositories.api(call.world, found)}/git/{entry.type}s/{entry.sha}"
    html = f"{call.world.site.url}/{found.full_name}/{entry.type}/{ref}/{name}"
    raw = f"{call.world.site.url}/{found.full_name}/raw/{ref}/{name}"
    return {
        "name": name.rpartition("/")[2],
        "path": name,
        "sha": entry.sha,
        "size": entry.size,
        "type": kind,
        "url": here,
        "git_url": git,
        "html_url": html,
        "download_url": raw if kind == "file" else None,
        "_links": {"self": here, "git": git, "html": html},
    }


def _file(call: Call, name: str, entry: Entry, ref: str) -> Json:
    content = git_store.read_blob(call.repository.git, entry.sha or "") or b""
    text = base64.encodebytes(content).decode()
    return {**_item(call, name, entry, ref), "content": text, "encoding": "base64"}


_PATH = "/repos/{owner}/{repo}/contents/{path:.*}"
ROUTES = (
    Route("GET", _PATH, contents, Who.ANYBODY, "contents:read"),
    Route("PUT", _PATH, put, permission="contents:write"),
)
