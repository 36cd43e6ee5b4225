"""Comments on pull requests of a repository (`owner/name`). Permission: pull_requests, write."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import Comment
from trimtab.github.paths import path


async def find_comment(github: GitHub, repo: str, number: int, *, marker: str) -> Comment | None:
    """The first whose text holds `marker`."""
    comments = await github.pages(path("repos", repo, "issues", number, "comments"), Comment)
    return next((one for one in comments if marker in one.body), None)


async def keep_comment(github: GitHub, repo: str, number: int, *, marker: str, body: str) -> Comment:
    """Have one comment with `marker`, which is in `body`, and have it say `body`: made, changed, or left as it is."""
    found = await find_comment(github, repo, number, marker=marker)
    if found is None:
        return await github.post(path("repos", repo, "issues", number, "comments"), Comment, body={"body": body})
    if found.body == body:
        return found
    return await github.patch(path("repos", repo, "issues", "comments", found.id), Comment, body={"body": body})
