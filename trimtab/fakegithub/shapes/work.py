"""Commits, pull requests, statuses, deployments and comments, as GitHub shows them."""

from typing import Any

import pygit2

from trimtab.clock import rfc3339
from trimtab.fakegithub import git_store
from trimtab.fakegithub.repository import Comment, Deployment, DeploymentStatus, Pull, Repository, Status
from trimtab.fakegithub.shapes.people import Json, account, node
from trimtab.fakegithub.shapes.repositories import api, repository
from trimtab.fakegithub.state import State

_ASKED = ["ref", "task", "payload", "environment", "description", "transient_environment", "production_environment"]
_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def signature(found: pygit2.Signature) -> Json:
    """Author or committer."""
    return {"name": found.name, "email": found.email, "date": rfc3339(git_store.when(found))}


def git_commit(state: State, within: Repository, found: pygit2.Commit) -> Json:
    """`git-commit`: as the Git database has it."""
    here, page = f"{api(state, within)}/git", f"{state.site.url}/{within.full_name}/commit"
    parents = [
        {"sha": str(one), "url": f"{here}/commits/{one}", "html_url": f"{page}/{one}"} for one in found.parent_ids
    ]
    return {
        "sha": str(found.id),
        "node_id": node("Commit", int(str(found.id)[:8], 16)),
        "url": f"{here}/commits/{found.id}",
        "html_url": f"{page}/{found.id}",
        "author": signature(found.author),
        "committer": signature(found.committer),
        "tree": {"sha": str(found.tree_id), "url": f"{here}/trees/{found.tree_id}"},
        "message": found.message,
        "parents": parents,
        "verification": _UNSIGNED,
    }


def commit(state: State, within: Repository, found: pygit2.Commit) -> Json:
    """`commit`: with who it was, on GitHub."""
    here = f"{api(state, within)}/commits/{found.id}"
    plain = git_commit(state, within, found)
    inner = {key: plain[key] for key in ("author", "committer", "message", "tree", "verification")}
    return {
        "sha": plain["sha"],
        "node_id": plain["node_id"],
        "url": here,
        "html_url": plain["html_url"],
        "comments_url": f"{here}/comments",
        "commit": {**inner, "url": plain["url"], "comment_count": 0},
        "author": None,
        "committer": None,
        "parents": plain["parents"],
    }


def reference(state: State, within: Repository, ref: str, sha: str) -> Json:
    """`git-ref`."""
    here = f"{api(state, within)}/git"
    kind = git_store.kind(within.git, sha)
    return {
        "ref": ref,
        "node_id": node("Ref", int(sha[:8], 16)),
        "url": f"{here}/{ref}",
        "object": {"type": kind, "sha": sha, "url": f"{here}/{kind}s/{sha}"},
    }


def pull_simple(state: State, within: Repository, found: Pull) -> Json:
    """`pull-request-simple`, as it is in lists."""
    here = f"{api(state, within)}/pulls/{found.number}"
    page = f"{state.site.url}/{within.full_name}/pull/{found.number}"
    issue = f"{api(state, within)}/issues/{found.number}"
    urls = {
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{here}/comments",
        "review_comment": f"{api(state, within)}/pulls/comments{{/number}}",
        "commits": f"{here}/commits",
        "statuses": f"{api(state, within)}/statuses/{found.head_sha}",
    }
    merged = found.merge_commit and found.closed_at
    return {
        "url": here,
        "id": found.id,
        "node_id": node("PullRequest", found.id),
        **{f"{name}_url": url for name, url in urls.items()},
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "number": found.number,
        "state": found.state,
        "locked": False,
        "title": found.title,
        "user": account(state, found.user),
        "body": found.body,
        "labels": [],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.closed_at or found.created_at),
        "closed_at": rfc3339(found.closed_at) if found.closed_at else None,
        "merged_at": rfc3339(found.closed_at) if merged and found.closed_at else None,
        "merge_commit_sha": found.merge_commit or None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(state, within, found.head, found.head_sha),
        "base": _end(state, within, found.base, found.base_sha),
        "_links": {name: {"href": url} for name, url in {"self": here, **urls}.items()},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": found.draft,
    }


def pull(state: State, within: Repository, found: Pull) -> Json:
    """`pull-request`, alone and in events."""
    commits = git_store.log(within.git, new=found.head_sha, old=found.base_sha)
    files = {name for one in commits for names in git_store.changed(one).values() for name in names}
    return {
        **pull_simple(state, within, found),
        "merged": bool(found.merge_commit),
        "mergeable": None if found.merge_commit else True,
        "rebaseable": None,
        "mergeable_state": "unknown" if found.merge_commit else "clean",
        "merged_by": account(state, found.merged_by) if found.merged_by else None,
        "comments": sum(one.number == found.number for one in within.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(commits),
        "additions": len(files),
        "deletions": 0,
        "changed_files": len(files),
    }


def _end(state: State, within: Repository, branch: str, sha: str) -> Json:
    return {
        "label": f"{within.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": account(state, within.owner),
        "repo": repository(state, within),
    }


def comment(state: State, within: Repository, found: Comment) -> Json:
    """`issue-comment`."""
    here = f"{api(state, within)}/issues"
    page = f"{state.site.url}/{within.full_name}/pull/{found.number}"
    return {
        "id": found.id,
        "node_id": node("IssueComment", found.id),
        "url": f"{here}/comments/{found.id}",
        "html_url": f"{page}#issuecomment-{found.id}",
        "body": found.body,
        "user": account(state, found.user),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.updated_at),
        "issue_url": f"{here}/{found.number}",
        "author_association": "MEMBER",
    }


def status_simple(state: State, within: Repository, found: Status) -> Json:
    """`simple-commit-status`."""
    return {
        "url": f"{api(state, within)}/statuses/{found.sha}",
        "avatar_url": account(state, found.user)["avatar_url"],
        "id": found.id,
        "node_id": node("StatusContext", found.id),
        "state": found.state,
        "description": found.description,
        "target_url": found.target_url,
        "context": found.context,
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
    }


def status(state: State, within: Repository, found: Status) -> Json:
    """`status`."""
    return {**status_simple(state, within, found), "creator": account(state, found.user)}


def deployment(state: State, within: Repository, found: Deployment) -> Json:
    """`deployment`."""
    here = f"{api(state, within)}/deployments/{found.id}"
    shown: dict[str, Any] = {key: found.asked[key] for key in _ASKED}
    return {
        **shown,
        "url": here,
        "id": found.id,
        "node_id": node("Deployment", found.id),
        "sha": found.sha,
        "original_environment": found.asked["environment"],
        "creator": account(state, found.user),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
        "statuses_url": f"{here}/statuses",
        "repository_url": api(state, within),
    }


def deployment_status(state: State, within: Repository, of: Deployment, found: DeploymentStatus) -> Json:
    """`deployment-status`."""
    here = f"{api(state, within)}/deployments/{of.id}"
    return {
        **found.asked,
        "url": f"{here}/statuses/{found.id}",
        "id": found.id,
        "node_id": node("DeploymentStatus", found.id),
        "creator": account(state, found.user),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
        "deployment_url": here,
        "repository_url": api(state, within),
    }
