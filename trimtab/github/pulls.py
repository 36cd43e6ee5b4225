"""Pull requests of a repository (`owner/name`). Permission: pull_requests, read to list, write to open."""

from trimtab.github.client import GitHub
from trimtab.github.errors import Invalid
from trimtab.github.nouns import PullRequest
from trimtab.github.paths import path


async def find_open_pull(github: GitHub, repo: str, *, head: str, base: str) -> PullRequest | None:
    """The open one that brings branch `head` of the repository itself to `base`."""
    owner = repo.partition("/")[0]
    query = {"head": f"{owner}:{head}", "base": base, "state": "open"}
    found = await github.get(path("repos", repo, "pulls"), list[PullRequest], query=query)
    return found[0] if found else None


async def open_pull(github: GitHub, repo: str, *, head: str, base: str, title: str, body: str) -> PullRequest:
    """The one that is open already, or a new one."""
    if found := await find_open_pull(github, repo, head=head, base=base):
        return found
    asked = {"head": head, "base": base, "title": title, "body": body}
    try:
        return await github.post(path("repos", repo, "pulls"), PullRequest, body=asked)
    except Invalid:
        # Somebody else was quicker, or it is not valid indeed.
        if found := await find_open_pull(github, repo, head=head, base=base):
            return found
        raise


async def pulls_of_commit(github: GitHub, repo: str, sha: str) -> list[PullRequest]:
    """Those that brought the commit, or have it."""
    return await github.get(path("repos", repo, "commits", sha, "pulls"), list[PullRequest])
