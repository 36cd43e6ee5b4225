"""Comments on pull requests of a repository (`owner/name`). Permission: pull_requests, write."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import Comment
from trimtab.github.paths import path


async def find_comment(github: GitHub, repo: str, number: int, *, marker: str, author: str) -> Comment | None:
    """The first of `author` (`slug[bot]` for an App) whose text begins with `marker`: anybody can write a marker."""
    comments = await github.pages(path("repos", repo, "issues", number, "comments"), Comment)
    ours = (one for one in comments if one.user is not None and one.user.login == author)
    return next((one for one in ours if one.body.startswith(marker)), None)


async def write_comment(github: GitHub, repo: str, number: int, *, found: Comment | None, body: str) -> Comment:
    """Have a comment say `body`: `found`, changed or left as it is, or a new one."""
    if found is None:
        return await github.post(path("repos", repo, "issues", number, "comments"), Comment, body={"body": body})
    if found.body == body:
        return found
    return await github.patch(path("repos", repo, "issues", "comments", found.id), Comment, body={"body": body})
