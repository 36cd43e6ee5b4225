"""Files of a repository (`owner/name`), changed together in one commit. Permission: contents, write.

Nothing is committed when nothing differs, nothing is ever forced, and who pushed meanwhile is built upon.
"""

import hashlib
import posixpath
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.github.client import GitHub
from trimtab.github.errors import Conflict, Invalid, NotFound
from trimtab.github.nouns import GitCommit, GitObject, GitRef, PullRequest, Tree, TreeEntry
from trimtab.github.paths import path
from trimtab.github.pulls import open_pull

Files = Mapping[str, str | None]
"""Path from the repository's root → text; None deletes."""
PLAIN = "100644"
ATTEMPTS = 5


class Base(Struct, frozen=True):
    """What a commit is built on, and the files that it would change. `commit` is "" in an empty repository."""

    commit: str
    tree: str
    differing: Files
    modes: Mapping[str, str] = {}


class Proposal(Struct, frozen=True, kw_only=True):
    """A pull request that is wanted: `files` brought to `base` by `branch`."""

    base: str
    branch: str
    files: Files
    message: str
    title: str
    body: str


async def compare_files(github: GitHub, repo: str, *, branch: str, files: Files) -> Base:
    """What of `files` is not so on `branch`. Raises NotFound when there is no such branch."""
    try:
        tip = await github.get(path("repos", repo, "git", "ref", "heads", branch), GitRef)
    except Conflict:
        return Base("", "", {name: text for name, text in files.items() if text is not None})
    commit = await github.get(path("repos", repo, "git", "commits", tip.target.sha), GitCommit)
    found = await _find(github, repo, tree=commit.tree.sha, names=files)
    differing = {name: text for name, text in files.items() if not _is_so(found.get(name), text)}
    modes = {name: entry.mode for name, entry in found.items()}
    return Base(commit.sha, commit.tree.sha, differing, modes)


async def commit_files(github: GitHub, repo: str, *, branch: str, files: Files, message: str) -> str | None:
    """The new commit on `branch`, None when nothing differs.

    Raises NotFound when there is no such branch, Forbidden or Invalid where it is protected, Retry when others push all
    the time.
    """
    for _ in range(ATTEMPTS):
        base = await compare_files(github, repo, branch=branch, files=files)
        if not base.differing:
            return None
        if not base.commit:
            # GitHub makes no trees where there is no commit yet, but a first file.
            await _begin(github, repo, files=base.differing, message=message)
            continue
        commit = await _commit(github, repo, base=base, message=message)
        if await _advanced(github, repo, branch=branch, commit=commit):
            return commit
    raise Retry(f"{repo}: branch {branch} moves faster than a commit can be added; try again", reason="GitHubConflict")


async def propose_files(github: GitHub, repo: str, proposal: Proposal) -> PullRequest | None:
    """The pull request with the files, None when `base` has them already. Raises as `commit_files`."""
    base = await compare_files(github, repo, branch=proposal.base, files=proposal.files)
    if not base.differing:
        return None
    if not base.commit:
        raise Stalled(
            f"{repo} is empty, so that there is nothing to compare a pull request with; commit a README first",
            reason="GitHubEmpty",
        )
    await _on_branch(github, repo, proposal, base)
    return await open_pull(
        github, repo, head=proposal.branch, base=proposal.base, title=proposal.title, body=proposal.body
    )


async def _on_branch(github: GitHub, repo: str, proposal: Proposal, base: Base) -> None:
    """Have the files on the proposal's branch, whether or not it is there."""
    try:
        there = await compare_files(github, repo, branch=proposal.branch, files=proposal.files)
    except NotFound:
        commit = await _commit(github, repo, base=base, message=proposal.message)
        body = {"ref": f"refs/heads/{proposal.branch}", "sha": commit}
        await github.post(path("repos", repo, "git", "refs"), GitRef, body=body)
        return
    if there.differing:
        # One that was merged before is moved on; what somebody else has added to it stays.
        commit = await _commit(github, repo, base=base, message=proposal.message)
        if not await _advanced(github, repo, branch=proposal.branch, commit=commit):
            await commit_files(github, repo, branch=proposal.branch, files=proposal.files, message=proposal.message)


async def _begin(github: GitHub, repo: str, *, files: Files, message: str) -> None:
    name, text = next(iter(files.items()))
    body = {"message": message, "content": (text or "").encode()}
    await github.put(path("repos", repo, "contents", name), dict[str, Any], body=body)


async def _commit(github: GitHub, repo: str, *, base: Base, message: str) -> str:
    entries = [_entry(name, text, base.modes.get(name, PLAIN)) for name, text in base.differing.items()]
    tree = await github.post(
        path("repos", repo, "git", "trees"), GitObject, body={"base_tree": base.tree, "tree": entries}
    )
    body = {"message": message, "tree": tree.sha, "parents": [base.commit]}
    return (await github.post(path("repos", repo, "git", "commits"), GitCommit, body=body)).sha


async def _advanced(github: GitHub, repo: str, *, branch: str, commit: str) -> bool:
    """Whether the branch could be moved to the commit: not when somebody has pushed meanwhile."""
    try:
        reference = path("repos", repo, "git", "refs", "heads", branch)
        await github.patch(reference, GitRef, body={"sha": commit, "force": False})
    except Invalid as error:
        if "fast forward" in error.message.lower():
            return False
        raise
    return True


async def _find(github: GitHub, repo: str, *, tree: str, names: Files) -> dict[str, TreeEntry]:
    """The entries of those paths that exist, by walking down the folders that hold them."""
    folders: dict[str, dict[str, TreeEntry]] = {}
    found: dict[str, TreeEntry] = {}

    async def entries(folder: str) -> dict[str, TreeEntry]:
        if folder not in folders:
            folders[folder] = await load(folder)
        return folders[folder]

    async def load(folder: str) -> dict[str, TreeEntry]:
        sha: str | None = tree
        if folder:
            above = (await entries(posixpath.dirname(folder))).get(posixpath.basename(folder))
            sha = above.sha if above and above.type == "tree" else None
        if sha is None:
            return {}
        listed = await github.get(path("repos", repo, "git", "trees", sha), Tree)
        return {entry.path: entry for entry in listed.tree}

    for name in names:
        entry = (await entries(posixpath.dirname(name))).get(posixpath.basename(name))
        if entry and entry.type == "blob":
            found[name] = entry
    return found


def _is_so(entry: TreeEntry | None, text: str | None) -> bool:
    if entry is None or text is None:
        return entry is None and text is None
    return entry.sha == _blob_id(text.encode())


def _entry(name: str, text: str | None, mode: str) -> dict[str, Any]:
    content = {"sha": None} if text is None else {"content": text}
    return {"path": name, "mode": mode, "type": "blob", **content}


def _blob_id(content: bytes) -> str:
    """As Git names a file's content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
