"""Commit statuses of a repository (`owner/name`). Permission: statuses, write."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import Status
from trimtab.github.paths import path
from trimtab.text import one_line

DESCRIPTION = 140
"""Characters that GitHub takes."""


async def list_statuses(github: GitHub, repo: str, sha: str) -> list[Status]:
    """All of a commit, newest first: of each context the first counts."""
    return await github.pages(path("repos", repo, "commits", sha, "statuses"), Status)


async def find_status(github: GitHub, repo: str, sha: str, *, context: str) -> Status | None:
    """The one that counts of that context."""
    return next((one for one in await list_statuses(github, repo, sha) if one.context == context), None)


async def set_status(github: GitHub, repo: str, sha: str, *, status: Status) -> Status:
    """One more status of the commit; GitHub keeps a thousand for each context."""
    body = {"state": status.state, "context": status.context}
    if status.description:
        body["description"] = one_line(status.description, limit=DESCRIPTION)
    if status.target_url:
        body["target_url"] = status.target_url
    return await github.post(path("repos", repo, "statuses", sha), Status, body=body)
