"""Repositories themselves."""

from trimtab.fakegithub import git_store
from trimtab.fakegithub.api.call import Call, Route, Who
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.credentials import Kind
from trimtab.fakegithub.rights import may, role
from trimtab.fakegithub.shapes import repositories, work
from trimtab.fakegithub.shapes.people import Json


def repository(call: Call) -> Json:
    token = call.caller.token
    shown = role(call.world, token, call.repository)
    if token is not None and token.kind is Kind.INSTALLATION:
        shown = "push" if may(call.world, token, call.repository, permission="contents", level="write") else "pull"
    return repositories.repository_full(call.world, call.repository, shown)


def branch(call: Call) -> Json:
    name, found = call.path["branch"], call.repository
    sha = git_store.refs(found.git).get(f"refs/heads/{name}")
    commit = git_store.read_commit(found.git, sha) if sha else None
    if commit is None:
        raise Refusal(404, "Branch not found")
    here, page = f"{repositories.api(call.world, found)}/branches/{name}", f"{call.world.site.url}/{found.full_name}"
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    return {
        "name": name,
        "commit": work.commit(call.world, found, commit),
        "_links": {"self": here, "html": f"{page}/tree/{name}"},
        "protected": name in found.protected,
        "protection": {"enabled": False, "required_status_checks": checks},
        "protection_url": f"{here}/protection",
    }


def commit(call: Call) -> Json:
    sha = git_store.resolve(call.repository.git, call.path["ref"])
    found = git_store.read_commit(call.repository.git, sha) if sha else None
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {call.path['ref']}")
    return work.commit(call.world, call.repository, found)


def pulls_of_commit(call: Call) -> list[Json]:
    """Those that brought the commit in; while it is in none of them, those that are to."""
    found, sha = call.repository, git_store.resolve(call.repository.git, call.path["commit_sha"])
    if sha is None:
        raise not_found()
    shown = [
        one
        for one in found.pulls
        if sha == one.merge_commit
        or (git_store.descends(found.git, one.head_sha, sha) and not git_store.descends(found.git, one.base_sha, sha))
    ]
    return [work.pull_simple(call.world, found, one) for one in shown]


ROUTES = (
    Route("GET", "/repos/{owner}/{repo}", repository, Who.ANYBODY, "metadata:read"),
    Route("GET", "/repos/{owner}/{repo}/branches/{branch:.+}", branch, Who.ANYBODY, "contents:read"),
    Route(
        "GET", "/repos/{owner}/{repo}/commits/{commit_sha:.+}/pulls", pulls_of_commit, permission="pull_requests:read"
    ),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref:.+}", commit, Who.ANYBODY, "contents:read"),
)
